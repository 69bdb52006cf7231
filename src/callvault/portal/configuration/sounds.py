"""Own sounds of dial-in calls: brought as a draft, listened to, used, and given up again (CAP-3).

Whatever is in use is part of the pilot numbers' settings: it raises their version and the policy's
revision, and recorders have it with the rest of the policy.
"""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.audio.prompt_files import LARGEST_BYTES, SoundRefused, read_prompt
from callvault.policy.prompts import (
    LONGEST_ANNOUNCEMENT_S,
    LONGEST_TONE_S,
    SHORTEST_SOUND_S,
    Announcement,
    OwnSound,
    OwnSounds,
)
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .models import PilotNumbers, PolicyRevision, PromptSound, SoundKind
from .pilot_saving import KIND

LONGEST_S = {SoundKind.ANNOUNCEMENT: LONGEST_ANNOUNCEMENT_S, SoundKind.BEEP: LONGEST_TONE_S}


class SoundForm(forms.Form):
    """A WAV file."""

    file = forms.FileField(
        label=gettext_lazy("WAV file"),
        help_text=gettext_lazy("PCM, 16 bits, mono, 8 or 16 kHz."),
        widget=forms.FileInput(attrs={"accept": ".wav,audio/wav,audio/x-wav"}),
    )

    def __init__(self, *args: Any, kind: SoundKind, **kwargs: Any) -> None:
        """Ask for a sound of this kind."""
        super().__init__(*args, **{"auto_id": f"id_{kind.value}_%s", **kwargs})
        self.kind = kind

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read; make packets of the rest in `sound`."""
        file, longest_s = self.cleaned_data["file"], LONGEST_S[self.kind]
        try:
            if (file.size or 0) > LARGEST_BYTES:
                raise SoundRefused("too_large")
            self.sound = read_prompt(file.read(), shortest_s=SHORTEST_SOUND_S, longest_s=longest_s)
        except SoundRefused as refused:
            raise forms.ValidationError(_why(refused, longest_s)) from None
        return file


def _why(refused: SoundRefused, longest_s: int) -> str:
    return {
        "too_large": _("The file is larger than 1 MB."),
        "no_wav": _("This is no WAV file of PCM."),
        "form": _("It must be PCM of 16 bits, mono, with 8 or 16 kHz."),
        "too_short": _("There is hardly anything in it."),
        "too_long": _("It is longer than %(most)s seconds.") % {"most": longest_s},
        "silent": _("It is silent, or nearly so."),
    }[refused.reason]


def own_sounds() -> OwnSounds:
    """Return the sounds in use, for recorders."""
    rows = {row.kind: row.sound for row in PromptSound.objects.filter(is_draft=False)}
    return OwnSounds(
        rows.get(SoundKind.ANNOUNCEMENT, OwnSound()), rows.get(SoundKind.BEEP, OwnSound())
    )


@transaction.atomic
def keep_draft(form: SoundForm) -> None:
    """Keep what was brought, to be listened to; it takes the place of another draft."""
    name = str(form.cleaned_data["file"].name or "")[:100]
    values = {"file_name": name, "ulaw": form.sound.ulaw, "alaw": form.sound.alaw}
    PromptSound.objects.update_or_create(kind=form.kind, is_draft=True, defaults=values)


def drop_draft(kind: SoundKind) -> None:
    """Forget a draft."""
    PromptSound.objects.filter(kind=kind, is_draft=True).delete()


@transaction.atomic
def use_draft(request: HttpRequest, kind: SoundKind) -> bool:
    """Have recorders say the draft from now on; False: somebody took it away meanwhile."""
    PolicyRevision.bump()  # first: whoever else saves waits here
    draft = PromptSound.objects.select_for_update().filter(kind=kind, is_draft=True).first()
    if draft is None:
        return False
    before = PromptSound.objects.filter(kind=kind, is_draft=False).first()
    if before is not None:
        before.delete()
    draft.is_draft = False
    draft.save()
    announcement = Announcement.OWN if kind is SoundKind.ANNOUNCEMENT else None
    _changed(request, kind, _name_of(before), _name_of(draft), announcement)
    return True


@transaction.atomic
def give_up(request: HttpRequest, kind: SoundKind) -> bool:
    """Go back to what recorders come with; False: somebody did so before.

    An own announcement becomes the English one, not none: it may be owed by law.
    """
    PolicyRevision.bump()
    used = PromptSound.objects.select_for_update().filter(kind=kind, is_draft=False).first()
    if used is None:
        return False
    used.delete()
    was_said = PilotNumbers.load().announcement == Announcement.OWN
    is_announcement = kind is SoundKind.ANNOUNCEMENT and was_said
    _changed(request, kind, _name_of(used), "", Announcement.ENGLISH if is_announcement else None)
    return True


def _name_of(sound: PromptSound | None) -> str:
    return f"{sound.file_name} ({sound.length_ms / 1000:.1f} s)" if sound is not None else ""


def _changed(
    request: HttpRequest, kind: SoundKind, old: str, new: str, announcement: Announcement | None
) -> None:
    """Raise the version of the settings, and write down what was said and what is."""
    row = PilotNumbers.objects.select_for_update().first() or PilotNumbers(version=0)
    row.version += 1
    before, after = {f"{kind.value}_sound": old}, {f"{kind.value}_sound": new}
    if announcement is not None and row.announcement != announcement:
        before["announcement"], after["announcement"] = row.announcement, announcement.value
        row.announcement = announcement.value
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, version=row.version, fields=sorted(after),
        old=before, new=after,
    )  # fmt: skip
    row.save()
