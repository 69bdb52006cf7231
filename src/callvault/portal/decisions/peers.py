"""Allowing or dismissing a source that tried to call without being in a trunk."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.claims import ClaimedError, check_claims
from callvault.portal.configuration.line_fields import LinesField
from callvault.portal.configuration.mode_choices import Mode, modes
from callvault.portal.configuration.models import Trunk
from callvault.portal.configuration.tls_names import parse_tls_names
from callvault.portal.configuration.trunk_changes import facts_of
from callvault.portal.configuration.trunk_saving import save_trunk

from .models import Attempt

_FIRST_TRANSPORTS = ("udp", "tcp")


class AllowPeerForm(forms.Form):
    """Which trunk the source joins, one that there is or a new one, and how it is known."""

    trunk = forms.ModelChoiceField(
        label=gettext_lazy("Trunk"),
        queryset=Trunk.objects.all(),
        required=False,
        to_field_name="public_id",
        empty_label=gettext_lazy("A new trunk"),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the new trunk"), max_length=64, required=False
    )
    mode = forms.ChoiceField(label=gettext_lazy("Record by default"), choices=modes, required=False)
    tls_names = LinesField(
        parse=parse_tls_names,
        label=gettext_lazy("Names in its certificate"),
        required=False,
        help_text=gettext_lazy(
            "One a line, such as sbc.example.com. Then these are let in, from any address, if "
            "their certificate is valid. Empty: the address is let in."
        ),
    )

    def __init__(self, data: QueryDict | None, *, attempt: Attempt) -> None:
        """`attempt` is what is asked about. Names of a certificate are asked for over TLS only."""
        super().__init__(data)
        self._attempt = attempt
        if attempt.transport != "tls":
            del self.fields["tls_names"]

    def clean(self) -> dict[str, Any]:
        """Ask for a free name where the trunk is new; refuse what another trunk has meanwhile."""
        cleaned = super().clean() or {}
        if "trunk" in self.errors or "tls_names" in self.errors:
            return cleaned
        if cleaned.get("trunk") is None:
            self._check_name(str(cleaned.get("name") or "").strip())
        try:
            trunk = self.allowed_trunk()
            check_claims(trunk.peers, trunk.tls_names, trunk.transports, of=cleaned.get("trunk"))
        except ClaimedError as claimed:
            self.add_error("tls_names" if claimed.is_name else "trunk", str(claimed))
        return cleaned

    def _check_name(self, name: str) -> None:
        if not name:
            self.add_error("name", _("A new trunk needs a name."))
        elif Trunk.objects.filter(name__iexact=name).exists():
            self.add_error("name", _("Another trunk has this name."))

    def allowed_trunk(self) -> Trunk:
        """Return the trunk as it becomes, unsaved."""
        choice, attempt = self.cleaned_data, self._attempt
        trunk: Trunk | None = choice.get("trunk")
        names = choice.get("tls_names") or []
        if trunk is None:
            transports = ["tls"] if names else list(_FIRST_TRANSPORTS)
            mode = choice.get("mode") or Mode.ALWAYS_ON
            name = str(choice.get("name") or "").strip()
            trunk = Trunk(name=name, mode=mode, transports=transports)
        trunk.tls_names = list(dict.fromkeys([*trunk.tls_names, *names]))
        if not names and not trunk.allows(attempt.peer_address):
            trunk.peers = [*trunk.peers, attempt.peer_address]
        if attempt.transport in ("udp", "tcp", "tls"):
            trunk.transports = list(dict.fromkeys([*trunk.transports, attempt.transport]))
        return trunk


@transaction.atomic
def allow(request: HttpRequest, attempt: Attempt, form: AllowPeerForm) -> Trunk:
    """Let a source call by the trunk that the form names; recorders know within two seconds."""
    trunk = form.allowed_trunk()
    stored = Trunk.objects.filter(pk=trunk.pk).first()
    before = facts_of(stored) if stored is not None else {}
    save_trunk(request, trunk, Action.PEER_ALLOWED, before, peer=attempt.peer_address)
    Attempt.objects.filter(pk=attempt.pk).update(settled_at=timezone.now())
    return trunk


@transaction.atomic
def dismiss(request: HttpRequest, attempt: Attempt) -> None:
    """Show a source no more. It goes on getting no answer."""
    record(request, Action.PEER_DISMISSED, kind="attempt", peer=attempt.peer_address)
    Attempt.objects.filter(pk=attempt.pk).update(dismissed_at=timezone.now())
