"""The form of the mail server."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.stamps import StampedForm

from .models import MailSettings, Security

if TYPE_CHECKING:
    MailModelForm = forms.ModelForm[MailSettings]
else:  # not generic at run time
    MailModelForm = forms.ModelForm

_FORBIDDEN = set(" \t/@\\'\"<>")


class MailSettingsForm(MailModelForm, StampedForm):
    """Changes the mail server, or tries it as typed before it is saved."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    portal_url = forms.URLField(
        label=gettext_lazy("Address of the portal"),
        max_length=300,
        assume_scheme="https",
        help_text=gettext_lazy("Links in mail begin with it."),
    )
    test_to = forms.EmailField(
        label=gettext_lazy("Send a test mail to"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        """Fields in the order in which a provider names them."""

        model = MailSettings
        fields = (
            "host",
            "port",
            "security",
            "checks_certificate",
            "username",
            "sender_name",
            "sender_address",
            "portal_url",
            "timeout_s",
        )
        widgets: ClassVar[dict[str, Any]] = {
            "username": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "host": gettext_lazy("Name or address, such as smtp.example.com."),
            "checks_certificate": gettext_lazy(
                "Off only for a server of your own whose certificate nobody vouches for: without "
                "it, who stands in between may read and change mail."
            ),
            "username": gettext_lazy("Empty: the server takes mail without one."),
            "sender_address": gettext_lazy("Mail comes from this address. Nobody reads replies."),
            "timeout_s": gettext_lazy("For one mail as a whole, 2 to 60."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Explain the password by whether one is set."""
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = (
            _("One is set. Type another to change it; leave this empty to keep it.")
            if self.instance.sealed_password
            else _("Kept sealed, and shown to nobody.")
        )
        self._host_before = self.instance.host
        self._security_before = self.instance.security

    def clean_host(self) -> str:
        """Take a name or an address, nothing around it."""
        host = str(self.cleaned_data["host"]).strip().strip("[]").rstrip(".").lower()
        if not host or set(host) & _FORBIDDEN or not host.isprintable():
            raise forms.ValidationError(_("Only a name or an address, without a scheme."))
        return host

    def clean_sender_name(self) -> str:
        """Refuse what would be a header of its own."""
        name = str(self.cleaned_data.get("sender_name") or "").strip()
        if not name.isprintable():
            raise forms.ValidationError(_("Only letters, digits and signs, on one line."))
        return name

    def clean_portal_url(self) -> str:
        """Take scheme and host; what is behind them is ours."""
        url = str(self.cleaned_data["portal_url"]).rstrip("/")
        if url.count("/") != 2 or not url.startswith(("https://", "http://")):
            raise forms.ValidationError(_("Write it as https://calls.example.com."))
        return url

    def clean(self) -> dict[str, Any]:
        """Check what concerns user name, password and the server together."""
        cleaned = super().clean() or {}
        typed, kept = cleaned.get("password"), self.instance.sealed_password
        if typed and not cleaned.get("username"):
            self.add_error("username", _("A password needs a user name."))
        if cleaned.get("username") and not typed:
            if not kept:
                self.add_error("password", _("Type the password that belongs to this user name."))
            elif cleaned.get("host") not in (None, self._host_before):
                # The one that is kept was given for the other server, and is sent to no new one.
                self.add_error("password", _("Type the password anew: the server is another one."))
            elif cleaned.get("security") == Security.NONE != self._security_before:
                self.add_error("password", _("Type the password anew: it would travel in clear."))
        return cleaned

    def as_typed(self) -> MailSettings:
        """Return the settings as the form has them, unsaved; call after `is_valid`."""
        settings = self.instance
        if not settings.username:
            settings.password = ""
        elif self.cleaned_data.get("password"):
            settings.password = self.cleaned_data["password"]
        return settings

    @property
    def is_unencrypted(self) -> bool:
        """Whether mail would travel in the open."""
        return str(self["security"].value()) == Security.NONE
