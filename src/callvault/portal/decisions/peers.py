"""Allowing or dismissing a source that tried to call without being in a trunk."""

from typing import Any

from django import forms
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import PolicyRevision, Trunk, TrunkMode

from .models import Attempt


class AllowPeerForm(forms.Form):
    """Which trunk the source joins: one that there is, or a new one."""

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
    mode = forms.ChoiceField(
        label=gettext_lazy("Record by default"), choices=TrunkMode.choices, required=False
    )

    def __init__(self, data: QueryDict | None, *, peer: str) -> None:
        """`peer` is the address that is asked about."""
        super().__init__(data)
        self._peer = peer

    def clean_trunk(self) -> Trunk | None:
        """Refuse a peer that another trunk has meanwhile: whose call it is must be one answer."""
        chosen: Trunk | None = self.cleaned_data["trunk"]
        holder = next((one for one in Trunk.objects.all() if self._peer in one.peers), None)
        if holder is not None and holder != chosen:
            told = {"peer": self._peer, "trunk": holder.name}
            raise forms.ValidationError(_("%(peer)s already belongs to %(trunk)s.") % told)
        return chosen

    def clean(self) -> dict[str, Any]:
        """Ask for a name where the trunk is new, and for one that is free."""
        cleaned = super().clean() or {}
        if cleaned.get("trunk") is None and "trunk" not in self.errors:
            name = str(cleaned.get("name") or "").strip()
            if not name:
                self.add_error("name", _("A new trunk needs a name."))
            elif Trunk.objects.filter(name__iexact=name).exists():
                self.add_error("name", _("Another trunk has this name."))
        return cleaned


def open_attempts() -> QuerySet[Attempt]:
    """Return the sources to decide on: not dismissed, and not allowed since they last tried."""
    unsettled = Q(settled_at=None) | Q(last_seen_at__gt=F("settled_at"))
    return Attempt.objects.filter(unsettled, dismissed_at=None)


@transaction.atomic
def allow(request: HttpRequest, attempt: Attempt, choice: dict[str, Any]) -> Trunk:
    """Let a source call by the trunk that the form names; recorders know within two seconds."""
    trunk = choice["trunk"] or Trunk(
        name=choice["name"].strip(),
        mode=choice["mode"] or TrunkMode.ALWAYS_ON,
        transports=["udp", "tcp"],
    )
    record(
        request,
        Action.PEER_ALLOWED,
        kind="trunk",
        object_id=trunk.public_id,
        peer=attempt.peer_address,
    )
    if attempt.peer_address not in trunk.peers:
        trunk.peers = [*trunk.peers, attempt.peer_address]
    if attempt.transport in ("udp", "tcp", "tls") and attempt.transport not in trunk.transports:
        trunk.transports = [*trunk.transports, attempt.transport]
    trunk.save()
    Attempt.objects.filter(pk=attempt.pk).update(settled_at=timezone.now())
    PolicyRevision.bump()
    return trunk


@transaction.atomic
def dismiss(request: HttpRequest, attempt: Attempt) -> None:
    """Show a source no more. It goes on getting no answer."""
    record(request, Action.PEER_DISMISSED, kind="attempt", peer=attempt.peer_address)
    Attempt.objects.filter(pk=attempt.pk).update(dismissed_at=timezone.now())
