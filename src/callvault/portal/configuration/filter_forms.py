"""Forms of recording filters: the system's rules, and those of a group or a person."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.people.models import User

from .filter_models import FilterScope, RecordingFilter
from .pattern_fields import PatternsField

if TYPE_CHECKING:
    FilterModelForm = forms.ModelForm[RecordingFilter]
else:  # not generic at run time
    FilterModelForm = forms.ModelForm

RULES = ("directions", "traffic", "black_list")


class FilterForm(FilterModelForm):
    """The three rules of a filter."""

    black_list = PatternsField(
        label=gettext_lazy("Black list"),
        help_text=gettext_lazy(
            "Remote numbers that are not recorded, one a line. A digit, +, * and # stand for "
            "themselves, . for exactly one digit, ! at the end for any further ones: 7100, 72., "
            "+390212!"
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """The rules, in the order in which they are asked."""

        model = RecordingFilter
        fields = RULES
        help_texts: ClassVar[dict[str, Any]] = {
            "directions": gettext_lazy("From the recorded user's phone."),
            "traffic": gettext_lazy(
                "Internal: with a number of the people here, or one of the internal numbers in "
                "the numbering plan."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Remember the version that is being edited."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version


class OverrideForm(FilterForm):
    """Rules of a group or of a person, which replace the system's for them."""

    group = forms.CharField(
        label=gettext_lazy("Recording group"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"list": "groups", "autocomplete": "off"}),
    )
    username = forms.CharField(
        label=gettext_lazy("Or one person, by user name"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"list": "usernames", "autocomplete": "off"}),
    )

    def clean_group(self) -> str:
        """Write a group as the people in it have it: capitals do not make another group."""
        typed = str(self.cleaned_data.get("group") or "").strip()
        known = User.objects.filter(group__iexact=typed).values_list("group", flat=True).first()
        return known or typed

    def clean(self) -> dict[str, Any]:
        """Take a group or a person who has no filter yet."""
        cleaned = super().clean() or {}
        group, username = cleaned.get("group", ""), str(cleaned.get("username") or "").strip()
        if bool(group) == bool(username):
            self.add_error("group", _("Name a recording group or a person: one of them."))
        elif group:
            self._take_group(group)
        else:
            self._take_person(username)
        return cleaned

    def _take_group(self, group: str) -> None:
        if RecordingFilter.objects.filter(group__iexact=group).exists():
            self.add_error("group", _("This group has a filter already."))
        self.instance.scope, self.instance.group = FilterScope.GROUP, group

    def _take_person(self, username: str) -> None:
        person = User.objects.filter(username__iexact=username).first()
        if person is None:
            self.add_error("username", _("Nobody has this user name."))
        elif RecordingFilter.objects.filter(person=person).exists():
            self.add_error("username", _("This person has a filter already."))
        self.instance.scope, self.instance.person = FilterScope.PERSON, person
