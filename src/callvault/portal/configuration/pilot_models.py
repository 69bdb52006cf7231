"""Pilot numbers: those under which the recorder itself is called (IDENT-2 to 5, MODE-4, CAP-3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.policy.prompts import Announcement, OwnSound

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
    keys_on = models.BooleanField(_("keys lead dial-in calls"), default=False)
    key_start = models.CharField(_("key to start"), max_length=6, blank=True, default="*1")
    key_stop = models.CharField(_("key to stop"), max_length=6, blank=True, default="*2")
    key_pause = models.CharField(_("key to pause"), max_length=6, blank=True, default="*3")
    key_resume = models.CharField(_("key to resume"), max_length=6, blank=True, default="*4")
    key_keep = models.CharField(_("key to keep"), max_length=6, blank=True, default="*5")
    key_drop = models.CharField(_("key to drop"), max_length=6, blank=True, default="*6")
    end_silence_s = models.PositiveSmallIntegerField(_("seconds without audio"), default=0)
    end_without_speech_min = models.PositiveSmallIntegerField(
        _("minutes without speech"), default=0
    )
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    def __str__(self) -> str:
        return "pilot numbers"

    @classmethod
    def load(cls) -> "PilotNumbers":
        """Return the row; before it was saved first, an unsaved one without any number."""
        return cls.objects.first() or cls(version=0)


class SoundKind(models.TextChoices):
    """What an own sound is said instead of."""

    ANNOUNCEMENT = "announcement", _("Announcement")
    BEEP = "beep", _("Tone")


class PromptSound(models.Model):
    """A sound that an administrator brought: in use, or a draft to be listened to first."""

    kind = models.CharField(_("kind"), max_length=16, choices=SoundKind.choices)
    is_draft = models.BooleanField(_("draft"), default=True)
    file_name = models.CharField(_("file name"), max_length=100)
    ulaw = models.BinaryField(_("sound in µ-law"))
    alaw = models.BinaryField(_("sound in A-law"))

    class Meta:
        """One in use and one draft of each kind."""

        constraints = (
            models.UniqueConstraint(fields=["kind", "is_draft"], name="prompt_sound_once"),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.file_name}"

    @property
    def length_ms(self) -> int:
        """How long it is: a byte a sample, 8 kHz."""
        return len(self.ulaw) // 8

    @property
    def sound(self) -> OwnSound:
        """The sound as recorders have it."""
        return OwnSound(bytes(self.ulaw), bytes(self.alaw))
