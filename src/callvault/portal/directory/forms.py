"""What the forms of both kinds of directory share: fields, groups, schedule, who comes and goes."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.line_fields import LinesField

from .models import DirectorySource, GroupBy, Rhythm
from .parsing import (
    ARROW,
    attribute_names,
    parse_group_rules,
    rule_pair,
)
from .people_known import PERSON_FIELDS
from .schedule import MAX_MINUTES, MIN_MINUTES
from .wording import field_label

if TYPE_CHECKING:
    SourceModelForm = forms.ModelForm[DirectorySource]
else:  # not generic at run time
    SourceModelForm = forms.ModelForm

SHARED = (
    "name",
    "active_attribute",
    "group_by",
    "additional_groups_by",
    "new_level",
    "adopts",
    "gone",
    "max_removed_percent",
    "rhythm",
    "every_minutes",
    "daily_at",
)
SHARED_HELP: dict[str, Any] = {
    "name": gettext_lazy("How it is called here, such as Head office."),
    "active_attribute": gettext_lazy(
        "Who is disabled there is inactive here: userAccountControl, or an attribute that holds "
        "true or false. Empty: as edited by hand."
    ),
    "new_level": gettext_lazy("What new people may do. Later changes by hand stay."),
    "adopts": gettext_lazy(
        "A person here with the same user name becomes that of the directory, with recordings and "
        "rights. An administrator made by hand never does. Off: reported instead."
    ),
    "max_removed_percent": gettext_lazy(
        "A sync that would delete or deactivate more than this share, in percent, changes nothing "
        "until somebody looks at it. 0: each removal waits."
    ),
    "every_minutes": gettext_lazy("For “Every so many minutes”, 5 to 10,080."),
    "daily_at": gettext_lazy("For “Once a day”, in the system's time zone, such as 03:00."),
}


class SourceForm(SourceModelForm):
    """What both kinds of directory share. Secrets are typed, never shown."""

    group_rules = LinesField(
        parse=parse_group_rules,
        label=gettext_lazy("Groups by membership"),
        required=False,
        help_text=gettext_lazy(
            "One a line: group of the directory => recording group. The first that fits is the "
            "recording group, further ones are additional groups."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """Overridden by each kind."""

        model = DirectorySource
        fields: tuple[str, ...] = SHARED
        help_texts: ClassVar[dict[str, Any]] = SHARED_HELP

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opened_version = self.instance.version
        self.fields["version"].initial = self.instance.version
        rules = [f" {ARROW} ".join(rule) for rule in self.instance.group_rules]
        self.fields["group_rules"].initial = rules
        self.fields["daily_at"].widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        for name in PERSON_FIELDS:
            self.fields[f"map_{name}"] = self._mapping_field(name)
        self._open_membership()
        self._tell_of_saved_secrets()

    def _tell_of_saved_secrets(self) -> None:
        """Say in the field of a secret that it may stay empty."""
        for field in self.fields.values():
            if isinstance(field.widget, forms.PasswordInput) and self.instance.sealed:
                field.help_text = _("What was saved is never shown. Empty: as it is.")

    def _mapping_field(self, name: str) -> forms.CharField:
        return forms.CharField(
            label=field_label(name),
            required=name == "username",
            max_length=200,
            initial=", ".join(self.instance.mapping.get(name, [])),
            error_messages={"required": _("People need a user name.")},
            widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
        )

    def _open_membership(self) -> None:
        """Leave the choice of memberships to directories that have them."""

    @property
    def mapping_fields(self) -> list[forms.BoundField]:
        """Fields for attributes, in the order of a person's form."""
        return [self[f"map_{name}"] for name in PERSON_FIELDS]

    @property
    def has_mapping_errors(self) -> bool:
        """Whether one of them is wrong, so that the page opens them."""
        return any(name.startswith("map_") for name in self.errors)

    def clean_every_minutes(self) -> int:
        """Keep a schedule within bounds: a directory is no place to ask each minute."""
        minutes = int(self.cleaned_data.get("every_minutes") or 0)
        if not MIN_MINUTES <= minutes <= MAX_MINUTES:
            raise forms.ValidationError(_("5 to 10,080 minutes (a week)."))
        return minutes

    def clean_max_removed_percent(self) -> int:
        """Keep a share a share."""
        percent = int(self.cleaned_data.get("max_removed_percent") or 0)
        if percent > 100:
            raise forms.ValidationError(_("0 to 100."))
        return percent

    def clean_active_attribute(self) -> str:
        """Take one name, or none."""
        return ",".join(self._attributes("active_attribute")[:1])

    def clean(self) -> dict[str, Any]:
        """Read the attributes, and check what fields can only say together."""
        cleaned = super().clean() or {}
        cleaned["mapping"] = {name: self._mapped(name) for name in PERSON_FIELDS}
        if cleaned.get("rhythm") == Rhythm.DAILY and not cleaned.get("daily_at"):
            self.add_error("daily_at", _("Choose a time of day."))
        by_membership = GroupBy.MEMBERSHIP in (
            cleaned.get("group_by"),
            cleaned.get("additional_groups_by"),
        )
        if by_membership and not cleaned.get("group_rules") and "group_rules" not in self.errors:
            self.add_error("group_rules", _("Without a rule, nobody would be in a group."))
        for name in ("group", "additional_groups"):
            if cleaned.get(f"{name}_by") == GroupBy.ATTRIBUTE and not cleaned["mapping"].get(name):
                self.add_error(f"map_{name}", _("Which attribute holds it?"))
        return cleaned

    def _mapped(self, name: str) -> list[str]:
        return self._attributes(f"map_{name}")

    def _attributes(self, field: str) -> list[str]:
        try:
            return attribute_names(str(self.cleaned_data.get(field) or ""))
        except ValueError as wrong:
            self.add_error(field, str(wrong))
            return []

    def refuse_as_stale(self, version: int) -> None:
        """Say that somebody else saved meanwhile; what was typed stays, and can be saved again."""
        self.add_error(
            None,
            _(
                "Somebody changed this directory meanwhile. What you typed is here: saving it "
                "again replaces what they saved."
            ),
        )
        if isinstance(self.data, QueryDict):
            data = self.data.copy()
            data["version"] = str(version)
            self.data = data

    def filled(self) -> DirectorySource:
        """Return the directory as typed, unsaved and without secrets."""
        source: DirectorySource = self.save(commit=False)
        mapping = self.cleaned_data["mapping"]
        source.mapping = {name: names for name, names in mapping.items() if names}
        source.group_rules = [rule_pair(rule) for rule in self.cleaned_data["group_rules"]]
        return source


def secret_field(label: Any, help_text: Any = "") -> forms.CharField:
    """Return a field for what is typed and never shown again."""
    return forms.CharField(
        label=label,
        required=False,
        strip=False,
        max_length=4000,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
