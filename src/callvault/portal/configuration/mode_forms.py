"""The form of recording modes: a choice for each recording group."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from callvault.portal.people.models import User

from .mode_choices import modes
from .mode_models import RecordingModes

LONGEST_S = 3600
LONGEST_PAUSE_MIN = 1440
_ROW = ("of_pilot", "keep_within_s", "keeps_unmarked", "pause_alarm_min", "pause_resume_min")
MOST_GROUPS = 500
"""A page with more would not be read; those that have a mode are all shown."""


class ModesForm(forms.Form):
    """What is set for groups. Each has a field of its own, `group-0` and so on."""

    of_pilot = forms.ChoiceField(
        label=gettext_lazy("Calls to the recording pilot"),
        required=False,
        help_text=gettext_lazy(
            "Calls that the phone system sends to the pilot with an ID behind it."
        ),
    )
    keep_within_s = forms.IntegerField(
        label=gettext_lazy("Marks are taken for so long after a call"),
        min_value=0,
        max_value=LONGEST_S,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy(
            "In seconds, at most an hour. Until then its audio waits, encrypted."
        ),
    )
    keeps_unmarked = forms.TypedChoiceField(
        label=gettext_lazy("A call that nobody marks"),
        choices=[
            ("no", gettext_lazy("is destroyed: keep only what is marked")),
            ("yes", gettext_lazy("is kept: destroy only what is dropped")),
        ],
        coerce=lambda chosen: chosen == "yes",
    )
    pause_alarm_min = forms.IntegerField(
        label=gettext_lazy("Minutes until a pause counts as forgotten"),
        required=False,
        min_value=0,
        max_value=LONGEST_PAUSE_MIN,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy(
            "Then the node reports it, once a call. 0: never. Empty: as each node is configured."
        ),
    )
    pause_resume_min = forms.IntegerField(
        label=gettext_lazy("Minutes until a recording resumes by itself"),
        required=False,
        min_value=0,
        max_value=LONGEST_PAUSE_MIN,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy("0: it stays paused. Empty: as each node is configured."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: RecordingModes, **kwargs: Any) -> None:
        """Make a field for each group that people are in, or that has a mode already."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = row.version
        self.groups = dict(enumerate(_groups(row)))
        as_trunk = gettext_lazy("As the trunk says")
        of_pilot: Any = self.fields["of_pilot"]
        of_pilot.choices = [("", as_trunk), *modes()]
        self.initial["of_pilot"] = row.of_pilot
        for name in ("keep_within_s", "pause_alarm_min", "pause_resume_min"):
            self.initial[name] = getattr(row, name)
        self.initial["keeps_unmarked"] = "yes" if row.keeps_unmarked else "no"
        for number, name in self.groups.items():
            self.fields[f"group-{number}"] = forms.ChoiceField(
                label=name,
                required=False,
                choices=[("", gettext_lazy("As the pilot or the trunk says")), *modes()],
            )
            self.initial[f"group-{number}"] = row.by_group.get(name, "")

    @property
    def group_fields(self) -> list[forms.BoundField]:
        """The fields of the groups, by name."""
        return [self[f"group-{number}"] for number in self.groups]

    def fill(self, row: RecordingModes) -> None:
        """Put into the row what was chosen; call after `is_valid`. What has no field stays."""
        for name in _ROW:
            setattr(row, name, self.cleaned_data[name])
        chosen = {
            name: str(self.cleaned_data.get(f"group-{number}") or "")
            for number, name in self.groups.items()
        }
        row.by_group = {name: mode for name, mode in {**row.by_group, **chosen}.items() if mode}


def _groups(row: RecordingModes) -> list[str]:
    names = User.objects.exclude(group="").values_list("group", flat=True)
    known = set(names.order_by("group").distinct()[:MOST_GROUPS])
    return sorted(known | set(row.by_group), key=lambda name: (name.casefold(), name))
