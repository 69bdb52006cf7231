"""The form of the time-stamp authority."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.vault import read_authorities

from .models import StampSettings

MAX_PEM = 60_000


class StampForm(forms.Form):
    """Where time stamps are asked for, and whose are believed."""

    url = forms.CharField(
        label=gettext_lazy("Address of the authority"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "As it tells you, such as https://tsa.example.com/tsr. Empty: days are signed only."
        ),
    )
    authorities = forms.CharField(
        label=gettext_lazy("Certificates that are believed"),
        required=False,
        max_length=MAX_PEM,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "PEM: the authority's own certificate, or the root that vouches for it. A time stamp "
            "of anybody else is not taken."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: StampSettings | None, **kwargs: Any) -> None:
        """Fill in what is set."""
        super().__init__(*args, **kwargs)
        shown = row or StampSettings(version=0)
        self.initial.update(
            url=shown.url, authorities=shown.authorities, version=row.version if row else 0
        )

    def clean_url(self) -> str:
        """Take an address of HTTP or HTTPS, without a password in it."""
        url = str(self.cleaned_data["url"]).strip()
        if not url:
            return ""
        try:
            parts = urlsplit(url)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_address = is_address and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address or not url.isprintable() or " " in url:
            raise forms.ValidationError(_("Write it as https://tsa.example.com/tsr."))
        if parts.username or parts.password:
            raise forms.ValidationError(_("Without user name and password: they are not sent."))
        return url

    def clean_authorities(self) -> str:
        """Take certificates in PEM."""
        pem = str(self.cleaned_data["authorities"]).strip()
        if pem:
            try:
                read_authorities(pem.encode())
            except ValueError:
                told = _("These are no certificates in PEM, or more than 20.")
                raise forms.ValidationError(told) from None
        return f"{pem}\n" if pem else ""

    def clean(self) -> dict[str, Any]:
        """Ask for certificates where an authority is asked."""
        cleaned = super().clean() or {}
        if cleaned.get("url") and not cleaned.get("authorities") and not self.errors:
            told = _("Without a certificate nothing that the authority says can be believed.")
            self.add_error("authorities", told)
        return cleaned
