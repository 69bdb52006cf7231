"""The recorder around the sessions, on a wire without sockets."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from callvault import sip
from callvault.capture import Alarm
from callvault.clock import Instant
from callvault.config.sections import CapacityConfig, Config, NodeConfig, SpoolConfig
from callvault.errors import SpoolFull
from callvault.monitoring import page
from callvault.policy.decision import Outcome, Step, Verdict
from callvault.recorder.draining import DrainOrder
from callvault.recorder.journals import JournalOpener
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.service import Recorder
from callvault.spool.entries import (
    CallVerdict,
    Decided,
    DialogEnded,
    MetadataSeen,
    NodeEvent,
    PeerAttempt,
    SignallingSeen,
    TimelineEvent,
)
from tests.policy.cast import SNAPSHOT, TRUNK
from tests.recorder.bench import FLOW, START
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, request, sdp
from tests.recorder.fakes import MemoryReceiver

CALL = both(sdp(), metadata(ANN, REMOTE))
DAY_NS = 86_400_000_000_000


@dataclass
class Wire:
    """A recorder whose agent is fed with bytes, on a clock turned by hand."""

    folder: Path
    receiver: MemoryReceiver = field(default_factory=MemoryReceiver)
    min_free_bytes: int = 0
    capacity: CapacityConfig = field(default_factory=CapacityConfig)
    now_ns: int = START
    calls: int = 0

    def __post_init__(self) -> None:
        self.receiver.folder = self.folder
        config = Config(
            node=NodeConfig(name="node-1", data_folder=self.folder),
            capacity=self.capacity,
            spool=SpoolConfig(self.folder, min_free_bytes=self.min_free_bytes),
        )
        policy = PolicySource(None, self.folder / "snapshot.json")
        policy.in_force = PolicyInForce.of(SNAPSHOT)
        receiver = self.receiver.as_receiver()
        opener = JournalOpener(receiver, lambda key, certificates: b"sealed", ())
        self.recorder = Recorder(
            config,
            receiver,
            opener,
            policy,
            read_clocks=lambda: Instant(self.now_ns, self.now_ns - START),
        )

    def send(self, message: bytes, flow: sip.Flow = FLOW) -> list[int]:
        """Hand a message in; return the status codes of what comes out."""
        self.recorder.agent.receive(message, flow=flow, now=0.0)
        return self.settle()

    def settle(self) -> list[int]:
        """Let events and commands run out, as a pump does."""
        statuses: list[int] = []
        while True:
            out = [raw for _, raw in self.recorder.agent.messages_to_send()]
            statuses += [int(raw[8:11]) for raw in out if raw.startswith(b"SIP/2.0")]
            events = self.recorder.agent.events()
            if not events and not out:
                return statuses
            self.recorder.take_events(events)

    def invite(self, body: bytes = CALL, content_type: str = MULTIPART) -> list[int]:
        """Place a call of its own."""
        self.calls += 1
        raw = bytes(request("INVITE", body, content_type))
        raw = raw.replace(b"call-1@", b"call-%d@" % self.calls).replace(
            b"bK1\r", b"bK%d\r" % self.calls
        )
        return self.send(raw)


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(tmp_path)


def test_a_call_is_answered_and_its_journal_told(wire: Wire) -> None:
    assert wire.invite() == [100, 200]
    assert wire.recorder.calls_in_progress == 1
    assert wire.receiver.allowed == [("0.0.0.0/0", "::/0")] * 2


def test_a_fault_in_one_session_is_answered_500_and_never_touches_another(wire: Wire) -> None:
    wire.invite()
    wire.receiver.failures = [RuntimeError("a fault of ours")]
    assert wire.invite() == [100, 500]
    assert wire.invite() == [100, 200]
    assert wire.recorder.calls_in_progress == 2


def test_a_journal_that_cannot_be_opened_refuses_its_call_only(wire: Wire) -> None:
    wire.receiver.failures = [SpoolFull("no room")]
    assert wire.invite() == [100, 503]
    (verdict,) = wire.receiver.node_events
    assert isinstance(verdict, CallVerdict)
    assert verdict.decision.steps[1].values == {"reason": "spool"}
    assert wire.invite() == [100, 200]


def test_entries_that_find_no_room_do_not_end_the_call(wire: Wire) -> None:
    wire.invite()
    wire.receiver.is_full = True
    wire.recorder.stop()
    assert wire.recorder.calls_in_progress == 1


def test_ports_that_run_out_are_told_once_and_refuse_until_one_is_free(wire: Wire) -> None:
    wire.invite()
    wire.receiver.ports_left = 1
    assert wire.invite() == [100, 503]
    assert wire.recorder.agent.unavailable == "ports"
    wire.recorder.look_after()
    assert wire.invite() == [100, 503]
    wire.receiver.calls[0].streams[0].close()
    wire.receiver.ports_left = 2
    wire.recorder.look_after()
    assert wire.recorder.agent.unavailable == ""
    kinds = [one.kind for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert kinds == ["ports_exhausted"]


def test_a_client_that_wants_to_receive_is_told_of_once_an_hour(wire: Wire) -> None:
    wrong = both(sdp("recvonly", "sendonly"), metadata(ANN, REMOTE))
    assert wire.invite(wrong) == wire.invite(wrong) == [100, 200]
    wire.now_ns += DAY_NS // 24
    wire.invite(wrong)
    told = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert [(one.kind, one.values) for one in told] == [
        ("offered_recvonly", {"trunk": TRUNK.name})
    ] * 2


def test_calls_beyond_the_limit_are_refused_until_one_ends(tmp_path: Path) -> None:
    wire = Wire(tmp_path, capacity=CapacityConfig(max_calls=2))
    assert [wire.invite() for _ in range(3)] == [[100, 200], [100, 200], [100, 503]]
    assert wire.recorder.agent.unavailable == "calls"
    (verdict,) = wire.receiver.node_events
    assert isinstance(verdict, CallVerdict)
    assert verdict.decision.steps[1] == Step("room", Outcome.STOPPED, {"reason": "calls"})
    wire.recorder.abandon()
    assert wire.recorder.agent.unavailable == ""


def test_operators_hear_once_that_a_node_is_full_and_once_that_it_is_not(tmp_path: Path) -> None:
    wire = Wire(tmp_path, capacity=CapacityConfig(max_calls=1))
    wire.invite()
    wire.recorder.look_after()
    wire.recorder.look_after()
    wire.recorder.abandon()
    wire.recorder.look_after()
    told = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert [(one.kind, one.values["calls"]) for one in told] == [
        ("overloaded", "1"),
        ("overload_over", "0"),
    ]


def test_calls_that_come_too_fast_are_refused_and_may_soon_try_again(tmp_path: Path) -> None:
    wire = Wire(tmp_path, capacity=CapacityConfig(calls_per_second=1))
    answers = [wire.invite() for _ in range(6)]
    assert answers == [*[[100, 200]] * 5, [100, 503]]
    assert wire.recorder.agent.unavailable == ""
    assert wire.recorder.calls_in_progress == 5


def test_a_loop_that_lags_refuses_calls_until_it_has_caught_up(wire: Wire) -> None:
    for late_s in (0.9, 0.9):
        wire.recorder.capacity.look(late_s=late_s)
    assert wire.invite() == [100, 503]
    wire.recorder.capacity.look(late_s=0.0)
    assert wire.invite() == [100, 200]


def test_what_the_agent_itself_refuses_is_a_verdict_too(wire: Wire) -> None:
    raw = bytes(request("INVITE", CALL, MULTIPART, headers="Require: teleport\r\n"))
    assert wire.send(raw) == [420]
    (verdict,) = wire.receiver.node_events
    assert isinstance(verdict, CallVerdict)
    assert (verdict.verdict, verdict.sip_status) == (Verdict.REFUSED, 420)
    assert [one.code for one in verdict.decision.steps if one.outcome is Outcome.STOPPED] == [
        "offer"
    ]


def test_a_stranger_is_told_of_and_not_answered(wire: Wire) -> None:
    stranger = sip.Flow("tcp", ("192.0.2.200", 5060), ("198.51.100.7", 40000), 7)
    raw = bytes(request("INVITE", headers="User-Agent: scanner\r\n"))
    assert wire.send(raw, stranger) == []
    (attempt,) = wire.receiver.node_events
    assert isinstance(attempt, PeerAttempt)
    assert attempt == PeerAttempt(
        at_ns=wire.now_ns,
        event_id=attempt.event_id,
        peer_address="198.51.100.7",
        peer_port=40000,
        transport="tcp",
        method="INVITE",
        request_uri="sip:srs@192.0.2.200",
        user_agent="scanner",
        count=1,
    )


def test_a_disk_that_becomes_low_and_recovers_is_told_once_each(tmp_path: Path) -> None:
    wire = Wire(tmp_path, min_free_bytes=1 << 60)
    wire.recorder.look_after()
    wire.recorder.look_after()
    wire.recorder.room.min_free_bytes = 0
    wire.recorder.look_after()
    events = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert [(one.kind, one.severity) for one in events] == [
        ("disk_low", "error"),
        ("disk_recovered", "info"),
    ]


def test_an_order_to_drain_refuses_new_calls_and_leaves_the_others_alone(wire: Wire) -> None:
    wire.invite()
    order = DrainOrder(0, 1)
    for _ in range(2):
        wire.recorder.follow(order)
    assert wire.invite() == [100, 503]
    assert wire.recorder.calls_in_progress == 1
    wire.recorder.follow(None)
    assert wire.invite()[-1] == 200
    kinds = [one.kind for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert kinds == ["draining", "drain_undone"]


def test_the_figures_count_by_trunk_and_by_reason(wire: Wire) -> None:
    wire.invite()
    wire.recorder.follow(DrainOrder(0, 1))
    wire.invite()
    wire.recorder.look_after()
    figures = wire.recorder.figures(policy_age_s=1.0, loop_lag_s=0.0)
    trunk = SNAPSHOT.trunks[0].name
    assert figures.calls == {trunk: 1}
    assert figures.status == "draining, 1 call left"
    samples = {(one.name, one.labels): one.value for one in figures.samples()}
    assert samples["callvault_recorder_invites_total", (trunk,)] == 2
    assert samples["callvault_recorder_refusals_total", ("draining",)] == 1
    assert page(figures.samples())


def test_the_heartbeat_tells_of_each_trunk_its_calls_and_its_last_sign_of_life(
    wire: Wire,
) -> None:
    wire.invite()
    wire.now_ns += 5_000_000_000
    options = bytes(request("OPTIONS")).replace(b"bK1\r", b"bK99\r").replace(b"call-1@", b"ping@")
    assert wire.send(options) == [200]
    figures = wire.recorder.figures(policy_age_s=1.0, loop_lag_s=0.0)
    trunk = SNAPSHOT.trunks[0].name
    assert figures.heartbeat()["trunks"] == {trunk: {"calls": 1, "heard_at_ns": wire.now_ns}}


def test_alarms_of_capture_become_events_of_the_node(wire: Wire) -> None:
    wire.receiver.waiting_alarms = [
        Alarm(1, "buffer_small", None, "131072 of 524288 bytes"),
        Alarm(2, "write_failed", None, "no space"),
    ]
    wire.recorder.look_after()
    events = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert [(one.kind, one.severity, one.values["detail"]) for one in events] == [
        ("buffer_small", "warning", "131072 of 524288 bytes"),
        ("write_failed", "error", "no space"),
    ]


def test_silent_calls_are_ended_within_a_round_of_looking(wire: Wire) -> None:
    wire.invite()
    wire.now_ns += 301 * 1_000_000_000
    for _ in range(5):
        wire.recorder.look_after()
    (journal,) = wire.receiver.calls
    assert [one.is_closed for one in journal.streams.values()] == [True, True]


def test_a_stop_refuses_calls_and_closes_the_journals_of_all_others(wire: Wire) -> None:
    wire.invite()
    wire.recorder.stop()
    assert wire.invite() == [100, 503]
    wire.recorder.abandon()
    (journal,) = wire.receiver.calls
    assert journal.is_closed
    assert journal.events[-1] == DialogEnded(wire.now_ns, "shutdown", by_us=True)
    assert wire.recorder.calls_in_progress == 0


def test_packets_of_one_sender_too_many_are_told_in_the_journal(wire: Wire) -> None:
    wire.invite()
    (journal,) = wire.receiver.calls
    journal.streams[1].dropped_sources = 7
    wire.recorder.stop()
    wire.recorder.abandon()
    told = TimelineEvent(wire.now_ns, "sources", detail="7", streams=(1,))
    assert [one for one in journal.events if one == told] == [told]
    assert isinstance(journal.events[-1], DialogEnded)


def test_the_node_journal_begins_anew_each_day(wire: Wire) -> None:
    wire.recorder.note("one")
    wire.now_ns += DAY_NS
    wire.recorder.note("two")
    assert [(len(one.events), one.is_closed) for one in wire.receiver.journals] == [
        (1, True),
        (1, False),
    ]


def test_an_event_of_the_node_that_cannot_be_written_costs_nothing(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.receiver.is_full = True
    wire.recorder.note("one")
    assert "node event cannot be written" in caplog.text


def test_a_live_dialog_is_found_by_its_journal(wire: Wire) -> None:
    wire.invite()
    journal_id = wire.receiver.calls[0].header.journal_id
    found = wire.recorder.find(journal_id)
    assert found is not None
    assert found.session.journal_id == journal_id
    assert wire.recorder.find(UUID(int=0)) is None


def test_logs_tell_the_story_of_a_session_by_id_and_no_number(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="callvault.recorder"):
        wire.invite()
        wire.recorder.stop()
        wire.recorder.abandon()
    story = [one for one in caplog.messages if one.startswith("rs=")]
    rs = wire.receiver.calls[0].header.journal_id
    assert [one.split()[1] for one in story] == [
        "offered",
        "ended",
        "decided",
        "captured",
        "spooled",
    ]
    assert all(one.startswith(f"rs={rs} ") for one in story)
    assert not any(number in caplog.text for number in ("1001", "5550142999", "Keller"))


def test_the_owner_is_named_where_the_call_was_answered(wire: Wire) -> None:
    wire.invite()
    told = [one for one in wire.receiver.calls[0].events if isinstance(one, TimelineEvent)]
    assert [(one.kind, one.who) for one in told] == [("answered", "Ann Keller")]


def test_an_overlong_call_is_split_into_recordings_of_its_own(wire: Wire) -> None:
    wire.invite()
    [first] = wire.receiver.calls
    first.streams[0].packets = 50
    wire.now_ns += 12 * 3600 * 1_000_000_000
    for _ in range(5):
        wire.recorder.look_after()
    first, second = wire.receiver.calls
    assert first.is_closed
    assert [one for one in first.events if isinstance(one, DialogEnded)] == [
        DialogEnded(wire.now_ns, "max_length", by_us=True)
    ]
    assert second.header.continues is None
    assert (first.header.rest_of, second.header.rest_of) == (None, first.header.journal_id)
    [invite] = [one for one in second.events if isinstance(one, SignallingSeen)]
    assert invite.raw.startswith(b"INVITE ")
    assert [one.raw for one in second.events if isinstance(one, MetadataSeen)] == [
        one.raw for one in first.events if isinstance(one, MetadataSeen)
    ]
    assert (second.header.call_id, second.header.peer) == (first.header.call_id, first.header.peer)
    ports = [[one.rtp_port for one in journal.streams.values()] for journal in (first, second)]
    assert ports[0] == ports[1]
    ids = [
        {
            one.recording_id
            for event in journal.events
            if isinstance(event, Decided)
            for one in event.decision.assignments
        }
        for journal in (first, second)
    ]
    assert [len(one) for one in ids] == [1, 1]
    assert ids[0] != ids[1]
    [answered] = [one for one in second.events if isinstance(one, TimelineEvent)]
    assert (answered.at_ns, answered.kind) == (wire.now_ns, "answered")
    assert wire.recorder.calls_in_progress == 1
    wire.recorder.stop()
    assert wire.settle() == []  # the BYE is out; nothing else happens to the call


def test_a_split_that_fails_ends_the_call_and_is_told(wire: Wire) -> None:
    wire.invite()
    for index in (0, 1):
        wire.receiver.calls[0].streams[index].packets = 50
    wire.now_ns += 12 * 3600 * 1_000_000_000
    wire.receiver.failures = [SpoolFull("no room")]
    for _ in range(5):
        wire.recorder.look_after()
    kinds = [one.kind for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    assert kinds == ["call_not_continued"]
    assert wire.recorder.calls_in_progress == 0


def test_a_line_that_was_heard_before_the_split_is_not_told_of_behind_it(wire: Wire) -> None:
    wire.invite()
    for stream in wire.receiver.calls[0].streams.values():
        stream.packets = 50
    wire.recorder.look_after()
    wire.receiver.calls[0].streams[0].packets = 60
    wire.now_ns += 12 * 3600 * 1_000_000_000
    for _ in range(5):
        wire.recorder.look_after()
    assert len(wire.receiver.calls) == 2
    wire.now_ns += 10_000_000_000
    wire.recorder.look_after()
    assert not [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]


STRICT = msgspec.structs.replace(TRUNK, strict_siprec=True)


@pytest.mark.parametrize(
    ("headers", "contact", "statuses"),
    [
        ("Require: siprec\r\n", b"+sip.src", [100, 200]),
        ("", b"+sip.src", [100, 403]),
        ("Supported: siprec\r\n", b"+sip.src", [100, 403]),
        ("Require: siprec\r\n", b"src", [100, 403]),
    ],
)
def test_a_strict_trunk_wants_both_signs_of_a_recording_session(
    wire: Wire, headers: str, contact: bytes, statuses: list[int]
) -> None:
    policy = wire.recorder._policy
    policy.in_force = PolicyInForce.of(msgspec.structs.replace(SNAPSHOT, trunks=(STRICT,)))
    raw = bytes(request("INVITE", CALL, MULTIPART, headers=headers))
    assert wire.send(raw.replace(b"+sip.src", contact)) == statuses
    verdicts = [one for one in wire.receiver.node_events if isinstance(one, CallVerdict)]
    assert [one.sip_status for one in verdicts] == ([] if statuses[-1] == 200 else [403])
    assert wire.recorder.calls_in_progress == (statuses[-1] == 200)


def test_a_trunk_with_a_digest_challenges_and_tells_of_wrong_answers(wire: Wire) -> None:
    trunk = msgspec.structs.replace(TRUNK, digest_user="sbc", digest_ha1_sha256="0" * 64)
    policy = wire.recorder._policy
    policy.in_force = PolicyInForce.of(msgspec.structs.replace(SNAPSHOT, trunks=(trunk,)))
    assert wire.invite() == [401]
    guess = 'Authorization: Digest username="sbc", realm="callvault", response="guess"\r\n'
    raw = bytes(request("INVITE", CALL, MULTIPART, headers=guess))
    assert wire.send(raw) == [401]
    [told] = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    values = {"trunk": "Main", "peer": "192.0.2.14:5060", "attempts": "1"}
    assert (told.kind, told.severity, told.values) == ("credentials_refused", "warning", values)
    assert wire.receiver.calls == []


def test_a_line_that_brings_nothing_is_told_within_the_call(wire: Wire) -> None:
    wire.invite()
    wire.receiver.calls[0].streams[0].packets = 50
    for _ in range(8):
        wire.now_ns += 1_000_000_000
        wire.recorder.look_after()
    wire.receiver.calls[0].streams[1].packets = 1
    wire.recorder.look_after()
    events = [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)]
    told = [(one.kind, one.severity, one.values["stream"]) for one in events]
    assert told == [("no_media", "warning", "1"), ("media_came", "info", "1")]
    lines = wire.receiver.calls[0].events
    kinds = [one.kind for one in lines if isinstance(one, TimelineEvent)]
    assert kinds == ["answered", "no_media", "media_came"]
