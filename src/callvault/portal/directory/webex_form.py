"""The form of a Webex organisation: what it knows us by, and who of it is wanted."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.line_fields import LinesField

from .forms import SHARED, SHARED_HELP, SourceForm, secret_field
from .models import DirectorySource, GroupBy
from .parsing import parse_lines


class WebexForm(SourceForm):
    """People of a Webex organisation."""

    api_url = forms.URLField(
        label=gettext_lazy("Address of the API"),
        max_length=200,
        assume_scheme="https",
        help_text=gettext_lazy("https://webexapis.com/v1, or the one of Webex for Government."),
    )
    client_secret = secret_field(gettext_lazy("Client secret"))
    refresh_token = secret_field(
        gettext_lazy("Refresh token"),
        gettext_lazy("Shown when the service app is authorized; renewed here by itself."),
    )
    access_token = secret_field(gettext_lazy("Access token"))
    location_ids = LinesField(
        parse=lambda text: parse_lines(text, str),
        label=gettext_lazy("Only these locations"),
        required=False,
        help_text=gettext_lazy("IDs of Webex Calling locations, one a line. Empty: all."),
    )

    class Meta(SourceForm.Meta):
        """Fields in the order in which they are decided."""

        fields = (
            *SHARED,
            "webex_access",
            "client_id",
            "api_url",
            "location_ids",
            "calling_only",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            **SHARED_HELP,
            "active_attribute": gettext_lazy(
                "loginEnabled: who may not sign in at Webex is inactive here. Empty: as edited by "
                "hand."
            ),
            "calling_only": gettext_lazy(
                "Only people with Webex Calling: a location, and an extension or a number."
            ),
        }

    def _open_membership(self) -> None:
        choices = [one for one in GroupBy.choices if one[0] != GroupBy.MEMBERSHIP]
        for name in ("group_by", "additional_groups_by"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        del self.fields["group_rules"]

    def clean_api_url(self) -> str:
        """Tokens travel by HTTPS only; plain HTTP stays on this machine."""
        url = str(self.cleaned_data.get("api_url") or "").rstrip("/")
        parts = urlsplit(url)
        on_loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not on_loopback:
            raise forms.ValidationError(_("An address that begins with https:// is needed."))
        return url

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen access needs, unless it is there already."""
        cleaned = super().clean()
        needed = ["access_token"]
        if cleaned.get("webex_access") == "app":
            needed = ["client_secret", "refresh_token"]
            if not cleaned.get("client_id"):
                self.add_error("client_id", _("It stands on the page of the service app."))
        is_moved = bool(self.instance.pk) and self._is_moved(cleaned)
        for name in needed:
            if not cleaned.get(name) and (is_moved or not self.instance.sealed):
                self.add_error(name, _("This is needed. What was saved is never shown."))
        return cleaned

    def _is_moved(self, cleaned: dict[str, Any]) -> bool:
        """Whether saved tokens would go elsewhere, or are of the other kind of access."""
        before = DirectorySource.objects.get(pk=self.instance.pk)
        names = ("api_url", "webex_access", "client_id")
        return any(cleaned.get(name) != getattr(before, name) for name in names)

    def filled(self) -> DirectorySource:
        """Return the directory as typed; Webex tells no memberships."""
        self.cleaned_data["group_rules"] = []
        return super().filled()
