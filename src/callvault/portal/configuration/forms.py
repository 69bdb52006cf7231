"""Forms of trunks and of what holds for the whole system."""

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .addresses import AddressError, parse_networks
from .models import SystemSettings, Trunk

if TYPE_CHECKING:
    TrunkModelForm = forms.ModelForm[Trunk]
    SystemModelForm = forms.ModelForm[SystemSettings]
else:  # not generic at run time
    TrunkModelForm = SystemModelForm = forms.ModelForm

TRANSPORTS = [("udp", "UDP"), ("tcp", "TCP")]


class NetworksField(forms.CharField):
    """Addresses and networks, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines; what was typed wrong comes back as it was typed."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the list in canonical form."""
        try:
            return parse_networks(str(value or ""))
        except AddressError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not how they were typed."""
        try:
            return parse_networks(str(data or "")) != (initial or [])
        except AddressError:
            return True


class TrunkForm(TrunkModelForm):
    """Creates or edits a trunk (CAP-9)."""

    peers = NetworksField(
        label=gettext_lazy("Peers"),
        help_text=gettext_lazy("Addresses and networks that may call, one a line."),
    )
    media_networks = NetworksField(
        label=gettext_lazy("Audio may come from"),
        required=False,
        help_text=gettext_lazy("Addresses and networks, one a line. Empty: from anywhere."),
    )
    transports = forms.MultipleChoiceField(
        label=gettext_lazy("Transports"),
        choices=TRANSPORTS,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        """Fields in the order in which they are decided."""

        model = Trunk
        fields = ("name", "peers", "transports", "media_networks", "mode", "swap_channels")
        help_texts: ClassVar[dict[str, Any]] = {
            "mode": gettext_lazy("What happens to a call that comes by this trunk."),
            "swap_channels": gettext_lazy(
                "Left and right are exchanged, for a phone system that sends them the other way."
            ),
        }

    def clean_name(self) -> str:
        """Refuse a name that another trunk has, whatever its capitals."""
        name = str(self.cleaned_data["name"]).strip()
        others = Trunk.objects.filter(name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Another trunk has this name."))
        return name

    def clean_peers(self) -> list[str]:
        """Refuse a peer that another trunk names: whose call it is must be one answer."""
        peers: list[str] = self.cleaned_data["peers"]
        for trunk in Trunk.objects.exclude(pk=self.instance.pk):
            shared = [peer for peer in peers if peer in trunk.peers]
            if shared:
                told = {"peer": shared[0], "trunk": trunk.name}
                raise forms.ValidationError(_("%(peer)s already belongs to %(trunk)s.") % told)
        return peers


class SystemForm(SystemModelForm):
    """The system's time zone and country."""

    class Meta:
        """What exists today; who may download follows with the permissions page."""

        model = SystemSettings
        fields = ("zone", "country_code")
        help_texts: ClassVar[dict[str, Any]] = {
            "zone": gettext_lazy("For pages, file names and day folders, such as Europe/Rome."),
            "country_code": gettext_lazy(
                "Digits only, such as 39. Numbers without a country code are read with it."
            ),
        }

    def clean_zone(self) -> str:
        """Refuse what is no IANA time zone."""
        name = str(self.cleaned_data["zone"]).strip()
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
            message = _("“%(zone)s” is no time zone. Write it as Europe/Rome.") % {"zone": name}
            raise forms.ValidationError(message) from unknown
        return name

    def clean_country_code(self) -> str:
        """Take digits, with or without a plus."""
        code = str(self.cleaned_data.get("country_code") or "").strip().removeprefix("+")
        if code and not (code.isascii() and code.isdecimal() and not code.startswith("0")):
            raise forms.ValidationError(_("Only digits, and none of them a 0 at the beginning."))
        return code
