"""Recording modes beside those of trunks and people: one row (MODE-1)."""

from django.db import models

from .mode_choices import modes
from .versioned import VersionedRow


class RecordingModes(VersionedRow):
    """The mode of calls to the recording pilot, and of groups; how live keep and pauses go."""

    of_pilot = models.CharField(max_length=16, blank=True, choices=modes)  # empty: as the trunk
    keep_within_s = models.PositiveIntegerField(default=120)  # after the end of a call
    keeps_unmarked = models.BooleanField(default=False)
    # In minutes; null: as each node's configuration says; 0: never.
    pause_alarm_min = models.PositiveIntegerField(null=True, blank=True)
    pause_resume_min = models.PositiveIntegerField(null=True, blank=True)
    by_group = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return "recording modes"

    @classmethod
    def load(cls) -> "RecordingModes":
        """Return the row; before it was saved first, an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)
