"""What an administrator orders of a node: take calls, drain, stop.

The order stands on the node's row, and the node's worker takes it from there within seconds and
hands it to its recorder: so it reaches every node that reaches the catalogue, over any network,
and one that is down finds it when it comes back. What the recorder then does it says itself, in
its heartbeat; `callvault drain` gives the same orders on the machine.
"""

from typing import Literal

import msgspec
from django.db import close_old_connections, transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.status import Heartbeat

from .models import NodeReport
from .reports import read_report

OrderKind = Literal["start", "drain", "stop"]
WAITS_MINUTES = (0, 5, 15, 60, 240)
"""How long calls in progress may take to end before a stop ends them."""

_ACTIONS: dict[OrderKind, Action] = {
    "start": Action.NODE_STARTED,
    "drain": Action.NODE_DRAINED,
    "stop": Action.NODE_STOPPED,
}


class Order(msgspec.Struct, frozen=True):
    """What is asked of a node."""

    kind: OrderKind
    asked_at_ns: int  # UTC
    by: str  # user name, for the log of the node
    wait_minutes: int = 60  # of a stop: calls that are left then are ended


def state_of(beat: Heartbeat | None) -> str:
    """Return what a recorder does: none, recording, draining (to stop, too) or stopped."""
    if beat is None:
        return "none"
    if beat.is_stopped:
        return "stopped"
    return "draining" if beat.is_draining else "recording"


@transaction.atomic
def give_order(request: HttpRequest, node: str, kind: OrderKind, *, wait_minutes: int = 60) -> bool:
    """Order something of a node, in place of what was ordered before; False: no such node."""
    row = NodeReport.objects.select_for_update().filter(node=node).first()
    if row is None:
        return False
    beat = read_report(row).recorder
    record(
        request,
        _ACTIONS[kind],
        kind="node",
        object_id=node,
        name=node,
        fields=["state"],
        old={"state": state_of(beat)},
        new={"state": _WANTED[kind]},
        calls=beat.calls if beat else 0,
        wait_minutes=wait_minutes if kind == "stop" else None,
    )
    now = timezone.now()
    by = person_of(request).username
    order = Order(kind, ns_from_utc(now), by, wait_minutes)
    rows = NodeReport.objects.filter(pk=row.pk)
    rows.update(ordered=msgspec.to_builtins(order), ordered_at=now)
    return True


_WANTED: dict[OrderKind, str] = {"start": "recording", "drain": "draining", "stop": "stopped"}


def read_order_of(row: NodeReport) -> Order | None:
    """Return what is ordered and not carried out yet; one of another version asks for nothing."""
    try:
        return msgspec.convert(row.ordered, Order) if row.ordered else None
    except msgspec.ValidationError:
        return None


def order_for(node: str) -> Order | None:
    """Return what is ordered of this node. For its worker."""
    close_old_connections()
    row = NodeReport.objects.filter(node=node, ordered_at__isnull=False).first()
    return read_order_of(row) if row is not None else None


def carried_out(node: str, order: Order) -> None:
    """Take an order away that the node has taken over, unless another came meanwhile."""
    with transaction.atomic():
        row = NodeReport.objects.select_for_update().filter(node=node).first()
        if row is not None and read_order_of(row) == order:
            NodeReport.objects.filter(pk=row.pk).update(ordered=None, ordered_at=None)
