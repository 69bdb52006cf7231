"""What the form of pilot numbers says of how dial-in calls are led by keys, and ended."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.policy.dial_in_rules import (
    LONGEST_SILENCE_S,
    LONGEST_WITHOUT_SPEECH_MIN,
    SHORTEST_SILENCE_S,
)
from callvault.policy.keypad import LONGEST_CODE, Command, problems_of

CODES = tuple(f"key_{one.value}" for one in Command)
KEYS = ("keys_on", *CODES)
ENDS = ("end_silence_s", "end_without_speech_min")

LABELS: dict[str, Any] = {
    "keys_on": gettext_lazy("Keys lead the recording"),
    "key_start": gettext_lazy("Start"),
    "key_stop": gettext_lazy("Stop"),
    "key_pause": gettext_lazy("Pause"),
    "key_resume": gettext_lazy("Resume"),
    "key_keep": gettext_lazy("Keep"),
    "key_drop": gettext_lazy("Do not keep"),
}
HELP_TEXTS: dict[str, Any] = {
    "keys_on": gettext_lazy(
        "Whoever presses these keys in a call to a dial-in number leads its recording, as its "
        "owner may. Tones answer: one, it is recorded; two, it is not; three, that cannot be done."
    ),
    "key_start": gettext_lazy("On demand: calling starts it; the key starts it again."),
    "key_stop": gettext_lazy("On demand: nothing more is recorded."),
    "key_pause": gettext_lazy("Nothing is kept, nor are keys that are pressed in the pause."),
    "key_keep": gettext_lazy("Live keep: calling keeps it; the key keeps what was dropped."),
    "key_drop": gettext_lazy("Live keep: the recording is destroyed after the call."),
}


class EndingFields(forms.Form):
    """When a call ends by itself."""

    end_silence_s = forms.IntegerField(
        required=False,
        max_value=LONGEST_SILENCE_S,
        label=gettext_lazy("End after seconds without audio"),
        help_text=gettext_lazy(
            "Such as 30: nothing comes any more from a bridge that all have left. Empty: as long "
            "as for other calls."
        ),
    )
    end_without_speech_min = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST_WITHOUT_SPEECH_MIN,
        label=gettext_lazy("End after minutes without speech"),
        help_text=gettext_lazy(
            "Audio comes, and nobody speaks: known in unencrypted telephone quality (G.711) "
            "alone. Empty: never."
        ),
    )

    def clean_end_silence_s(self) -> int:
        """Take none, or so long that no packet that is late ends a call."""
        seconds = int(self.cleaned_data.get("end_silence_s") or 0)
        if seconds and seconds < SHORTEST_SILENCE_S:
            told = _("At least %(least)s seconds, or empty.")
            raise forms.ValidationError(told % {"least": SHORTEST_SILENCE_S})
        return seconds

    def clean_end_without_speech_min(self) -> int:
        """Take none as 0."""
        return int(self.cleaned_data.get("end_without_speech_min") or 0)


def refuse_codes(form: forms.BaseForm) -> None:
    """Say of each code that cannot be heard, or not be told from another, what is wrong."""
    codes = {name: str(form.cleaned_data.get(name) or "") for name in CODES}
    for name, problem in problems_of(codes).items():
        if problem == "form":
            most = LONGEST_CODE - 1
            told = _("A * or #, and one to %(most)s digits behind it; or empty.") % {"most": most}
        else:
            told = _("Another command has this code, or one that begins as it does.")
        form.add_error(name, told)
