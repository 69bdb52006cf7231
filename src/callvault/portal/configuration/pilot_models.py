"""Pilot numbers: those under which the recorder itself is called (IDENT-2 to 5, MODE-4, CAP-3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.policy.prompts import Announcement

ANNOUNCED = [one.value for one in Announcement if one]


class PilotNumbers(models.Model):
    """The pilot numbers of this system: one row."""

    recording_prefix = models.CharField(_("recording pilot"), max_length=24, blank=True)
    live_keep_prefix = models.CharField(_("live-keep pilot"), max_length=24, blank=True)
    automated_prefix = models.CharField(_("automated dial-in pilot"), max_length=24, blank=True)
    dial_in = models.JSONField(_("dial-in numbers"), default=list, blank=True)  # whole numbers
    announcement = models.CharField(
        _("announcement"), max_length=8, blank=True, choices=[(one, one) for one in ANNOUNCED]
    )
    beep_every_s = models.PositiveSmallIntegerField(_("seconds between tones"), default=0)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    def __str__(self) -> str:
        return "pilot numbers"

    @classmethod
    def load(cls) -> "PilotNumbers":
        """Return the row; before it was saved first, an unsaved one without any number."""
        return cls.objects.first() or cls(version=0)
