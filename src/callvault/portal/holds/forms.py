"""Forms of legal holds."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.people.models import User
from callvault.portal.subjects.subject import number_subject

from .models import Kind, LegalHold

LONGEST_REASON = 2000


class HoldForm(forms.Form):
    """A hold on chosen recordings: why."""

    matter = forms.CharField(
        label=gettext_lazy("Matter"),
        max_length=100,
        help_text=gettext_lazy("What everybody knows it by, such as a case number."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def hold(self, kind: Kind) -> LegalHold:
        """Return the hold that was typed, unsaved; call after `is_valid`."""
        typed = self.cleaned_data
        return LegalHold(matter=typed["matter"], reason=typed["reason"], kind=kind)


class StandingHoldForm(HoldForm):
    """A hold on a person or a number, past and to come."""

    about = forms.CharField(
        label=gettext_lazy("User name or number"),
        max_length=254,
        help_text=gettext_lazy(
            "Of whom nothing may be destroyed, or the number with which calls may not be: past "
            "ones and those to come."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ("about", "matter", "reason")

    def clean_about(self) -> str:
        """Find the person, else read the number, into `person` and `number`."""
        text = str(self.cleaned_data["about"]).strip()
        self.person = User.objects.filter(username__iexact=text).first()
        subject = number_subject(text) if self.person is None else None
        if self.person is None and subject is None:
            raise forms.ValidationError(
                _("Nobody has this user name, and it is no number. Look at its spelling.")
            )
        self.number = subject.number if subject is not None else ""
        return text

    def standing_hold(self) -> LegalHold:
        """Return the hold that was typed, unsaved; call after `is_valid`."""
        hold = self.hold(Kind.PERSON if self.person is not None else Kind.NUMBER)
        hold.person, hold.number = self.person, self.number
        return hold


class ReleaseForm(forms.Form):
    """Why a hold is to be released."""

    reason = forms.CharField(
        label=gettext_lazy("Why it may be released"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        """Take lines as they are typed."""
        return super().clean() or {}
