"""A recorder takes the two recording calls of CUCM for one: ids, owner, end, alarms, restart."""

import asyncio
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from callvault.config.sections import CapacityConfig, ControlConfig
from callvault.errors import SpoolFull
from callvault.policy.decision import Assignment, Verdict
from callvault.policy.modes import Modes, Pauses, RecordingMode
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.draining import DrainOrder
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.live_calls import live_call
from callvault.recorder.pause_keeper import PauseKeeper
from callvault.recorder.requests import StartRequested
from callvault.spool import has_rest, rest_of, twin_of
from callvault.spool.entries import CallVerdict, Decided, NodeEvent, TimelineEvent
from tests.policy.cast import ANN, SNAPSHOT, TRUNK
from tests.recorder.fakes import MemoryJournal
from tests.recorder.test_service import Wire

SECOND_NS = 1_000_000_000
OFFER = (
    "v=0\r\no=CUCM 7 1 IN IP4 192.0.2.14\r\ns=SIP Call\r\nc=IN IP4 192.0.2.14\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n"
)


class Cucm:
    """Sends recording calls of extension 1001, who talks to 5550142."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.sequence = 1

    def send(
        self,
        method: str,
        side: str,
        *,
        far: str = "5550142",
        refci: str = "25471835",
        body: str = "",
        headers: str = "",
        call: str = "",
    ) -> list[int]:
        self.sequence += method != "ACK"
        tag = self.tag_of(side, call)
        return self.wire.send(
            (
                f"{method} sip:8500@192.0.2.200 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK{self.sequence}{side}{call}\r\n"
                f"From: <sip:1001@192.0.2.14;x-{side}end;x-refci={refci}"
                ";x-nearendclusterid=c1;\r\n x-nearenddevice=SEP0011AABBCCDD;x-nearendaddr=1001;"
                f" x-farendrefci=25471834;x-farendclusterid=c1;x-farenddevice=Trunk;"
                f"x-farendaddr={far}>;tag={side}{call}\r\n"
                f"To: <sip:8500@192.0.2.200>{tag}\r\n"
                f"Call-ID: {side}{call}@192.0.2.14\r\n"
                f"CSeq: {self.sequence} {method}\r\n"
                "Contact: <sip:1001@192.0.2.14:5060>;isFocus\r\nMax-Forwards: 70\r\n"
                f"{headers}"
                + ("Content-Type: application/sdp\r\n" if body else "")
                + f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )

    def tag_of(self, side: str, call: str) -> str:
        for dialog in self.wire.recorder.dialogs.values():
            saved = self.wire.recorder.agent.save(dialog.session.dialog_id)  # type: ignore[arg-type]
            if saved is not None and saved.call_id == f"{side}{call}@192.0.2.14":
                return f";tag={saved.local_tag}"
        return ""

    def call(self, *sides: str, call: str = "", refci: str = "25471835") -> list[MemoryJournal]:
        for side in sides:
            assert self.send("INVITE", side, call=call, refci=refci) == [100, 200]
            self.send("ACK", side, call=call, refci=refci, body=OFFER)
            self.wire.receiver.calls[-1].streams[0].packets = 50
        return self.wire.receiver.calls[-len(sides) :]

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.wire.now_ns += SECOND_NS
            self.wire.recorder.look_after()
            self.wire.settle()


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(tmp_path)


@pytest.fixture
def cucm(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Cucm:
    monkeypatch.setattr(
        type(wire.recorder), "_now", lambda self: wire.now_ns / SECOND_NS - 1_700_000_000
    )
    return Cucm(wire)


def decided(journal: MemoryJournal) -> Assignment:
    [one] = [one for one in journal.events if isinstance(one, Decided)][-1].decision.assignments
    return one


def kinds(wire: Wire) -> list[str]:
    return [one.kind for one in wire.receiver.node_events if isinstance(one, NodeEvent)]


@pytest.mark.parametrize("sides", [("near", "far"), ("far", "near")])
def test_both_legs_name_one_recording_of_the_near_end(
    cucm: Cucm, wire: Wire, sides: tuple[str, str]
) -> None:
    first, second = cucm.call(*sides)
    assert second.header.journal_id == twin_of(first.header.journal_id)
    assert second.header.twin_of == first.header.journal_id
    assert first.header.twin_of is None
    one, other = decided(first), decided(second)
    assert one.recording_id == other.recording_id
    assert one.owner_id == other.owner_id == ANN.user_id
    assert one.local.number == "1001"
    assert one.remote.number == other.remote.number == "5550142"
    assert one.confidence == "high"
    heard = {"near": ((0,), ()), "far": ((), (0,))}
    assert (one.owner_streams, one.remote_streams) == heard[sides[0]]
    assert (other.owner_streams, other.remote_streams) == heard[sides[1]]
    cucm.wait(6)
    assert kinds(wire) == []


def test_when_one_leg_ends_the_other_is_ended_after_three_seconds(cucm: Cucm, wire: Wire) -> None:
    cucm.call("near", "far")
    assert cucm.send("BYE", "near") == [200]
    cucm.wait(2)
    assert wire.recorder.calls_in_progress == 1
    assert not any(journal.is_closed for journal in wire.receiver.calls[1:])
    cucm.wait(2)
    dialog: LiveDialog
    [dialog] = wire.recorder.dialogs.values()
    assert dialog.session.state.name == "ENDING"


def test_a_voice_that_is_silent_for_long_ends_no_call_whose_other_voice_is_heard(
    cucm: Cucm, wire: Wire
) -> None:
    _, far = cucm.call("near", "far")
    for _ in range(20):
        far.streams[0].packets += 1000
        cucm.wait(20)
    assert wire.recorder.calls_in_progress == 2
    states = {one.session.state.name for one in wire.recorder.dialogs.values()}
    assert states == {"ESTABLISHED"}
    cucm.wait(310)  # now both are silent
    states = {one.session.state.name for one in wire.recorder.dialogs.values()}
    assert states == {"ENDING"}


def test_a_leg_that_stays_alone_is_told_of_and_goes_on(cucm: Cucm, wire: Wire) -> None:
    [journal] = cucm.call("far")
    cucm.wait(7)
    [event] = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert (event.kind, event.severity, event.values["side"]) == (
        "cucm_one_sided", "warning", "far",
    )  # fmt: skip
    assert event.values["journal"] == str(journal.header.journal_id)
    assert wire.recorder.calls_in_progress == 1


def test_a_call_for_which_cucm_found_no_codec_failed_and_is_told_of(cucm: Cucm, wire: Wire) -> None:
    cucm.send("INVITE", "near")
    cucm.send("ACK", "near")
    cucm.send("BYE", "near", headers="Reason: Q.850;cause=47\r\n")
    [journal] = wire.receiver.calls
    last = [one for one in journal.events if isinstance(one, Decided)][-1].decision
    assert last.verdict is Verdict.FAILED
    assert last.assignments == ()
    assert last.steps[-1].values == {"reason": "codec"}
    cucm.wait(10)
    assert kinds(wire) == ["cucm_no_codec"]


def test_legs_without_codec_that_never_live_together_are_one_call(cucm: Cucm, wire: Wire) -> None:
    for side in ("near", "far"):
        cucm.send("INVITE", side)
        cucm.send("ACK", side)
        cucm.send("BYE", side, headers="Reason: Q.850;cause=47\r\n")
    first, second = wire.receiver.calls
    assert second.header.twin_of == first.header.journal_id
    cucm.wait(10)
    assert kinds(wire) == ["cucm_no_codec"]


def test_a_call_that_had_audio_is_kept_whatever_cause_ends_it(cucm: Cucm, wire: Wire) -> None:
    first, _ = cucm.call("near", "far")
    cucm.wait(60)
    for side in ("near", "far"):
        cucm.send("BYE", side, headers="Reason: Q.850;cause=47\r\n")
    assert decided(first).owner_id == ANN.user_id
    assert kinds(wire) == []


def test_audio_without_an_answer_is_kept_too(cucm: Cucm, wire: Wire) -> None:
    cucm.send("INVITE", "near")
    cucm.send("ACK", "near")
    wire.receiver.calls[0].streams[0].packets = 50
    cucm.wait(6)
    cucm.send("BYE", "near", headers="Reason: Q.850;cause=47\r\n")
    assert decided(wire.receiver.calls[0]).owner_id == ANN.user_id


def test_what_was_asked_for_before_the_second_leg_came_holds_for_it_too(
    cucm: Cucm, wire: Wire
) -> None:
    cucm.call("near")
    [near] = wire.recorder.dialogs.values()
    asyncio.run(near.pause(who="ann"))
    cucm.wait(2)
    [journal] = cucm.call("far")
    assert journal.header.twin_of is not None
    assert journal.is_paused
    _, far = wire.recorder.dialogs.values()
    assert far.session.capturing.asked == near.session.capturing.asked
    told = [one for one in journal.events if isinstance(one, TimelineEvent)]
    assert [(one.kind, one.who) for one in told] == [("paused", "ann"), ("answered", "Ann Keller")]
    asyncio.run(far.resume(who="ann"))
    assert not journal.is_paused


def test_a_leg_begun_on_demand_is_begun_in_the_second_too(cucm: Cucm, wire: Wire) -> None:
    trunk = msgspec.structs.replace(TRUNK, mode=RecordingMode.ON_DEMAND)
    snapshot = msgspec.structs.replace(SNAPSHOT, trunks=(trunk,))
    wire.recorder._policy.in_force = PolicyInForce.of(snapshot)
    cucm.call("near")
    [near] = wire.recorder.dialogs.values()
    assert near.session.decision is not None
    assert near.session.decision.assignments == ()
    asyncio.run(near.ask(StartRequested("ann")))
    first, second = (*wire.receiver.calls, *cucm.call("far"))
    assert decided(second).recording_id == decided(first).recording_id
    assert decided(second).from_ns == decided(first).from_ns > 0


def test_a_journal_that_is_there_is_never_begun_anew(cucm: Cucm, wire: Wire) -> None:
    [first] = cucm.call("near")
    taken = twin_of(first.header.journal_id)
    wire.folder.joinpath(f"{taken.hex}.cvj").touch()
    [second] = cucm.call("far")
    assert second.header.twin_of is None
    assert second.header.journal_id not in (taken, first.header.journal_id)


def test_another_far_end_is_a_transfer_of_the_same_call(cucm: Cucm, wire: Wire) -> None:
    first, second = cucm.call("near", "far")
    for side in ("near", "far"):
        assert cucm.send("UPDATE", side, far="5550199") == [200]
    for journal in (first, second):
        assert decided(journal).remote.number == "5550199"
        told = [one for one in journal.events if isinstance(one, TimelineEvent)]
        assert [(one.who, one.detail) for one in told if one.kind == "transferred"] == [
            ("5550199", "5550142")
        ]
    assert decided(first).recording_id == decided(second).recording_id
    assert decided(second).remote_streams == (0,)


def test_a_call_that_goes_on_after_a_hold_shares_its_conversation(cucm: Cucm, wire: Wire) -> None:
    before = cucm.call("near", "far")
    for side in ("near", "far"):
        cucm.send("BYE", side)
    cucm.wait(30)
    after = cucm.call("near", "far", call="2")
    shared = set(decided(before[0]).conversation) & set(decided(after[1]).conversation)
    assert any("cucm-" in key for key in shared)
    assert decided(before[0]).recording_id != decided(after[0]).recording_id


def test_a_far_end_who_is_a_user_does_not_own_the_near_ends_call(cucm: Cucm, wire: Wire) -> None:
    cucm.send("INVITE", "near", far="1002")
    [journal] = wire.receiver.calls
    assert decided(journal).owner_id == ANN.user_id


def test_the_offer_has_one_line_for_one_voice(cucm: Cucm, wire: Wire) -> None:
    cucm.call("near")
    assert [len(one.streams) for one in wire.receiver.calls] == [1]


@pytest.mark.parametrize("limit", [CapacityConfig(max_calls=1), CapacityConfig(calls_per_second=1)])
def test_a_node_that_is_full_still_takes_the_second_leg_of_a_call_that_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: CapacityConfig
) -> None:
    wire = Wire(tmp_path, capacity=limit)
    monkeypatch.setattr(type(wire.recorder), "_now", lambda self: 1.0)
    cucm = Cucm(wire)
    assert cucm.send("INVITE", "near") == [100, 200]
    while cucm.send("INVITE", "near", call=str(cucm.sequence), refci=str(cucm.sequence))[-1] == 200:
        assert cucm.sequence < 20
    taken = wire.recorder.calls_in_progress
    assert cucm.send("INVITE", "far") == [100, 200]
    assert wire.recorder.calls_in_progress == taken + 1


def test_a_second_leg_is_taken_while_the_node_drains_and_no_first_one(
    cucm: Cucm, wire: Wire
) -> None:
    cucm.call("near")
    wire.recorder.follow(DrainOrder(wire.now_ns, wire.now_ns))
    assert cucm.send("INVITE", "far") == [100, 200]
    assert cucm.send("INVITE", "near", call="2", refci="77") == [100, 503]


def test_a_call_of_which_both_legs_are_turned_away_has_one_verdict(cucm: Cucm, wire: Wire) -> None:
    wire.recorder.follow(DrainOrder(wire.now_ns, wire.now_ns))
    for call in ("", "2"):
        for side in ("near", "far"):
            assert cucm.send("INVITE", side, call=call, refci=f"77{call}") == [100, 503]
    cucm.send("INVITE", "near", call="3", refci="77")  # the same ids, and no twin of the first
    told = [one.event_id for one in wire.receiver.node_events if isinstance(one, CallVerdict)]
    assert [told[0] == told[1], told[2] == told[3]] == [True, True]
    assert len(set(told)) == 3


def test_siprec_of_a_gateway_of_cucms_is_no_leg(cucm: Cucm, wire: Wire) -> None:
    wire.invite()
    [dialog] = wire.recorder.dialogs.values()
    assert dialog.session.learning.place is None


def test_each_leg_names_its_pair_whichever_node_it_comes_to(cucm: Cucm, wire: Wire) -> None:
    cucm.call("near", "far")
    cucm.call("near", call="other", refci="25471899")
    now = wire.recorder.read_clocks()
    told = [live_call(one, now) for one in wire.recorder.dialogs.values()]
    pairs = [one.pair for one in told if one is not None]
    assert pairs[0] == pairs[1] != pairs[2]
    assert all(pairs)


def test_both_legs_are_one_call_to_who_asks(cucm: Cucm, wire: Wire) -> None:
    cucm.call("near", "far")
    wire.invite()
    near, far, other = wire.recorder.dialogs.values()
    for one in (near, far):
        legs = wire.recorder.legs_of(one.session.journal_id)
        assert set(map(id, legs)) == {id(near), id(far)}
    assert wire.recorder.legs_of(other.session.journal_id) == [other]


def test_an_overlong_call_goes_on_as_one_call(cucm: Cucm, wire: Wire) -> None:
    first, _ = cucm.call("near", "far")
    wire.now_ns += 12 * 3600 * SECOND_NS
    cucm.wait(6)
    assert len(wire.receiver.calls) == 4
    rest = {one.header.twin_of: one for one in wire.receiver.calls[2:]}
    assert set(rest) == {None, rest[None].header.journal_id}
    twin = rest[rest[None].header.journal_id]
    assert twin.header.journal_id == twin_of(rest[None].header.journal_id)
    assert decided(twin).recording_id == decided(rest[None]).recording_id
    assert decided(twin).recording_id != decided(first).recording_id
    cucm.wait(10)
    assert wire.recorder.calls_in_progress == 2
    assert kinds(wire) == []


@pytest.mark.parametrize("is_twin", [False, True])
def test_what_follows_a_split_that_a_restart_made_undone_is_found_by_name(
    cucm: Cucm, wire: Wire, *, is_twin: bool
) -> None:
    first, _ = cucm.call("near", "far")
    undone = rest_of(first.header.journal_id)
    left = twin_of(undone) if is_twin else undone
    wire.folder.joinpath(f"{left.hex}.cvj").touch()
    wire.now_ns += 12 * 3600 * SECOND_NS
    cucm.wait(6)
    ids = {one.header.journal_id for one in wire.receiver.calls[2:]}
    assert ids == {rest_of(undone), twin_of(rest_of(undone))}
    wire.folder.joinpath(f"{rest_of(undone).hex}.cvj").touch()
    assert has_rest(wire.folder, undone)  # and so the call itself waits for its end
    assert has_rest(wire.folder, first.header.journal_id)


def test_the_journal_of_a_refused_leg_is_nobodys_twin(cucm: Cucm, wire: Wire) -> None:
    wire.receiver.failures = [SpoolFull("no room")]
    assert cucm.send("INVITE", "near") == [100, 503]
    [journal] = cucm.call("far", call="2")
    assert journal.header.twin_of is None
    assert journal.header.journal_id != UUID(int=0)


def test_a_pause_of_both_legs_is_told_of_once_when_the_portal_says(cucm: Cucm, wire: Wire) -> None:
    first, _ = cucm.call("near", "far")
    rules = Modes(pauses=Pauses(alarm_after_s=60))
    snapshot = msgspec.structs.replace(SNAPSHOT, modes=rules)
    wire.recorder._policy.in_force = PolicyInForce.of(snapshot)
    for dialog in wire.recorder.dialogs.values():
        asyncio.run(dialog.pause(who="ann"))
        cucm.wait(1)
    keeper = PauseKeeper(wire.recorder, ControlConfig(), wire.recorder.read_clocks)
    for seconds in (50, 15, 5):
        cucm.wait(seconds)
        keeper.look()
    told = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert [(one.kind, one.values["journal"]) for one in told] == [
        ("pause_forgotten", str(first.header.journal_id))
    ]
