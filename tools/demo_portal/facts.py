"""What the demo portal's calls left behind, as a worker would hand it to the catalogue. Pure."""

from collections.abc import Iterator
from uuid import NAMESPACE_URL, UUID, uuid5

from callvault.clock import ns_from_utc
from callvault.finalise.catalogue import (
    CallFacts,
    ChannelQuality,
    ParticipantSpan,
    PhoneSystemDetail,
    QualityReport,
    RecordingFacts,
    SealedObjectFact,
    TimelineItem,
)
from callvault.monitoring.reachability import NodeCheck
from callvault.monitoring.reachability import Outcome as CheckOutcome
from callvault.policy.decision import Assignment, Decision, Direction, Outcome, Party, Step, Verdict
from callvault.spool.entries import PeerAttempt, TrunkRef
from callvault.vault import SealedRecording
from tools.demo_portal import cast, strained
from tools.demo_portal.sound import RATE_HZ

NODE, PEER, TRUNK_NAME = "rec-1", "192.0.2.14", "Webex"
HOLD_S, PAUSE_S, LOST_S = (102, 151), (238, 262), (300, 302)  # of the call cast.HELD


def demo_id(*parts: str) -> UUID:
    """Return an id that is the same in each run, so that pictures do not change by themselves."""
    return uuid5(NAMESPACE_URL, "/".join(("callvault-demo", *parts)))


def recording_id_of(call: cast.DemoCall) -> UUID:
    """Return the id that the call's recording has in each run."""
    return demo_id("recording", call.at)


def recording_facts(
    call: cast.DemoCall,
    user: cast.DemoUser,
    user_id: UUID,
    trunk: TrunkRef,
    sealed: SealedRecording,
) -> RecordingFacts:
    """Return the facts of a call that was recorded and sealed."""
    assignment = _assignment(call, user, user_id)
    started_at_ns = ns_from_utc(call.started_at)
    return RecordingFacts(
        assignment=assignment,
        interaction_id=demo_id("interaction", _conversation_of(call)),
        journal_ids=(demo_id("journal", call.at),),
        trunk=trunk,
        node=NODE,
        peer=PEER,
        call_id=f"{demo_id('call', call.at).hex[:8]}@{PEER}",
        started_at_ns=started_at_ns,
        ended_at_ns=started_at_ns + call.length_s * 1_000_000_000,
        duration_ms=call.length_s * 1000,
        end_reason="bye",
        audio_format="mp3",
        sample_rate_hz=RATE_HZ,
        objects=tuple(
            SealedObjectFact(one.kind.value, one.size_bytes, one.sha256) for one in sealed.objects
        ),
        envelope_certificates=tuple(one.sha256 for one in sealed.certificates),
        quality=_quality(call),
        timeline=_timeline(call, user),
        decision=_recorded(user, assignment),
        phone_system=_said(call, user),
        participants=_participants(call, user),
    )


def _conversation_of(call: cast.DemoCall) -> str:
    return "one" if call in cast.CONVERSATION else strained.conversation_of(call)


def _participants(call: cast.DemoCall, user: cast.DemoUser) -> tuple[ParticipantSpan, ...]:
    length_ms = call.length_s * 1000
    people = [
        ParticipantSpan(call.remote_name, call.remote, 0, length_ms),
        ParticipantSpan(user.full_name, user.extension, 0, length_ms, is_owner=True),
    ]
    if call == cast.CONVERSATION[0]:  # a third one joins for a while
        people.append(ParticipantSpan(*cast.JOINED, 65_000, 190_000))
    return tuple(people)


def _assignment(call: cast.DemoCall, user: cast.DemoUser, user_id: UUID) -> Assignment:
    return Assignment(
        recording_id=recording_id_of(call),
        owner_id=user_id,
        owner_username=user.username,
        owner_name=user.full_name,
        owner_extension=user.extension,
        owner_group=user.group,
        direction=Direction(call.direction),
        local=Party(number=user.extension, name=user.full_name),
        remote=Party(number=call.remote, name=call.remote_name),
        owner_streams=(0,),
        remote_streams=(1,),
    )


def _said(call: cast.DemoCall, user: cast.DemoUser) -> tuple[PhoneSystemDetail, ...]:
    """Return what a Webex tenant says of a call."""
    began = call.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    way = "origCall" if call.direction == "out" else "termCall"
    said = (
        ("extTrackingID", f"{demo_id('tracking', call.at)}:1"),
        ("serviceProviderID", "NORTHGATE-1"),
        ("userID", f"{user.username}@northgate.example"),
        ("callID", f"callhalf-{call.length_s}0{len(user.username)}:0"),
        (f"callType/{way}/callingPartyNumber", call.remote),
        ("recordingType", "on"),
    )
    return (
        PhoneSystemDetail("", "start-time", began, is_time=True),
        *(PhoneSystemDetail("", f"broadWorksRecordingMetadata/{one}", text) for one, text in said),
        PhoneSystemDetail(user.full_name, "joined", began, is_time=True),
        PhoneSystemDetail(call.remote_name or call.remote, "joined", began, is_time=True),
    )


def _quality(call: cast.DemoCall) -> QualityReport:
    packets = call.length_s * 50
    lost = {"loss": packets // 50, "": packets // 5000}.get(call.flag, 0)

    def channel(*, silent: bool, lost: int) -> ChannelQuality:
        return ChannelQuality(
            packets=0 if silent else packets - lost,
            lost=lost,
            duplicates=0,
            reordered=0,
            late_start_ms=0,
            peak_dbfs=-120.0 if silent else -4.1,
            rms_dbfs=-120.0 if silent else -23.5,
            silent=silent,
            clipped_samples=0,
            drift_ppm=1.5,
            codecs=("PCMA",),
        )

    length_ms = call.length_s * 1000
    return QualityReport(
        owner=channel(silent=False, lost=lost),
        remote=channel(silent=call.flag == "one_way", lost=lost),
        flags=(call.flag,) if call.flag else (),
        signalled_ms=length_ms,
        recorded_ms=length_ms,
    )


def _timeline(call: cast.DemoCall, user: cast.DemoUser) -> tuple[TimelineItem, ...]:
    name = user.full_name
    first = TimelineItem(0, "answered", who=name)
    last = TimelineItem(call.length_s * 1000, "ended")
    if call == cast.CONVERSATION[0]:
        joined = TimelineItem(65_000, "party_joined", who=cast.JOINED[0])
        return (first, joined, TimelineItem(190_000, "party_left", who=cast.JOINED[0]), last)
    if call.at != cast.HELD_AT:
        return (first, last)
    hold, pause, lost = (
        (start * 1000, (end - start) * 1000) for start, end in (HOLD_S, PAUSE_S, LOST_S)
    )
    return (
        first,
        TimelineItem(hold[0], "held", length_ms=hold[1], who=name),
        TimelineItem(sum(hold), "resumed"),
        TimelineItem(pause[0], "paused", length_ms=pause[1], who=name, detail="card number"),
        TimelineItem(sum(pause), "unpaused"),
        TimelineItem(lost[0], "lost", length_ms=1200, channel="remote"),
        TimelineItem(last.offset_ms, "transferred", who="Bruno Castellani"),
    )


def _steps(user: cast.DemoUser) -> tuple[Step, ...]:
    owner = {
        "username": user.username,
        "name": user.full_name,
        "number": user.extension,
        "group": user.group,
        "matched_by": "extension",
    }
    return (
        Step("known_source", Outcome.PASSED, {"trunk": TRUNK_NAME, "peer": PEER}),
        Step("room", Outcome.PASSED, {"calls": "38"}),
        Step("owner", Outcome.PASSED, owner),
        Step("mode", Outcome.PASSED, {"mode": "always_on", "trunk": TRUNK_NAME}),
    )


def _recorded(user: cast.DemoUser, assignment: Assignment) -> Decision:
    return Decision(Verdict.RECORDED, _steps(user), (assignment,), snapshot_revision=7)


def call_facts(call: cast.DemoCall, facts: RecordingFacts) -> CallFacts:
    """Return the row of Call decisions of a recorded call."""
    number = facts.assignment.owner_extension
    outgoing = facts.assignment.direction is Direction.OUT
    return CallFacts(
        event_id=facts.journal_ids[0],
        at_ns=facts.started_at_ns,
        verdict=Verdict.RECORDED,
        decision=facts.decision,
        trunk=facts.trunk,
        node=NODE,
        peer=PEER,
        call_id=facts.call_id,
        caller=number if outgoing else call.remote,
        callee=call.remote if outgoing else number,
        duration_ms=facts.duration_ms,
        recording_ids=(facts.assignment.recording_id,),
    )


_LUKAS = {"username": "lukas.brandt", "name": "Lukas Brandt", "number": "2027", "group": "Claims"}


def verdicts(trunk: TrunkRef) -> Iterator[CallFacts]:
    """Yield calls that left no recording, one of each sort."""
    source = Step("known_source", Outcome.PASSED, {"trunk": TRUNK_NAME, "peer": PEER})
    room = Step("room", Outcome.PASSED, {"calls": "212"})
    nobody = {"reason": "no_match", "number": "2077", "caller": "+15550188", "callee": "2077"}
    full = Step("room", Outcome.STOPPED, {"reason": "ports"})
    owner, mode = Step("owner", Outcome.NOT_REACHED), Step("mode", Outcome.NOT_REACHED)
    never = Step("mode", Outcome.STOPPED, {"mode": "never", "trunk": TRUNK_NAME})
    known = Step("owner", Outcome.PASSED, {**_LUKAS, "matched_by": "extension"})
    told = (
        (
            "12:52:07",
            Verdict.DISCARDED,
            (source, room, Step("owner", Outcome.STOPPED, nobody), mode),
        ),
        ("12:40:31", Verdict.FILTERED, (source, room, known, never)),
        ("12:31:12", Verdict.REFUSED, (source, full, owner, mode)),
        ("11:07:44", Verdict.FAILED, (source, room, known)),
    )
    for at, verdict, steps in told:
        yield CallFacts(
            event_id=demo_id("verdict", at),
            at_ns=ns_from_utc(cast.DemoCall(at, "", "in", "", "0:00").started_at),
            verdict=verdict,
            decision=Decision(verdict, steps, snapshot_revision=7),
            trunk=trunk,
            node=NODE,
            peer=PEER,
            call_id=f"{demo_id('call', at).hex[:8]}@{PEER}",
            caller="+15550188",
            callee="2077" if verdict is Verdict.DISCARDED else "2027",
            sip_status=503 if verdict is Verdict.REFUSED else 0,
            problem="no audio arrived for 300 s" if verdict is Verdict.FAILED else "",
        )


def attempts() -> Iterator[PeerAttempt]:
    """Yield what a source without a trunk sent."""
    moment = cast.DemoCall("13:20:10", "", "in", "", "0:00").started_at
    yield PeerAttempt(
        at_ns=ns_from_utc(moment),
        event_id=demo_id("attempt"),
        peer_address="203.0.113.9",
        peer_port=5060,
        transport="udp",
        method="INVITE",
        request_uri="sip:recorder@198.51.100.4",
        user_agent="SBC 9.2",
        count=3,
    )


def node_checks() -> tuple[NodeCheck, ...]:
    """Return what a test of the node found."""
    told = {"target": "192.0.2.200:5060", "status": "200"}
    files = {"limit": "1024", "calls": "104", "calls_by_ports": "5692"}
    return (
        NodeCheck("udp", CheckOutcome.PASSED, told),
        NodeCheck("tcp", CheckOutcome.PASSED, told),
        NodeCheck("tls", CheckOutcome.PASSED, told | {"target": "192.0.2.200:5061"}),
        NodeCheck("media_ports", CheckOutcome.PASSED, {"free": "11378", "taken": "6"}),
        NodeCheck("open_files", CheckOutcome.REMARK, files),
    )
