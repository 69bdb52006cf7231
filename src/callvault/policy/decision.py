"""How a call was judged: one verdict, and the steps that led to it (FILT-4).

Steps carry codes and values, not sentences: the portal words them in the reader's language.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from callvault.policy.modes import Keeping, RecordingMode


class Verdict(StrEnum):
    """The one way in which a call ends. Only FAILED is a fault."""

    RECORDED = "recorded"
    FILTERED = "filtered"
    DISCARDED = "discarded"
    REFUSED = "refused"
    NOT_KEPT = "not_kept"
    FAILED = "failed"


class Capturing(StrEnum):
    """What is to be done with media that arrive, as long as the decision stands (MODE-1)."""

    KEEP = "keep"
    HOLD = "hold"  # in memory, until it is known whether they are kept
    NOTHING = "nothing"


class Direction(StrEnum):
    """The call's direction from the owner's phone; DIAL_IN: the owner called the recorder."""

    IN = "in"
    OUT = "out"
    DIAL_IN = "dial_in"


class Outcome(StrEnum):
    """What a step said."""

    PASSED = "passed"
    STOPPED = "stopped"  # this step decided
    NOT_REACHED = "not_reached"


class Step(msgspec.Struct, frozen=True):
    """One rule that was asked, in order of evaluation."""

    code: str  # known_source, room, owner, mode, …
    outcome: Outcome
    values: dict[str, str] = {}  # what the sentence in the portal needs: trunk, number, rule


class Party(msgspec.Struct, frozen=True):
    """One side of the call as the recording shows it."""

    number: str = ""  # as received, user part only; empty: withheld or unknown
    name: str = ""
    aor: str = ""  # the whole address of record, when there is one


class Presence(msgspec.Struct, frozen=True):
    """Someone who took part, and when; times are UTC nanoseconds, 0: as long as the call."""

    party: Party
    from_ns: int = 0
    until_ns: int = 0
    is_owner: bool = False


class Assignment(msgspec.Struct, frozen=True):
    """One recording that is to be made of a journal: for whom, and from which streams.

    A call between two users gives two assignments. `recording_id` is drawn once and journalled,
    so that finishing a journal twice gives the same recording.
    """

    recording_id: UUID
    owner_id: UUID
    owner_username: str
    owner_name: str
    owner_extension: str
    owner_group: str
    direction: Direction
    local: Party
    remote: Party
    owner_streams: tuple[int, ...]  # stream indexes (m-lines) that carry the owner's voice
    remote_streams: tuple[int, ...]
    communication_session_id: str = ""  # as in the metadata; empty: the only one
    matched_by: str = "extension"  # as owner.Match says
    confidence: str = "high"  # of the party-to-stream resolution: high, low
    mixed: bool = False  # one stream carries both parties: both channels play it
    direction_confidence: str = "high"  # low: told by the order of the parties alone
    from_ns: int = 0  # UTC; 0: from the start of the call
    until_ns: int = 0  # UTC; 0: to its end
    people: tuple[Presence, ...] = ()  # who took part, in order of arrival
    conversation: tuple[str, ...] = ()  # "kind:id": what the phone system calls it by
    mode: str = RecordingMode.ALWAYS_ON.value
    mark: str = ""  # of a live-keep call: kept, dropped


class Decision(msgspec.Struct, frozen=True):
    """A call's verdict so far; the last one in a journal is the one that counts."""

    verdict: Verdict
    steps: tuple[Step, ...]
    assignments: tuple[Assignment, ...] = ()
    snapshot_revision: int = 0
    capturing: Capturing = Capturing.KEEP
    offered: tuple[Assignment, ...] = ()  # made only if somebody asks: starts, or marks the call
    keeping: Keeping | None = None  # of those in live-keep mode; None: there are none
