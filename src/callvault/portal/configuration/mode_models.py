"""Recording modes beside those of trunks and people: one row (MODE-1)."""

from django.db import models


class RecordingModes(models.Model):
    """The modes of recording groups: by the name of the group, as its people have it."""

    by_group = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    def __str__(self) -> str:
        return "recording modes"

    @classmethod
    def load(cls) -> "RecordingModes":
        """Return the row; before it was saved first, an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)
