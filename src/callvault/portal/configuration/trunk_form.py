"""The form of a trunk: every option, explained and checked (CAP-9)."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .addresses import parse_networks
from .claims import ClaimedError, check_claims
from .digest import digest_hashes
from .line_fields import LinesField
from .models import Trunk
from .tls_names import parse_tls_names
from .zones import zone_name

if TYPE_CHECKING:
    TrunkModelForm = forms.ModelForm[Trunk]
else:  # not generic at run time
    TrunkModelForm = forms.ModelForm

TRANSPORTS = [("udp", "UDP"), ("tcp", "TCP"), ("tls", "TLS")]
_CLAIMS = ("peers", "tls_names", "transports")


class TrunkForm(TrunkModelForm):
    """Creates or edits a trunk (CAP-9)."""

    peers = LinesField(
        parse=parse_networks,
        label=gettext_lazy("Peers"),
        required=False,
        help_text=gettext_lazy(
            "Addresses and networks that may call, IPv4 or IPv6, one a line, such as 192.0.2.14 "
            "or 2001:db8::/64. May be empty where there are TLS names."
        ),
    )
    tls_names = LinesField(
        parse=parse_tls_names,
        label=gettext_lazy("TLS names"),
        required=False,
        help_text=gettext_lazy(
            "Names in the certificates of peers, one a line, such as sbc.example.com or "
            "*.example.com. Who shows a valid certificate with one of them over TLS may call from "
            "any address. Works where the node checks certificates (setting sip.tls_peers_file)."
        ),
    )
    media_networks = LinesField(
        parse=parse_networks,
        label=gettext_lazy("Audio may come from"),
        required=False,
        help_text=gettext_lazy(
            "Addresses and networks that audio is taken from, one a line. Often not the same as "
            "the peers. Empty: from anywhere."
        ),
    )
    transports = forms.MultipleChoiceField(
        error_messages={"required": gettext_lazy("Choose at least one.")},
        label=gettext_lazy("Transports"),
        choices=TRANSPORTS,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "TCP and TLS carry a large INVITE whole; over UDP it travels in fragments."
        ),
    )
    digest_password = forms.CharField(
        label=gettext_lazy("Digest password"),
        required=False,
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    digest_remove = forms.BooleanField(
        label=gettext_lazy("Ask for no password any more"), required=False
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """Fields in the order in which they are decided."""

        model = Trunk
        fields = (
            "name",
            "peers",
            "transports",
            "media_networks",
            "mode",
            "srtp",
            "tls_names",
            "digest_user",
            "swap_channels",
            "strict_siprec",
            "device_zone",
        )
        widgets: ClassVar[dict[str, Any]] = {
            "digest_user": forms.TextInput(attrs={"autocomplete": "off"}),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "mode": gettext_lazy("What happens to a call that comes by this trunk."),
            "srtp": gettext_lazy(
                "Whether the audio of this trunk must, may or must not be encrypted."
            ),
            "digest_user": gettext_lazy(
                "The peer must sign each call with this user and its password (SIP digest), "
                "besides coming from one of the peers. Empty: no password is asked for."
            ),
            "swap_channels": gettext_lazy(
                "Left and right are exchanged, for a phone system that sends them the other way."
            ),
            "strict_siprec": gettext_lazy(
                "Refuse a recording session without “Require: siprec” and “+sip.src”, which "
                "RFC 7866 asks for. Many phone systems leave one out: off unless you know."
            ),
            "device_zone": gettext_lazy(
                "For times that it sends without a zone, such as Europe/Rome. Empty: the zone "
                "of the system."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Explain the password by whether one is set."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        if self.initial.get("digest_user"):
            help_text = _("One is set. Type another to change it; leave this empty to keep it.")
        else:
            help_text = _("Typed once: only hashes of it are kept.")
        self.fields["digest_password"].help_text = help_text

    def refuse_as_stale(self, message: str, *, version: int) -> None:
        """Say that somebody was quicker; saved again, the form goes over what they did."""
        self.add_error(None, message)
        typed = QueryDict(mutable=True)
        typed.update(self.data)
        typed["version"] = str(version)
        self.data = typed

    def clean_name(self) -> str:
        """Refuse a name that another trunk has, whatever its capitals."""
        name = str(self.cleaned_data["name"]).strip()
        others = Trunk.objects.filter(name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Another trunk has this name."))
        return name

    def clean_device_zone(self) -> str:
        """Take nothing, or an IANA time zone."""
        typed = str(self.cleaned_data.get("device_zone") or "").strip()
        return zone_name(typed) if typed else ""

    def clean_digest_user(self) -> str:
        """Refuse what cannot stand in a digest: the colon parts user, realm and password."""
        user = str(self.cleaned_data.get("digest_user") or "").strip()
        if not user.isprintable() or set(user) & set(':"\\'):
            raise forms.ValidationError(_("No colons, quotation marks or backslashes."))
        return user

    def clean(self) -> dict[str, Any]:
        """Check what concerns several fields."""
        cleaned = super().clean() or {}
        if not self.errors.keys() & set(_CLAIMS):
            self._check_claims(cleaned)
        if "digest_user" in cleaned:
            self._check_digest(cleaned)
        return cleaned

    def _check_claims(self, cleaned: dict[str, Any]) -> None:
        if cleaned["tls_names"] and "tls" not in cleaned["transports"]:
            self.add_error("transports", _("TLS names need TLS among the transports."))
        elif not cleaned["peers"] and not cleaned["tls_names"]:
            self.add_error("peers", _("Name an address, a network or a TLS name."))
        elif not cleaned["peers"] and set(cleaned["transports"]) != {"tls"}:
            self.add_error("peers", _("Without an address only TLS can tell who calls."))
        elif set(self.changed_data) & set(_CLAIMS):
            self._refuse_overlap(cleaned)

    def _refuse_overlap(self, cleaned: dict[str, Any]) -> None:
        """Refuse a peer that another trunk claims."""
        claims = (cleaned["peers"], cleaned["tls_names"], cleaned["transports"])
        try:
            check_claims(*claims, of=self.instance)
        except ClaimedError as claimed:
            self.add_error("tls_names" if claimed.is_name else "peers", str(claimed))

    def _check_digest(self, cleaned: dict[str, Any]) -> None:
        user, password = cleaned["digest_user"], cleaned.get("digest_password")
        if cleaned.get("digest_remove"):
            cleaned["digest_user"] = ""
            return
        if password and not user:
            self.add_error("digest_user", _("A password needs a user."))
        if user and not password and user != self.initial.get("digest_user"):
            self.add_error("digest_password", _("Type the password that belongs to this user."))

    def save(self, commit: bool = True) -> Trunk:  # noqa: FBT001, FBT002 - Django's signature
        """Keep hashes of a password that was typed, and none without a user."""
        trunk: Trunk = super().save(commit=False)
        password = self.cleaned_data.get("digest_password")
        if not trunk.digest_user:
            trunk.digest_ha1_md5 = trunk.digest_ha1_sha256 = ""
        elif password:
            hashes = digest_hashes(trunk.digest_user, password)
            trunk.digest_ha1_md5, trunk.digest_ha1_sha256 = hashes.md5, hashes.sha256
        if commit:
            trunk.save()
        return trunk
