"""Which calls to a number of automated dial-in are let in, and when an order counts as used."""

from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from callvault.errors import SpoolFull
from callvault.policy.ordered import Order
from callvault.policy.pilots import Pilots
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.keep_pilot import KeepPilot
from callvault.spool.entries import CallVerdict
from tests.policy.cast import ANN, SNAPSHOT
from tests.recorder.bench import SECOND, START
from tests.recorder.bodies import sdp
from tests.recorder.test_service import Wire

DIGITS = "0042"


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    wire = Wire(tmp_path)
    order = Order(UUID(int=9), DIGITS, ANN.user_id, START + 120 * SECOND)
    snapshot = msgspec.structs.replace(
        SNAPSHOT, pilots=Pilots(automated_prefix="9000"), orders=(order,)
    )
    wire.recorder._policy.in_force = PolicyInForce.of(snapshot)
    wire.recorder.pilot_calls = KeepPilot(wire.recorder, node="node-1")
    return wire


def dial(wire: Wire, digits: str = DIGITS) -> int:
    wire.calls += 1
    body = sdp("sendrecv")
    head = (
        f"INVITE sip:9000{digits}@192.0.2.200 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK{wire.calls}\r\n"
        f"From: <sip:1001@192.0.2.14>;tag=a{wire.calls}\r\nTo: <sip:9000{digits}@192.0.2.200>\r\n"
        f"Call-ID: dial-{wire.calls}@192.0.2.14\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:1001@192.0.2.14:5060>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return wire.send(head.encode() + body)[-1]


def reasons(wire: Wire) -> list[str]:
    verdicts = [one for one in wire.receiver.node_events if isinstance(one, CallVerdict)]
    return [one.decision.steps[-3].values.get("reason", "") for one in verdicts]


def test_one_call_comes_to_an_order(wire: Wire) -> None:
    assert [dial(wire), dial(wire)] == [200, 403]
    assert reasons(wire) == ["order_used"]


def test_a_call_that_found_no_room_leaves_the_order_open(wire: Wire) -> None:
    wire.receiver.failures = [SpoolFull("no room")]
    assert [dial(wire), dial(wire), dial(wire)] == [503, 200, 403]


def test_digits_that_nobody_ordered_and_late_ones_are_refused(wire: Wire) -> None:
    assert dial(wire, "0043") == 404
    wire.now_ns += 121 * SECOND
    assert dial(wire) == 403
    assert reasons(wire) == ["not_ordered", "order_expired"]
