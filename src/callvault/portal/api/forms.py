"""The forms of tokens."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.stamps import StampedForm
from callvault.portal.people.models import User

from .models import DEFAULT_DAYS, ApiSettings, ApiToken
from .scopes import scopes_of_level
from .tokens import MOST_OF_A_PERSON

if TYPE_CHECKING:
    SettingsModelForm = forms.ModelForm[ApiSettings]
else:  # not generic at run time
    SettingsModelForm = forms.ModelForm


class TokenForm(forms.Form):
    """What a new token is called, may be used for, and for how long."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        help_text=gettext_lazy("What it is for, so that you know it again: Nightly report."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Ends after days"), min_value=1, initial=DEFAULT_DAYS
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May be used to"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
        help_text=gettext_lazy(
            "Never more than you may do yourself just then, whatever is chosen here."
        ),
    )

    def __init__(self, person: User, data: Any, *, most_days: int) -> None:
        """Offer what can be of use to the person."""
        super().__init__(data, initial={"days": min(DEFAULT_DAYS, most_days)})
        self._person = person
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, scope.label) for scope in scopes_of_level(person.level)
        ]
        self.fields["days"] = forms.IntegerField(
            label=gettext_lazy("Ends after days"),
            min_value=1,
            max_value=most_days,
            help_text=_("1 to %(most)s.") % {"most": most_days},
        )
        self.order_fields(["name", "days", "scopes"])

    def clean_name(self) -> str:
        """Refuse the name of another usable token of the person."""
        name = str(self.cleaned_data["name"])
        open_ones = ApiToken.objects.filter(person=self._person, revoked_at=None)
        if open_ones.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("Another token of yours has this name."))
        return name

    def clean(self) -> dict[str, Any]:
        """Refuse more tokens than anybody keeps an eye on."""
        cleaned = super().clean() or {}
        held = ApiToken.objects.filter(person=self._person, revoked_at=None).count()
        if held >= MOST_OF_A_PERSON:
            told = _("You have %(most)s tokens. Revoke one that is not needed.")
            raise forms.ValidationError(told % {"most": MOST_OF_A_PERSON})
        return cleaned


class ApiSettingsForm(SettingsModelForm, StampedForm):
    """What holds for all tokens."""

    class Meta:
        """Both settings."""

        model = ApiSettings
        fields = ("enabled", "most_days")
        help_texts = {  # noqa: RUF012 - Django's forms declare it so
            "enabled": gettext_lazy("Off, the API answers nobody by token. Tokens stay."),
            "most_days": gettext_lazy("For new ones; 1 to 365."),
        }
