"""How many recordings are made at a time (CAP-8, channel-based)."""

from uuid import UUID

import msgspec
import pytest

from callvault.monitoring.live_calls import NodeDoor
from callvault.policy.capacity import CapacityModel, CapacityRules
from callvault.policy.decision import Assignment, Decision, Direction, Party, Verdict
from callvault.policy.modes import RecordingMode
from callvault.recorder.channels import Channels, is_shared, recordings_of
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.neighbours import FRESH_NS, Neighbours
from callvault.recorder.states import State
from callvault.spool.entries import CallVerdict, NodeEvent
from tests.policy.cast import SNAPSHOT, person
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp
from tests.recorder.test_cucm_calls import SECOND_NS, Cucm
from tests.recorder.test_service import Wire, wire

__all__ = ["wire"]
TWO = CapacityRules(CapacityModel.CHANNELS, 2)
NOBODY = both(sdp(), metadata("sip:7777@pbx.example", REMOTE))


def made(number: int, *, mode: str = "always_on", until_ns: int = 0) -> Assignment:
    return Assignment(
        recording_id=UUID(int=number),
        owner_id=UUID(int=1),
        owner_username="u",
        owner_name="U",
        owner_extension="1",
        owner_group="",
        direction=Direction.IN,
        local=Party(),
        remote=Party(),
        owner_streams=(0,),
        remote_streams=(1,),
        mode=mode,
        until_ns=until_ns,
    )


def decision(*assignments: Assignment, offered: tuple[Assignment, ...] = ()) -> Decision:
    return Decision(Verdict.RECORDED, (), assignments, offered=offered)


JOURNAL = UUID(int=50)


@pytest.mark.parametrize(
    ("judged", "count"),
    [
        (None, 1),
        (decision(), 0),
        (decision(made(1)), 1),
        (decision(made(1), made(2)), 2),
        (decision(made(1, until_ns=5), made(2)), 1),
        (decision(offered=(made(1, mode=RecordingMode.ON_DEMAND),)), 0),
        (decision(offered=(made(1, mode=RecordingMode.LIVE_KEEP),)), 1),
    ],
)
def test_a_call_takes_as_many_places_as_it_makes_recordings(
    judged: Decision | None, count: int
) -> None:
    assert len(recordings_of(JOURNAL, judged)) == count


def test_both_legs_of_a_call_of_cucm_are_one_recording_and_a_peak_stays() -> None:
    channels = Channels()
    channels.count([(UUID(int=60), decision(made(1))), (UUID(int=61), decision(made(1)))])
    assert channels.in_use == 1
    channels.count([(UUID(int=60), decision(made(1))), (UUID(int=61), None)])
    assert channels.refusal(TWO) == "channels"
    channels.count([])
    assert (channels.in_use, channels.peak, channels.refusal(TWO)) == (0, 2, "")
    assert channels.refusal(CapacityRules(CapacityModel.USERS, 0)) == ""


def test_what_other_nodes_record_counts_as_long_as_they_report(wire: Wire) -> None:
    limit(wire, 3)
    now_ns = wire.recorder.read_clocks().realtime_ns
    others = Neighbours(lambda: [NodeDoor("rec-2", recordings=2, at_ns=now_ns)])
    others.refresh()
    wire.recorder.count_elsewhere(
        lambda: others.recordings(wire.recorder.read_clocks().realtime_ns)
    )
    assert [wire.invite() for _ in range(2)] == [[100, 200], [100, 503]]
    wire.now_ns += FRESH_NS + SECOND_NS
    assert [wire.invite() for _ in range(3)] == [[100, 200], [100, 200], [100, 503]]


def limit(wire: Wire, most: int) -> None:
    """Have the recorder know of a capacity."""
    rules = CapacityRules(CapacityModel.CHANNELS, most)
    wire.recorder._policy.in_force = PolicyInForce.of(
        msgspec.structs.replace(SNAPSHOT, capacity=rules)
    )


def test_beyond_the_capacity_calls_are_refused_and_the_refusal_is_told(wire: Wire) -> None:
    limit(wire, 2)
    assert [wire.invite() for _ in range(3)] == [[100, 200], [100, 200], [100, 503]]
    (verdict,) = wire.receiver.node_events
    assert isinstance(verdict, CallVerdict)
    assert (verdict.verdict, verdict.sip_status) == (Verdict.REFUSED, 503)
    assert verdict.decision.steps[1].values == {"reason": "channels"}
    wire.recorder.look_after()
    assert wire.recorder.agent.unavailable == "channels"
    figures = wire.recorder.figures(policy_age_s=0, loop_lag_s=0)
    assert (figures.recordings, figures.most_recordings, figures.refusal) == (2, 2, "channels")
    limit(wire, 3)
    assert wire.invite() == [100, 200]


def test_a_call_that_is_not_recorded_takes_no_place(wire: Wire) -> None:
    limit(wire, 1)
    assert [wire.invite(NOBODY, MULTIPART), wire.invite()] == [[100, 200], [100, 200]]
    assert wire.invite() == [100, 503]


def test_a_number_of_several_people_is_told_of_at_the_end(wire: Wire) -> None:
    twin = person(4, username="twin", extension="1001")
    wire.recorder._policy.in_force = PolicyInForce.of(
        msgspec.structs.replace(SNAPSHOT, people=(*SNAPSHOT.people, twin))
    )
    wire.invite(both(sdp(), metadata(ANN, REMOTE)))
    (dialog,) = wire.recorder.dialogs.values()
    assert is_shared(dialog.session.decision)
    wire.recorder.abandon()
    (event,) = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert (event.kind, event.severity) == ("owner_ambiguous", "warning")
    assert "1001" not in str(event.values)


def test_the_two_calls_of_cucm_take_one_place_and_are_one_recording_without_assignee(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        type(wire.recorder), "_now", lambda self: wire.now_ns / SECOND_NS - 1_700_000_000
    )
    cucm = Cucm(wire)
    nobody = person(9, username="catch-all", extension="", active=False)
    wire.recorder._policy.in_force = PolicyInForce.of(
        msgspec.structs.replace(
            SNAPSHOT,
            people=(nobody,),
            catch_all=nobody.user_id,
            capacity=CapacityRules(CapacityModel.CHANNELS, 1),
        )
    )
    cucm.call("near", "far")  # the second one is taken though all places are
    assert cucm.send("INVITE", "near", call="other", refci="25471899") == [100, 503]
    made = [
        one
        for dialog in wire.recorder.dialogs.values()
        if dialog.session.state is not State.ENDING and dialog.session.decision
        for one in dialog.session.decision.assignments
    ]
    assert len(made) == 2
    assert {one.owner_username for one in made} == {"catch-all"}
    assert len({one.recording_id for one in made}) == 1
    assert {one.local.number for one in made} == {"1001"}
