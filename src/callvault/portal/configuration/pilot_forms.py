"""The form of pilot numbers."""

import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.policy.pilots import plain
from callvault.policy.prompts import LONGEST_BEEP_S, SHORTEST_BEEP_S, Announcement

from .dial_in_fields import (
    CODES,
    ENDS,
    HELP_TEXTS,
    KEYS,
    LABELS,
    EndingFields,
    refuse_codes,
)
from .line_fields import LinesField
from .models import PilotNumbers, PromptSound, SoundKind
from .pilot_claims import problems_of
from .policy_parts import pilots_of

if TYPE_CHECKING:
    PilotModelForm = forms.ModelForm[PilotNumbers]
else:  # not generic at run time
    PilotModelForm = forms.ModelForm

PROMPTS = ("announcement", "beep_every_s")
PREFIXES = ("recording_prefix", "live_keep_prefix", "automated_prefix")
MOST_DIAL_IN = 50
SAID = (
    ("", gettext_lazy("None")),
    ("en", gettext_lazy("English: “This call is being recorded.”")),
    ("it", gettext_lazy("Italian: “Questa chiamata viene registrata.”")),
    ("fr", gettext_lazy("French: “Cet appel est enregistré.”")),
)
_PILOT = re.compile(r"\+?[0-9*#]{2,23}")
_BLOCK = re.compile(r"[Xx]+\Z")


def parse_numbers(text: str) -> list[str]:
    """Read whole numbers, one a line, each once. Raises ValidationError with the wrong line."""
    numbers: dict[str, None] = {}
    for line, written in enumerate(text.splitlines(), start=1):
        if not written.strip():
            continue
        number = plain(written)
        if not _PILOT.fullmatch(number):
            told = _("Line %(line)s: “%(text)s”: 2 to 23 digits, * or #, with a + before them.")
            raise forms.ValidationError(told % {"line": line, "text": written.strip()[:64]})
        numbers[number] = None
    if len(numbers) > MOST_DIAL_IN:
        raise forms.ValidationError(_("At most %(most)s numbers.") % {"most": MOST_DIAL_IN})
    return list(numbers)


class PilotForm(PilotModelForm, EndingFields):
    """The prefixes and the dial-in numbers, which must be unused, and how dial-in calls go."""

    dial_in = LinesField(
        parse=parse_numbers,
        required=False,
        label=gettext_lazy("Dial-in numbers"),
        help_text=gettext_lazy(
            "Whole numbers, one a line, that a user calls or takes into a conference, such as 8600."
        ),
    )
    announcement = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Announcement"),
        choices=SAID,
        help_text=gettext_lazy("Said once, as soon as the call is answered."),
    )
    beep_every_s = forms.IntegerField(
        required=False,
        max_value=LONGEST_BEEP_S,
        label=gettext_lazy("Seconds between tones"),
        help_text=gettext_lazy("A short tone as the call goes on, such as each 15 s; empty: none."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """All of them, in the order of the page."""

        model = PilotNumbers
        fields = (*PREFIXES, "dial_in", *PROMPTS, *KEYS, *ENDS)
        labels: ClassVar[dict[str, Any]] = {
            "recording_prefix": gettext_lazy("Recording pilot (prefix)"),
            "live_keep_prefix": gettext_lazy("Live-keep pilot (prefix)"),
            "automated_prefix": gettext_lazy("Automated dial-in pilot (prefix)"),
            **LABELS,
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "recording_prefix": gettext_lazy(
                "Such as 8400. The phone system dials it with a numeric ID behind it."
            ),
            "live_keep_prefix": gettext_lazy(
                "Such as 8500. Called to keep the recording of the call in progress."
            ),
            "automated_prefix": gettext_lazy(
                "Such as 9000: with four digits behind it, a block of 10,000 numbers."
            ),
            **HELP_TEXTS,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Remember the version that is being edited."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        if PromptSound.objects.filter(kind=SoundKind.ANNOUNCEMENT, is_draft=False).exists():
            said = cast("forms.ChoiceField", self.fields["announcement"])
            said.choices = [*SAID, (Announcement.OWN.value, _("Own sound"))]
        for name in ("beep_every_s", *ENDS):
            self.initial[name] = self.initial.get(name) or None
        for name in (*PREFIXES, *CODES):
            self.fields[name].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}

    def clean_recording_prefix(self) -> str:
        """Take nothing, or what can be dialled."""
        return self._number("recording_prefix")

    def clean_live_keep_prefix(self) -> str:
        """Take nothing, or what can be dialled."""
        return self._number("live_keep_prefix")

    def clean_automated_prefix(self) -> str:
        """Take what can be dialled, also with the block behind it, as in 9000XXXX."""
        return self._number("automated_prefix", ignore=_BLOCK)

    def clean_beep_every_s(self) -> int:
        """Take none, or a time in which there is room for what is said."""
        seconds = int(self.cleaned_data.get("beep_every_s") or 0)
        if seconds and seconds < SHORTEST_BEEP_S:
            told = _("At least %(least)s seconds, or empty.")
            raise forms.ValidationError(told % {"least": SHORTEST_BEEP_S})
        return seconds

    def clean(self) -> dict[str, Any]:
        """Refuse what overlaps anything, once each field is a number."""
        cleaned = super().clean() or {}
        refuse_codes(self)
        if not self.errors:
            self.refuse_used()
        return cleaned

    def refuse_used(self) -> bool:
        """Say of each field what uses its number; whether anything does."""
        values = {name: self.cleaned_data.get(name) or "" for name in PREFIXES}
        row = PilotNumbers(**values, dial_in=self.cleaned_data.get("dial_in") or [])
        problems = problems_of(pilots_of(row))
        for field, texts in problems.items():
            for text in texts:
                self.add_error(field, text)
        return bool(problems)

    def _number(self, name: str, *, ignore: re.Pattern[str] | None = None) -> str:
        typed = str(self.cleaned_data.get(name) or "").strip()
        number = plain(ignore.sub("", typed) if ignore is not None else typed)
        if number and not _PILOT.fullmatch(number):
            raise forms.ValidationError(_("2 to 23 digits, * or #, with a + before them."))
        return number
