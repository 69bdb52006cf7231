"""The form of an LDAP directory: servers, security, account, where to search."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.line_fields import LinesField

from .forms import SHARED, SHARED_HELP, SourceForm, secret_field
from .ldap_channel import Server
from .models import DirectorySource, SecurityChoice
from .parsing import authority_pem, distinguished_name, parse_dns, parse_uris


class LdapForm(SourceForm):
    """An LDAP directory or Active Directory."""

    uris = LinesField(
        parse=parse_uris,
        label=gettext_lazy("Servers"),
        help_text=gettext_lazy(
            "One a line, such as ldaps://dc1.example.com. The next one is asked where one does "
            "not answer."
        ),
    )
    base_dns = LinesField(
        parse=parse_dns,
        label=gettext_lazy("Search below"),
        help_text=gettext_lazy("One DN a line, such as OU=Staff,DC=example,DC=com."),
    )
    accept_plain = forms.BooleanField(
        label=gettext_lazy("Let passwords travel in clear"),
        required=False,
        help_text=gettext_lazy(
            "Only without TLS: whoever can listen between here and the directory reads the "
            "password of the account, and of everybody who signs in."
        ),
    )
    password = secret_field(gettext_lazy("Its password"))
    ca_file = forms.FileField(
        label=gettext_lazy("Certificate of the authority"),
        required=False,
        help_text=gettext_lazy(
            "PEM or DER, of who signed the servers' certificates. None: whom this machine trusts."
        ),
    )
    ca_remove = forms.BooleanField(
        label=gettext_lazy("Trust whom this machine trusts instead"), required=False
    )

    class Meta(SourceForm.Meta):
        """Fields in the order in which they are decided."""

        fields = (
            *SHARED,
            "uris",
            "security",
            "bind_dn",
            "base_dns",
            "search_filter",
            "id_attribute",
            "membership_attribute",
            "signs_in",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            **SHARED_HELP,
            "bind_dn": gettext_lazy(
                "DN of an account with the right to read, or user@domain with Active Directory. "
                "Empty: without account, where the server allows that."
            ),
            "search_filter": gettext_lazy("Who of them is a person to be recorded."),
            "id_attribute": gettext_lazy(
                "Stays the same when somebody is renamed: objectGUID with Active Directory, "
                "entryUUID with OpenLDAP."
            ),
            "membership_attribute": gettext_lazy("Where an entry says which groups it is in."),
            "signs_in": gettext_lazy(
                "Asked of the directory at each sign-in; passwords kept here go on working."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accept_plain"].initial = self.instance.security == SecurityChoice.PLAIN

    def clean_bind_dn(self) -> str:
        """Take a DN, or the names that Active Directory takes in its place."""
        name = str(self.cleaned_data.get("bind_dn") or "").strip()
        if name and not ("@" in name or "\\" in name):
            try:
                distinguished_name(name)
            except ValueError as wrong:
                raise forms.ValidationError(str(wrong)) from wrong
        return name

    def clean_id_attribute(self) -> str:
        """Without an identity nobody could be found again."""
        names = self._attributes("id_attribute")
        if len(names) != 1:
            raise forms.ValidationError(_("One attribute is needed, such as objectGUID."))
        return names[0]

    def clean_search_filter(self) -> str:
        """Ask for brackets; what else a filter may say, the server knows."""
        text = str(self.cleaned_data.get("search_filter") or "").strip() or "(objectClass=person)"
        if not text.startswith("("):
            text = f"({text})"
        if text.count("(") != text.count(")"):
            raise forms.ValidationError(_("Each bracket needs its other."))
        return text

    def clean_ca_file(self) -> str:
        """Return the certificates of the file as PEM."""
        uploaded = self.cleaned_data.get("ca_file")
        if not uploaded:
            return ""
        try:
            return authority_pem(uploaded.read(64 * 1024 + 1))
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def clean(self) -> dict[str, Any]:
        """Let address and security fit each other, and a password travel to where it belongs."""
        cleaned = super().clean()
        self._check_schemes(cleaned)
        is_plain = cleaned.get("security") == SecurityChoice.PLAIN
        if is_plain and not cleaned.get("accept_plain"):
            self.add_error("accept_plain", _("Tick this, or choose LDAPS or StartTLS."))
        has_password = bool(cleaned.get("password"))
        if cleaned.get("bind_dn") and not has_password:
            if not self.instance.sealed:
                self.add_error("password", _("The account needs its password."))
            elif self._goes_elsewhere(cleaned):
                told = _("Type the password again: it would go to another server than before.")
                self.add_error("password", told)
        return cleaned

    def _check_schemes(self, cleaned: dict[str, Any]) -> None:
        wanted = "ldaps" if cleaned.get("security") == SecurityChoice.LDAPS else "ldap"
        for uri in cleaned.get("uris") or []:
            if urlsplit(uri).scheme != wanted:
                told = {"wanted": f"{wanted}://", "uri": uri}
                self.add_error("uris", _("%(uri)s: this security needs %(wanted)s") % told)
                return

    def _goes_elsewhere(self, cleaned: dict[str, Any]) -> bool:
        """Whether the saved password would be shown to a server that did not have it before."""
        before = DirectorySource.objects.get(pk=self.instance.pk)
        hosts = {Server.of(uri).host for uri in before.uris}
        new_hosts = {Server.of(uri).host for uri in cleaned.get("uris") or []} - hosts
        is_bared = cleaned.get("security") == SecurityChoice.PLAIN != before.security
        return bool(new_hosts) or is_bared

    def filled(self) -> DirectorySource:
        """Return the directory as typed, with the authority's certificate."""
        source = super().filled()
        if self.cleaned_data.get("ca_remove"):
            source.ca_pem = ""
        if self.cleaned_data.get("ca_file"):
            source.ca_pem = self.cleaned_data["ca_file"]
        return source
