"""What finalise hands to the catalogue, and the port it hands it through.

The portal implements `Catalogue`; finalise knows no database. Each call is idempotent: a worker
that died after the commit repeats it without harm. Order of a hand-over, always: sealed objects
durable, then the catalogue's commit, then the journal removed. While the database cannot be used,
each call raises CatalogueUnreachable, and the worker tries again later.
"""

from typing import Literal, Protocol
from uuid import UUID

import msgspec

from callvault.policy.decision import Assignment, Decision, Verdict
from callvault.policy.legal_hold import Held
from callvault.spool.entries import NodeEvent, PeerAttempt, TrunkRef
from callvault.vault import SealedRecording


class TimelineItem(msgspec.Struct, frozen=True):
    """One line of a recording's timeline; `offset_ms` from the recording's start."""

    offset_ms: int
    kind: str  # as spool.entries.TimelineEvent, and: lost (audio missing), digit
    length_ms: int = 0  # of an interval: held, paused, lost
    who: str = ""
    detail: str = ""
    channel: Literal["owner", "remote", "both"] = "both"


class PhoneSystemDetail(msgspec.Struct, frozen=True):
    """One thing that the phone system said, for people to read (siprec.Detail)."""

    about: str  # name or number of a party; empty: the call
    name: str  # as the vendor writes it, or: start-time, stop-time, reason, joined, left
    value: str
    is_time: bool = False  # then in UTC, ISO 8601, by the device's clock


class ParticipantSpan(msgspec.Struct, frozen=True):
    """Someone who took part in a recording, from when to when; ms from its start."""

    name: str
    number: str
    from_ms: int
    until_ms: int
    is_owner: bool = False


class ChannelQuality(msgspec.Struct, frozen=True):
    """What was received of one channel."""

    packets: int
    lost: int
    duplicates: int
    reordered: int
    late_start_ms: int
    peak_dbfs: float  # -inf is written as -120
    rms_dbfs: float
    silent: bool
    clipped_samples: int
    drift_ppm: float
    codecs: tuple[str, ...]
    undecodable_packets: int = 0
    jitter_ms: float = 0.0
    undecrypted_packets: int = 0  # SRTP that no negotiated key opens, beside `packets`
    recovered_packets: int = 0  # of those lost: heard, since the next one held them once more


class QualityReport(msgspec.Struct, frozen=True):
    """The check at close (DATA-7).

    Flags: one_way, silent, clipped, loss, drift, length, undecodable, undecrypted (of SRTP),
    no_media (nothing came on a stream when it was to), sources (packets dropped since too many
    senders spoke on a stream), restart, cut_off, damaged.
    """

    owner: ChannelQuality
    remote: ChannelQuality
    flags: tuple[str, ...]
    signalled_ms: int  # from answer to end by signalling
    recorded_ms: int


class SealedObjectFact(msgspec.Struct, frozen=True, eq=False, omit_defaults=True):
    """One object in the vault. `kind`: audio, peaks, raw, metadata.

    Two are the same if what is sealed is; whether the plaintext's digest is known as well does not
    matter: who finds an object in the store cannot compute it.
    """

    kind: str
    size_bytes: int  # of the plaintext
    sha256: str  # of the sealed object, hex
    plain_sha256: str = ""  # of the plaintext, hex; empty: not known

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SealedObjectFact):
            return NotImplemented
        mine = (self.kind, self.size_bytes, self.sha256)
        return mine == (other.kind, other.size_bytes, other.sha256)

    def __hash__(self) -> int:
        return hash((self.kind, self.size_bytes, self.sha256))


def object_facts(sealed: SealedRecording) -> tuple[SealedObjectFact, ...]:
    """Return what the catalogue keeps of a recording's objects."""
    return tuple(
        SealedObjectFact(one.kind.value, one.size_bytes, one.sha256, one.plain_sha256)
        for one in sealed.objects
    )


class RecordingFacts(msgspec.Struct, frozen=True):
    """A recording that is sealed and durable, ready to be listed."""

    assignment: Assignment
    interaction_id: UUID  # of the conversation, if nothing links it to one that is known
    journal_ids: tuple[UUID, ...]
    trunk: TrunkRef | None
    node: str
    peer: str
    call_id: str
    started_at_ns: int
    ended_at_ns: int
    duration_ms: int  # of the file
    end_reason: str
    audio_format: str  # "mp3"
    sample_rate_hz: int
    objects: tuple[SealedObjectFact, ...]
    envelope_certificates: tuple[str, ...]  # SHA-256 fingerprints, hex, of those who can open it
    quality: QualityReport
    timeline: tuple[TimelineItem, ...]
    decision: Decision
    phone_system: tuple[PhoneSystemDetail, ...] = ()
    participants: tuple[ParticipantSpan, ...] = ()


class Destroyed(msgspec.Struct, frozen=True):
    """A recording of a call in live-keep mode that was not made, since nobody kept it."""

    owner_id: UUID
    owner_username: str
    reason: str  # unmarked, dropped


class CallFacts(msgspec.Struct, frozen=True):
    """A call that reached us, whatever became of it: one row of Call decisions."""

    event_id: UUID  # the journal's id, or that of the verdict in the node's event journal
    at_ns: int
    verdict: Verdict
    decision: Decision
    trunk: TrunkRef | None
    node: str
    peer: str
    call_id: str
    caller: str
    callee: str
    duration_ms: int = 0
    sip_status: int = 0
    recording_ids: tuple[UUID, ...] = ()
    problem: str = ""  # of a failed call: what went wrong, for the page
    destroyed: tuple[Destroyed, ...] = ()
    destroyed_sha256: str = ""  # of the journal's files, one after the other, as they were on disk


class Catalogue(Protocol):
    """Where finished work becomes visible. Implemented by the portal; called by workers."""

    def add_call(self, call: CallFacts, recordings: tuple[RecordingFacts, ...]) -> None:
        """Commit a call's verdict and its recordings in one transaction; repeat-safe."""

    def held(self) -> Held:
        """Return what legal holds cover, so that none of it is destroyed."""

    def add_attempt(self, attempt: PeerAttempt, *, node: str) -> None:
        """Count an attempt of a source that no trunk allows; repeat-safe by `event_id`."""

    def add_node_event(self, event: NodeEvent, *, node: str) -> None:
        """Keep a node's event; repeat-safe by `event_id`."""

    def read_until(self, journal_id: UUID) -> int:
        """Return how many events of this node event journal are already in the catalogue."""

    def mark_read(self, journal_id: UUID, count: int) -> None:
        """Remember that the first `count` events of this journal are in the catalogue."""
