"""What goes into a recording session and what comes out of it, besides SIP's own events.

The session decides, the driver does: opens journals and ports, writes entries, answers requests.
Actions are carried out in order; `OpenJournal` and `OpenStreams` report back by an input.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from callvault.policy.decision import Capturing
from callvault.recorder.memory import SessionMemory
from callvault.recorder.requests import WishRequested
from callvault.sip import RequestId
from callvault.spool.entries import CallVerdict, Event, JournalHeader, TimelineEvent

# --- inputs


@dataclass(frozen=True, slots=True)
class StreamsOpened:
    """The ports asked for are bound: RTP port by line index."""

    ports: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class StreamsRefused:
    """Journal or ports could not be had; `reason` is that of a `room` step: spool, ports."""

    reason: str


@dataclass(frozen=True, slots=True)
class MediaChecked:
    """How many packets have come so far on all streams, those dropped in a pause included."""

    packets: int
    speech_ns: int = 0  # UTC, when one came last in which somebody may speak; 0: never


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Somebody wants the recording paused. `who` and `detail` go on the timeline."""

    who: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Somebody wants the paused recording to go on."""

    who: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EndRequested:
    """The node wants the call ended; `reason` as in `entries.DialogEnded`: drained, shutdown."""

    reason: str


Input = (
    StreamsOpened
    | StreamsRefused
    | MediaChecked
    | PauseRequested
    | ResumeRequested
    | WishRequested
    | EndRequested
)

# --- actions


@dataclass(frozen=True, slots=True)
class OpenJournal:
    """Create the dialog's journal.

    `captures` False: no media of it may reach the disk; `holds`: they wait in memory.
    """

    header: JournalHeader
    captures: bool = True
    holds: bool = False


@dataclass(frozen=True, slots=True)
class OpenStreams:
    """Bind ports for these lines; comes back as StreamsOpened or StreamsRefused."""

    indexes: tuple[int, ...]
    media_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReopenStreams:
    """Bind these very RTP ports, by line index: a call goes on after a restart."""

    ports: Mapping[int, int]
    media_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloseStreams:
    """Give back the ports of these lines."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """Write an entry into the journal."""

    entry: Event


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer a request."""

    request_id: RequestId
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""  # always application/sdp: SRCs break on a multipart answer


@dataclass(frozen=True, slots=True)
class PauseCapture:
    """Keep nothing that arrives from now on; acknowledged when `entry` is on disk.

    Actions behind it wait for that: among them is the answer to who signalled the pause.
    """

    entry: TimelineEvent


@dataclass(frozen=True, slots=True)
class ResumeCapture:
    """Keep what arrives, as soon as `entry` is on disk."""

    entry: TimelineEvent


@dataclass(frozen=True, slots=True)
class CaptureAs:
    """Do so with media from now on: what is held is written by KEEP, forgotten by NOTHING."""

    capturing: Capturing


@dataclass(frozen=True, slots=True)
class SendBye:
    """End the dialog; `reason` is a Reason header value (RFC 3326)."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class CloseJournal:
    """The session is over: all entries are written. `keep` False: nothing was, remove it."""

    keep: bool = True


@dataclass(frozen=True, slots=True)
class GoOn:
    """Have a new session, with a journal of its own, go on with the call: this one is over."""

    memory: SessionMemory


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the node's event journal of a call that leaves no journal of its own."""

    entry: CallVerdict


Action = (
    OpenJournal
    | OpenStreams
    | ReopenStreams
    | CloseStreams
    | Append
    | Respond
    | PauseCapture
    | ResumeCapture
    | CaptureAs
    | SendBye
    | CloseJournal
    | GoOn
    | Report
)
