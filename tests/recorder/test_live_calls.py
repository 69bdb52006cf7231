"""What is told of calls in progress can be told, whatever their phone system sends."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from callvault.clock import Instant
from callvault.monitoring.live_calls import LiveCalls
from callvault.policy.modes import RecordingMode
from callvault.recorder.actions import EndRequested
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.live_calls import PATIENCE_NS, live_calls
from tests.policy.cast import SNAPSHOT
from tests.recorder.bodies import MULTIPART, both, metadata, request, sdp
from tests.recorder.test_service import CALL, Wire

NOW = Instant(10_000_000_000, 5_000_000_000)


def told(wire: Wire) -> LiveCalls:
    found = live_calls(list(wire.recorder.dialogs.values()), NOW)
    return msgspec.json.decode(msgspec.json.encode(found), type=LiveCalls)


def test_a_call_names_its_owner_and_the_other_party(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.invite()
    (call,) = told(wire).calls
    assert [one.name for one in call.owners] == ["Ann Keller"]
    assert call.owners[0].remote.number == "+15550142999"
    assert (call.caller.number, call.may_keep, call.is_held) == ("1001", True, False)


def test_a_call_on_demand_names_whom_it_may_be_started_for(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    people = tuple(replace(one, mode=RecordingMode.ON_DEMAND) for one in SNAPSHOT.people)
    wire.recorder._policy.in_force = PolicyInForce.of(replace(SNAPSHOT, people=people))
    wire.invite()
    (call,) = told(wire).calls
    (owner,) = call.owners
    assert (owner.name, owner.mode, owner.is_started) == ("Ann Keller", "on_demand", False)
    assert (call.may_keep, call.has_no_media) == (False, False)
    later = Instant(NOW.realtime_ns, NOW.monotonic_ns + 2 * PATIENCE_NS)
    (call,) = live_calls(list(wire.recorder.dialogs.values()), later).calls
    assert call.has_no_media


def test_a_name_that_is_no_text_is_told_as_far_as_it_is(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    raw = bytes(request("INVITE", both(sdp(), metadata()), MULTIPART))
    assert wire.send(raw.replace(b'"Ann Keller"', b'"Jos\xe9"')) == [100, 200]
    (call,) = told(wire).calls
    assert call.caller.name == "Jos?"


def test_a_call_that_ends_is_told_no_more(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.invite(CALL)
    (dialog,) = wire.recorder.dialogs.values()
    dialog.feed(EndRequested("shutdown"))
    assert told(wire).calls == ()
