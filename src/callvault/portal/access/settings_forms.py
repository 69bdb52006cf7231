"""Forms of the global settings of sign-in."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.stamps import StampedForm
from callvault.portal.sealing import seal

from .claims import NAME, Claim, MatchedBy
from .discovery import is_fit
from .models import OpenIdProvider, SignInSettings
from .provider_adapter import SECRET_PURPOSE

if TYPE_CHECKING:
    RulesModelForm = forms.ModelForm[SignInSettings]
    ProviderModelForm = forms.ModelForm[OpenIdProvider]
else:  # not generic at run time
    RulesModelForm = ProviderModelForm = forms.ModelForm


class RulesForm(RulesModelForm, StampedForm):
    """Passwords, second factor, sessions, lock-out."""

    class Meta:
        """In the order in which somebody meets them."""

        model = SignInSettings
        fields = (
            "min_length",
            "history",
            "max_age_days",
            "second_factor",
            "session_hours",
            "idle_minutes",
            "lock_attempts",
            "lock_minutes",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            "min_length": gettext_lazy("Characters, 8 to 64. Holds for the next password."),
            "history": gettext_lazy("How many earlier passwords may not come back; 0: any may."),
            "max_age_days": gettext_lazy(
                "0: never, which is what NIST advises: replaced by force, passwords get weaker."
            ),
            "second_factor": gettext_lazy(
                "Who has none is led to set one up at the next page, and can do nothing before."
            ),
            "session_hours": gettext_lazy("1 to 24. Then people sign in anew."),
            "idle_minutes": gettext_lazy("5 to 1,440. A session ends when nobody used it so long."),
            "lock_attempts": gettext_lazy("Wrong passwords and codes in a row, 3 to 20."),
            "lock_minutes": gettext_lazy("1 to 1,440. An administrator can unlock before."),
        }


class ProviderForm(ProviderModelForm, StampedForm):
    """The OpenID Connect provider. Its secret is typed once and never shown."""

    secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        required=False,
        max_length=191,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        """In the order in which they are filled in."""

        model = OpenIdProvider
        fields = (
            "enabled",
            "label",
            "issuer",
            "client_id",
            "claim",
            "matched_by",
            "domains",
            "creates_people",
            "created_level",
            "password_stays",
            "checks_second_factor",
            "pkce",
        )
        field_classes: ClassVar[dict[str, Any]] = {"issuer": forms.CharField}
        help_texts: ClassVar[dict[str, Any]] = {
            "label": gettext_lazy("As on the button: Continue with …"),
            "issuer": gettext_lazy("Exactly as the provider writes it, with https://."),
            "claim": gettext_lazy(
                "email counts only where the provider says that it verified the address."
            ),
            "matched_by": gettext_lazy("At the first sign-in. Later the provider's id decides."),
            "domains": gettext_lazy("Such as example.com, separated by commas. Empty: any."),
            "creates_people": gettext_lazy("Off: who is not on the page People is refused."),
            "password_stays": gettext_lazy(
                "Off: keep one administrator who never used the provider, for the day it fails."
            ),
            "checks_second_factor": gettext_lazy("Then Callvault does not ask for its own again."),
            "pkce": gettext_lazy("Leave it on, unless the provider refuses it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.sealed_secret:
            self.fields["secret"].help_text = _("Kept sealed. Empty: it stays as it is.")
        self._known_issuer = self.instance.issuer

    def clean_issuer(self) -> str:
        """Refuse an address that tokens could be read or changed on the way to."""
        issuer = str(self.cleaned_data.get("issuer") or "").strip()
        if issuer and not is_fit(issuer):
            raise forms.ValidationError(_("An issuer is an address with https://."))
        return issuer

    def clean_claim(self) -> str:
        """Refuse what cannot be the name of a claim."""
        claim = str(self.cleaned_data.get("claim") or "").strip()
        if not NAME.fullmatch(claim):
            raise forms.ValidationError(_("A claim is a name such as email or preferred_username."))
        return claim

    def clean(self) -> dict[str, Any]:
        """Check what fields say only together."""
        cleaned = super().clean() or {}
        by_address = cleaned.get("matched_by") == MatchedBy.EMAIL
        if by_address and cleaned.get("claim") not in (Claim.EMAIL, None):
            told = _("Only the claim email is verified. Compare this one with the user name.")
            self.add_error("matched_by", told)
        if cleaned.get("enabled"):
            for name in ("label", "issuer", "client_id"):
                if name not in self.errors and not cleaned.get(name):
                    self.add_error(name, _("This is needed before people can sign in with it."))
        moved = cleaned.get("issuer") != self._known_issuer
        if moved and self.instance.sealed_secret and not cleaned.get("secret"):
            # The secret of one provider is not sent to another one.
            self.add_error("secret", _("Another issuer needs its own secret."))
        return cleaned

    def save(self, commit: bool = True) -> OpenIdProvider:  # noqa: FBT001, FBT002 - Django's
        """Seal a secret that was typed, and save."""
        if self.cleaned_data.get("secret"):
            sealed = seal(self.cleaned_data["secret"], purpose=SECRET_PURPOSE)
            self.instance.sealed_secret = sealed
        return super().save(commit=commit)
