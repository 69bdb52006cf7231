"""One call from INVITE to BYE, with time by hand."""

import pytest

from callvault.policy.decision import Direction
from callvault.simulator.call import Phase, SimulatedCall
from callvault.simulator.script import Hold, Party
from callvault.sip import DialogId, PeerRequestReceived, Request, RequestTimedOut
from callvault.sip.message import build_headers
from tests.simulator.calls import (
    CARLA,
    FLOW,
    VOICE,
    FakeClient,
    answered,
    frames,
    new_call,
    new_script,
)

HOLD = Hold(start_ms=1_000, end_ms=1_400)
NOBODY = Party("2099", "", VOICE)


def placed(call: SimulatedCall) -> tuple[SimulatedCall, FakeClient]:
    """Place the call at 100 s, and answer it at 100.5 s."""
    client = FakeClient()
    call.place(client, FLOW, now=100.0)
    call.receive(answered(), now=100.5)
    return call, client


def request(method: str) -> Request:
    return Request(build_headers([("Call-ID", "call-1")]), method=method)


def test_an_invite_says_who_it_is_and_carries_both_parts() -> None:
    _, client = placed(new_call(new_script()))
    (invitation,) = client.invitations
    assert invitation.uri == "sip:srs@192.0.2.200:5060;transport=udp"
    assert invitation.contact.endswith(";+sip.src")
    assert ("Require", "siprec") in invitation.headers
    assert invitation.from_address == "<sip:+15550142@demo.example>"
    assert b"application/rs-metadata+xml" in invitation.body
    assert b"m=audio 40002" in invitation.body


@pytest.mark.parametrize(("direction", "first"), [(Direction.IN, 2), (Direction.OUT, 1)])
def test_the_first_stream_carries_the_caller(direction: Direction, first: int) -> None:
    call, _ = placed(new_call(new_script(direction=direction)))
    packets = list(call.packets_due(100.5))
    assert [(index, packet[12]) for index, packet in packets] == [(0, first), (1, 3 - first)]


def test_nothing_is_sent_before_the_answer() -> None:
    call = new_call(new_script())
    call.place(FakeClient(), FLOW, now=100.0)
    assert not list(call.packets_due(101.0))


def test_packets_are_due_every_20_ms_from_the_answer() -> None:
    call, _ = placed(new_call(new_script()))
    assert frames(list(call.packets_due(100.501))) == [0]
    assert frames(list(call.packets_due(100.515))) == []
    assert frames(list(call.packets_due(100.521))) == [1]


def test_after_a_late_tick_nothing_is_missing() -> None:
    call, _ = placed(new_call(new_script()))
    assert frames(list(call.packets_due(100.605))) == [0, 1, 2, 3, 4, 5]


def test_a_call_ends_on_time_and_knows_its_length() -> None:
    call, client = placed(new_call(new_script()))
    assert len(frames(list(call.packets_due(102.501)))) == 100
    assert client.methods == ["BYE"]
    assert call.phase is Phase.ENDING
    call.receive(answered("BYE"), now=102.6)
    assert call.is_over
    assert call.length_ms == pytest.approx(2001)
    assert call.call_id == "call-1"
    assert call.faults == []


def test_a_hold_stops_the_media_and_a_resume_goes_on_by_the_clock() -> None:
    call, client = placed(new_call(new_script(hold=HOLD)))
    before = frames(list(call.packets_due(101.501)))
    assert before[-1] == 49
    assert b"a=inactive" in client.requests[0][1]
    call.receive(answered(way="inactive"), now=101.52)
    assert not list(call.packets_due(101.8))
    assert not list(call.packets_due(101.901))
    assert b"a=sendonly" in client.requests[1][1]
    call.receive(answered(), now=101.93)
    after = frames(list(call.packets_due(101.95)))
    assert after == [72]
    list(call.packets_due(102.6))
    assert client.methods == ["INVITE", "INVITE", "BYE"]
    assert call.faults == []
    assert sum(call.streams[0].sent) == 50 + 28


@pytest.mark.parametrize("changes", [True, False])
def test_streams_come_back_from_hold_as_the_script_says(changes: bool) -> None:
    call, _ = placed(new_call(new_script(hold=HOLD, changes_ssrc=changes)))
    list(call.packets_due(101.501))
    call.receive(answered(way="inactive"), now=101.52)
    list(call.packets_due(101.901))
    call.receive(answered(), now=101.91)
    (packet, *_) = [packet for index, packet in call.packets_due(101.95) if index == 0]
    assert (packet[8:12] != b"\x00\x00\x00\xbb") is changes
    assert packet[1] & 0x80  # marker: a talkspurt begins


def test_a_refusal_is_a_fault_of_a_call_to_be_recorded() -> None:
    call = new_call(new_script())
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(answered(status=503), now=100.1)
    assert call.is_over
    assert call.faults == ["refused with 503 Because"]
    assert call.length_ms == 0


def test_a_refusal_is_no_fault_where_nobody_is_to_be_recorded() -> None:
    call = new_call(new_script(owner=NOBODY))
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(answered(status=404), now=100.1)
    assert call.is_over
    assert call.faults == []


def test_a_provisional_answer_changes_nothing() -> None:
    call = new_call(new_script())
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(answered(status=100, body=""), now=100.1)
    assert call.phase is Phase.INVITED


def test_an_invite_without_answer_ends_the_call() -> None:
    call = new_call(new_script())
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(RequestTimedOut(DialogId(1), request("INVITE")), now=132.0)
    assert call.is_over
    assert call.faults == ["no answer to INVITE"]


def test_a_recorder_that_hangs_up_is_a_fault() -> None:
    call, _ = placed(new_call(new_script()))
    call.receive(PeerRequestReceived(DialogId(1), request("BYE"), 200), now=101.0)
    assert call.is_over
    assert call.faults == ["the recorder hung up"]
    assert call.length_ms == pytest.approx(500)


def test_a_recorder_may_hang_up_on_nobody() -> None:
    call, _ = placed(new_call(new_script(owner=NOBODY, remote=CARLA)))
    call.receive(PeerRequestReceived(DialogId(1), request("BYE"), 200), now=101.0)
    assert call.faults == []


def test_a_wrong_answer_is_noted_and_the_call_goes_on() -> None:
    call = new_call(new_script())
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(answered(way="sendrecv"), now=100.1)
    assert call.phase is Phase.TALKING
    assert call.faults == ["direction sendrecv answered, not recvonly"] * 2


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("nonsense\r\n", "unreadable answer: not a line of a session description: 'nonsense'"),
        ("v=0\r\n", "0 m-lines answered for 2"),
    ],
)
def test_an_answer_without_streams_ends_the_call(body: str, fault: str) -> None:
    call = new_call(new_script())
    client = FakeClient()
    call.place(client, FLOW, now=100.0)
    call.receive(answered(body=body), now=100.1)
    assert call.faults == [fault]
    assert client.methods == ["BYE"]


def test_a_refused_hold_ends_the_call() -> None:
    call, client = placed(new_call(new_script(hold=HOLD)))
    list(call.packets_due(101.501))
    call.receive(answered(status=500, body=""), now=101.52)
    assert client.methods == ["INVITE", "BYE"]
    assert call.faults == ["re-INVITE was answered 500"]


def test_hanging_up_cancels_a_call_that_is_not_answered_yet() -> None:
    call = new_call(new_script())
    client = FakeClient()
    call.place(client, FLOW, now=100.0)
    call.hang_up(now=100.1)
    assert client.cancelled == 1
    assert call.is_over


def test_hanging_up_twice_says_bye_once() -> None:
    call, client = placed(new_call(new_script()))
    call.hang_up(now=101.0)
    call.hang_up(now=101.1)
    assert client.methods == ["BYE"]
    assert call.length_ms == pytest.approx(500)
