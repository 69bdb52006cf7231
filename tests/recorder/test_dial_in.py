"""Who calls the recorder, by the headers of an INVITE; and a whole dial-in on the bench."""

import re
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from callvault import sip
from callvault.policy.decision import Capturing, Direction, Verdict
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.modes import RecordingMode
from callvault.policy.ordered import Order
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Snapshot
from callvault.recorder.actions import MediaChecked, PauseRequested, ResumeRequested, SendBye
from callvault.recorder.dial_in import MOST_CALLERS, callers_of
from callvault.recorder.requests import DropRequested, StartRequested, StopRequested
from callvault.spool.entries import DialogEnded, SignallingSeen, TimelineEvent
from tests.policy.cast import SNAPSHOT
from tests.recorder.bench import DIALOG, FLOW, SECOND, START, Bench
from tests.recorder.bodies import sdp
from tests.recorder.test_checkpoint import gone_on


def invite(headers: str, sender: str = "<sip:2001@192.0.2.14>") -> sip.Request:
    text = (
        "INVITE sip:8600@192.0.2.200 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.14;branch=z9hG4bK1\r\n"
        f"From: {sender};tag=a\r\nTo: <sip:8600@192.0.2.200>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
        f"{headers}Content-Length: 0\r\n\r\n"
    )
    parsed = sip.parse_message(text.encode())
    assert isinstance(parsed, sip.Request)
    return parsed


ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


@pytest.mark.parametrize(
    ("request_", "users"),
    [
        (invite(""), ["2001"]),
        (
            invite(
                "History-Info: <sip:2005@h>;index=1, <sip:8600@h>;index=1.1\r\n"
                "Diversion: <sip:2004@h>, <sip:2003@h>\r\nRemote-Party-ID: <sip:2002@h>\r\n"
                "P-Asserted-Identity: <sip:2000@h>\r\n"
            ),
            ["2000", "2002", "2003", "2004", "2005", "2001"],
        ),
        # As AudioCodes writes it: an anonymous From, and a PAI that is no address.
        (invite("P-Asserted-Identity: ;;<<,\r\n", ANONYMOUS), ["anonymous"]),
        (invite("P-Asserted-Identity: <tel:+15550142001>\r\n", ANONYMOUS), ["+15550142001"]),
        (invite("Require: siprec\r\n"), []),
        (invite("Contact: <sip:2001@h>;+sip.src\r\n"), []),
        (invite("", "<sip:2001@h;x-nearend;x-refci=1;x-nearendaddr=2001>"), []),
    ],
)
def test_the_callers_in_the_order_in_which_they_are_believed(
    request_: sip.Request, users: list[str]
) -> None:
    named = [one.aor.partition(":")[2].partition("@")[0] for one in callers_of(request_)]
    assert [user for user in named if user != "anonymous"] == [
        user for user in users if user != "anonymous"
    ]


def test_of_many_callers_a_few_are_kept() -> None:
    many = ", ".join(f"<sip:{number}@h>" for number in range(3000, 3400))
    assert len(callers_of(invite(f"Diversion: {many}\r\nHistory-Info: {many}\r\n"))) <= MOST_CALLERS


OFFER = sdp("sendrecv")
DIAL_IN = msgspec.structs.replace(SNAPSHOT, pilots=Pilots(dial_in=("8600",)))


BOBS = invite("P-Asserted-Identity: <sip:1002@192.0.2.14>\r\n")
NAMELESS = ("<sip:bridge.example.com>", "<sip:>", ";;<<")


def dialled_in(
    snapshot: Snapshot = DIAL_IN, body: bytes = OFFER, message: sip.Request = BOBS
) -> Bench:
    """A plain call to the recorder: Bob's."""
    bench = Bench(snapshot=snapshot)
    headers = type(message.headers)((*message.headers, ("Content-Type", "application/sdp")))
    with_offer = replace(message, headers=headers, body=body, raw=b"")
    bench.feed(sip.InviteReceived(sip.RequestId(1), DIALOG, with_offer, bench.flow))
    return bench


def test_an_order_that_is_gone_is_remembered_to_the_end_and_over_a_restart() -> None:
    order = Order(UUID(int=9), "0007", SNAPSHOT.people[0].user_id, START + 60 * SECOND)
    pilots = Pilots(automated_prefix="860")  # 8600 is dialled: its digits are "0"
    snapshot = msgspec.structs.replace(
        SNAPSHOT, pilots=pilots, orders=(msgspec.structs.replace(order, digits="0"),)
    )
    before = dialled_in(snapshot)
    before.ack()
    after = gone_on(before)
    after.snapshot = msgspec.structs.replace(snapshot, orders=())
    after.bye()
    (one,) = after.decision.assignments
    assert (one.owner_username, one.matched_by) == ("user1", "order")


@pytest.mark.parametrize("sender", NAMELESS)
def test_what_was_ordered_is_recorded_though_the_caller_has_no_name(sender: str) -> None:
    order = Order(UUID(int=9), "0", SNAPSHOT.people[0].user_id, START + 60 * SECOND)
    snapshot = msgspec.structs.replace(
        SNAPSHOT, pilots=Pilots(automated_prefix="860"), orders=(order,)
    )
    bench = dialled_in(snapshot, message=invite("", sender))
    bench.ack()
    bench.bye()
    (one,) = bench.decision.assignments
    assert (one.owner_username, one.matched_by) == ("user1", "order")


@pytest.mark.parametrize("sender", NAMELESS)
def test_a_caller_without_a_name_is_nobody(sender: str) -> None:
    bench = dialled_in(message=invite("", sender))
    bench.ack()
    bench.bye()
    assert bench.decision.assignments == ()


def test_a_plain_call_to_a_dial_in_number_is_its_callers_recording() -> None:
    bench = dialled_in()
    bench.ack()
    bench.bye()
    decision = bench.decision
    (one,) = decision.assignments
    assert (decision.verdict, one.owner_username) == (Verdict.RECORDED, "user2")
    assert (one.direction, one.mixed) == (Direction.DIAL_IN, True)


def test_it_is_the_same_after_a_restart() -> None:
    before = dialled_in()
    before.ack()
    after = gone_on(before)
    after.snapshot = before.snapshot
    after.bye()
    assert after.decision.assignments == before.decision.assignments


def of_mode(mode: RecordingMode) -> Snapshot:
    people = tuple(
        msgspec.structs.replace(one, mode=mode) if one.extension == "1002" else one
        for one in SNAPSHOT.people
    )
    return msgspec.structs.replace(DIAL_IN, people=people)


def test_calling_is_the_start_of_a_recording_on_demand_that_may_be_stopped_and_started() -> None:
    bench = dialled_in(of_mode(RecordingMode.ON_DEMAND))
    bench.ack()
    assert [one.from_ns for one in bench.decision.assignments] == [0]
    assert bench.session.capturing.wanted is Capturing.KEEP
    bench.now_s = 10
    bench.feed(StopRequested("User 2", "keypad"))
    bench.now_s = 20
    bench.feed(StartRequested("User 2", "keypad"))
    bench.bye()
    found = [(one.from_ns, one.until_ns) for one in bench.decision.assignments]
    assert found == [(0, START + 10 * SECOND), (START + 20 * SECOND, 0)]


def test_calling_keeps_a_call_of_live_keep_until_somebody_drops_it() -> None:
    bench = dialled_in(of_mode(RecordingMode.LIVE_KEEP))
    bench.ack()
    assert [one.mark for one in bench.decision.assignments] == ["kept"]
    bench.feed(DropRequested("User 2", "keypad"))
    bench.bye()
    assert bench.decision.assignments == ()
    assert [one.mark for one in bench.decision.offered] == ["dropped"]


def test_what_was_stopped_stays_stopped_over_a_restart() -> None:
    snapshot = of_mode(RecordingMode.ON_DEMAND)
    before = dialled_in(snapshot)
    before.ack()
    before.feed(StopRequested("User 2"))
    after = gone_on(before)
    after.snapshot = snapshot
    after.bye()
    assert len(after.decision.assignments) == len(before.decision.assignments)
    assert not after.session.capturing.takes_in


def key(digit: str, kind: str = "application/dtmf-relay") -> bytes:
    body = f"Signal={digit}\r\nDuration=160\r\n"
    return (
        "INFO sip:8600@192.0.2.200 SIP/2.0\r\nCall-ID: 1\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def kept_digits(bench: Bench) -> list[str]:
    seen = bench.entries(SignallingSeen)
    found = [re.search(rb"Signal=(.)", one.raw) for one in seen]
    return [one[1].decode() if one else "-" for one in found]


@pytest.mark.parametrize("kind", ["application/dtmf-relay", "application/x-vendor-keys"])
def test_no_key_that_is_pressed_in_a_pause_is_kept(kind: str) -> None:
    bench = dialled_in()
    bench.ack()
    bench.feed(sip.MessageSeen(DIALOG, raw=key("7"), sent=False, flow=FLOW))
    bench.feed(PauseRequested("User 2"))
    for digit in "4111":
        bench.feed(sip.MessageSeen(DIALOG, raw=key(digit, kind), sent=False, flow=FLOW))
    bench.feed(ResumeRequested("User 2"))
    bench.feed(sip.MessageSeen(DIALOG, raw=key("8"), sent=False, flow=FLOW))
    assert kept_digits(bench) == ["7", "-", "-", "-", "-", "8"]


def test_a_dial_in_in_which_nobody_speaks_is_ended_and_says_why() -> None:
    rules = DialInRules(without_speech_min=1)
    bench = dialled_in(msgspec.structs.replace(DIAL_IN, dial_in=rules))
    bench.ack()
    for second in range(5, 60, 5):
        bench.now_s = second
        assert bench.feed(MediaChecked(second * 50, 1)) == []
    bench.now_s = 70
    bench.feed(MediaChecked(3500, 1))
    assert isinstance(bench.actions[-1], SendBye)
    bench.feed(sip.DialogEnded(DIALOG, "bye_sent", 200))
    assert [one.reason for one in bench.entries(DialogEnded)] == ["no_speech"]
    told = [(one.kind, one.detail) for one in bench.entries(TimelineEvent)]
    assert told[-1] == ("ended", "no_speech")
