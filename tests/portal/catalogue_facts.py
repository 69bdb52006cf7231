"""Facts as a worker hands them to the catalogue, with everything but what a test is about."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

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
from callvault.policy.decision import (
    Assignment,
    Decision,
    Direction,
    Outcome,
    Party,
    Step,
    Verdict,
)
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.spool.entries import TrunkRef

CALLER = Party("+15550142")
TRUNK = TrunkRef(UUID("11111111-1111-4111-8111-111111111111"), "Webex")
STARTED = datetime(2026, 11, 23, 13, 25, 30, tzinfo=UTC)
RECORDED = Decision(
    Verdict.RECORDED,
    (
        Step("known_source", Outcome.PASSED, {"peer": "192.0.2.14", "trunk": "Webex"}),
        Step("room", Outcome.PASSED, {"calls": "3"}),
        Step(
            "owner",
            Outcome.PASSED,
            {"matched_by": "extension", "number": "2014", "name": "Ann Keller"},
        ),
        Step("mode", Outcome.PASSED, {"mode": "always_on", "trunk": "Webex"}),
    ),
    snapshot_revision=87,
)


@dataclass(frozen=True)
class Spoken:
    """What a test says of a recording; the rest is as usual."""

    remote: Party = CALLER
    direction: Direction = Direction.IN
    started_at: datetime = STARTED
    duration_ms: int = 372_400
    flags: tuple[str, ...] = ()
    timeline: tuple[TimelineItem, ...] = ()
    lost: int = 0
    undecrypted: int = 0  # packets of the remote party
    recovered: int = 0  # likewise, of those lost
    interaction_id: UUID = field(default_factory=uuid4)
    recording_id: UUID = field(default_factory=uuid4)
    group: str | None = None  # None: the owner's
    phone_system: tuple[PhoneSystemDetail, ...] = ()
    confidence: str = "high"  # of direction and channels
    conversation: tuple[str, ...] = ()
    participants: tuple[ParticipantSpan, ...] = ()


def channel(lost: int = 0, undecrypted: int = 0, recovered: int = 0) -> ChannelQuality:
    """Return what was received of a channel on which all went well, but for `lost` packets."""
    return ChannelQuality(
        packets=18_620 - lost,
        lost=lost,
        duplicates=0,
        reordered=0,
        late_start_ms=0,
        peak_dbfs=-6.0,
        rms_dbfs=-24.0,
        silent=False,
        clipped_samples=0,
        drift_ppm=0.0,
        codecs=("PCMA",),
        undecrypted_packets=undecrypted,
        recovered_packets=recovered,
    )


def recording_facts(owner: User, spoken: Spoken) -> RecordingFacts:
    """Return a sealed recording of an owner's call."""
    started_ns = ns_from_utc(spoken.started_at)
    return RecordingFacts(
        assignment=assignment_of(owner, spoken),
        interaction_id=spoken.interaction_id,
        journal_ids=(uuid4(),),
        trunk=TRUNK,
        node="rec-1",
        peer="192.0.2.14:5060",
        call_id="7c1e94d0@192.0.2.14",
        started_at_ns=started_ns,
        ended_at_ns=started_ns + spoken.duration_ms * 1_000_000,
        duration_ms=spoken.duration_ms,
        end_reason="bye",
        audio_format="mp3",
        sample_rate_hz=8000,
        objects=(
            SealedObjectFact("audio", 1_489_600, "ab" * 32),
            SealedObjectFact("metadata", 4_000, "cd" * 32),
        ),
        envelope_certificates=("4f" * 32,),
        quality=QualityReport(
            owner=channel(),
            remote=channel(spoken.lost, spoken.undecrypted, spoken.recovered),
            flags=spoken.flags,
            signalled_ms=spoken.duration_ms,
            recorded_ms=spoken.duration_ms,
        ),
        timeline=spoken.timeline,
        phone_system=spoken.phone_system,
        decision=RECORDED,
        participants=spoken.participants,
    )


def assignment_of(owner: User, spoken: Spoken) -> Assignment:
    """Return whose the recording is, as policy said it."""
    return Assignment(
        recording_id=spoken.recording_id,
        owner_id=UUID(str(owner.public_id)),
        owner_username=owner.username,
        owner_name=owner.get_full_name(),
        owner_extension=owner.extension,
        owner_group=owner.group if spoken.group is None else spoken.group,
        direction=spoken.direction,
        local=Party(owner.extension),
        remote=spoken.remote,
        owner_streams=(0,),
        remote_streams=(1,),
        confidence=spoken.confidence,
        direction_confidence=spoken.confidence,
        conversation=spoken.conversation,
    )


def call_facts(
    *recordings: RecordingFacts,
    decision: Decision = RECORDED,
    at: datetime = STARTED,
    caller: str = "+15550142",
    callee: str = "2014",
    problem: str = "",
) -> CallFacts:
    """Return the call that recordings are of, or that left none."""
    return CallFacts(
        event_id=uuid4(),
        at_ns=ns_from_utc(at),
        verdict=decision.verdict,
        decision=decision,
        trunk=TRUNK,
        node="rec-1",
        peer="192.0.2.14:5060",
        call_id="7c1e94d0@192.0.2.14",
        caller=caller,
        callee=callee,
        duration_ms=372_400,
        recording_ids=tuple(one.assignment.recording_id for one in recordings),
        problem=problem,
    )


def list_recording(owner: User, spoken: Spoken | None = None) -> Recording:
    """Hand a recording to the catalogue and return its row."""
    facts = recording_facts(owner, spoken or Spoken())
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    return recordings_in_catalogue().get(recording_id=facts.assignment.recording_id)
