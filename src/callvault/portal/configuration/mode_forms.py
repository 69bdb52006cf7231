"""The form of recording modes: a choice for each recording group."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from callvault.portal.people.models import User

from .mode_choices import modes
from .mode_models import RecordingModes

MOST_GROUPS = 500
"""A page with more would not be read; those that have a mode are all shown."""


class ModesForm(forms.Form):
    """What is set for groups. Each has a field of its own, `group-0` and so on."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: RecordingModes, **kwargs: Any) -> None:
        """Make a field for each group that people are in, or that has a mode already."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = row.version
        self.groups = dict(enumerate(_groups(row)))
        as_trunk = gettext_lazy("As the trunk says")
        for number, name in self.groups.items():
            self.fields[f"group-{number}"] = forms.ChoiceField(
                label=name, required=False, choices=[("", as_trunk), *modes()]
            )
            self.initial[f"group-{number}"] = row.by_group.get(name, "")

    @property
    def group_fields(self) -> list[forms.BoundField]:
        """The fields of the groups, by name."""
        return [self[f"group-{number}"] for number in self.groups]

    def by_group(self, before: dict[str, str]) -> dict[str, str]:
        """Return the modes chosen; call after `is_valid`. What has no field stays."""
        chosen = {
            name: str(self.cleaned_data.get(f"group-{number}") or "")
            for number, name in self.groups.items()
        }
        return {name: mode for name, mode in {**before, **chosen}.items() if mode}


def _groups(row: RecordingModes) -> list[str]:
    names = User.objects.exclude(group="").values_list("group", flat=True)
    known = set(names.order_by("group").distinct()[:MOST_GROUPS])
    return sorted(known | set(row.by_group), key=lambda name: (name.casefold(), name))
