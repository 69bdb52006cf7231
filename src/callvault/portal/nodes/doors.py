"""Where the recorders of all nodes are controlled: told by each node's worker, sealed.

What a worker seals only those open that have the same `portal-secret-key`; it is for its node
alone, so that whoever may write to the database still cannot turn a portal to another address.
"""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from callvault.clock import ns_from_utc
from callvault.errors import VaultError
from callvault.monitoring.live_calls import OUTWARD_FILE, ControlDoor, NodeDoor, read_door
from callvault.portal.sealing import seal, unseal

from .models import NodeReport
from .reports import read_report

KNOWN = timedelta(hours=1)
"""A node that has not reported for longer is not asked, nor missed: *Service and nodes* has it."""

_DOOR = msgspec.json.Decoder(ControlDoor)


def sealed_door(node: str, data_folder: Path) -> str:
    """Return where other nodes reach the recorder of this machine; empty: nowhere. For workers."""
    door = read_door(data_folder, OUTWARD_FILE)
    if door is None:
        return ""
    return seal(msgspec.json.encode(door).decode(), purpose=_purpose(node))


def doors_of_others(own: str, *, now: datetime) -> list[NodeDoor]:
    """Return the other nodes whose recorders run, as they said last."""
    rows = NodeReport.objects.filter(at__gte=now - KNOWN).exclude(node=own)
    found = (_door_of(row) for row in rows)
    return [one for one in found if one is not None]


def _door_of(row: NodeReport) -> NodeDoor | None:
    beat = read_report(row).recorder
    # A recorder that ends takes its door away; of one that died the worker goes on telling it.
    if beat.is_stopped if beat is not None else not row.control:
        return None
    door, problem = None, "" if row.control else "none"
    try:
        if row.control:
            door = _DOOR.decode(unseal(row.control, purpose=_purpose(row.node)))
    except (VaultError, msgspec.DecodeError):
        problem = "key"
    if beat is None:
        return NodeDoor(row.node, door, problem)
    at_ns = ns_from_utc(row.at)
    return NodeDoor(row.node, door, problem, beat.calls, beat.recordings, at_ns)


def _purpose(node: str) -> str:
    return f"control of the recorder of {node}"
