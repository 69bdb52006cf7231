"""What a recorder tells of its calls in progress, and what it can be asked to do with one.

Portals, and recorders of other nodes, read it from the recorder's control API
(docs/reference/control.md).
"""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec

CONTROL_FILE = "run/control.json"
"""Name of the file in the data folder that says where the control API is, and its token."""
OUTWARD_FILE = "run/control-outward.json"
"""The same of the door that other nodes come by, where there is one."""
LONGEST_WHO = 320
LONGEST_DETAIL = 200
MOST_OWNERS = 40
"""Users of a call whom one request names; it has no more than 4,096 bytes."""


class ControlDoor(msgspec.Struct, frozen=True):
    """Where a recorder that runs is controlled. As good as a password: mode 0600."""

    port: int
    token: str
    address: str = "127.0.0.1"
    certificate: str = ""  # PEM, which the door shows and nothing else; empty: no TLS


class NodeDoor(msgspec.Struct, frozen=True):
    """A node that records, as the catalogue tells of it."""

    node: str
    door: ControlDoor | None = None  # None: it does not tell, or we cannot read it
    problem: str = ""  # why: none (it opens no door), key (sealed by another portal-secret-key)
    calls: int = 0  # as it said last
    recordings: int = 0  # that it made then
    at_ns: int = 0  # UTC, when it said that


class KeepWish(msgspec.Struct, frozen=True):
    """A user wants their call kept, and the node that has it may be one that does not answer."""

    owner_id: UUID
    at_ns: int  # UTC
    who: str
    detail: str = ""


class LiveParty(msgspec.Struct, frozen=True):
    """Somebody on the phone."""

    number: str = ""
    name: str = ""


class LiveOwner(msgspec.Struct, frozen=True):
    """One whose recording is being made, as far as is known now."""

    user_id: UUID
    name: str
    extension: str
    group: str
    direction: str
    remote: LiveParty
    level_dbfs: float | None = None  # loudest of the last seconds; None: not known
    remote_level_dbfs: float | None = None
    mode: str = "always_on"  # as policy.modes.RecordingMode
    is_started: bool = False  # of a call on demand: it is being recorded
    mark: str = ""  # of a live-keep call: kept, dropped
    level_unknown: str = ""  # codecs whose level cannot be told; "…": too many calls to measure


class LiveCall(msgspec.Struct, frozen=True):
    """One call in progress."""

    call_id: UUID  # of its journal
    trunk: str
    answered_at_ns: int  # UTC
    owners: tuple[LiveOwner, ...] = ()
    caller: LiveParty = LiveParty()
    called: LiveParty = LiveParty()
    may_keep: bool = True  # False: nothing of it is kept, as was decided so far
    is_held: bool = False  # in memory alone, until it is known whether it may be kept
    is_paused: bool = False  # by somebody who asked
    is_paused_by_src: bool = False
    paused_by: str = ""
    paused_at_ns: int = 0  # UTC
    packets: int = 0  # that came
    has_no_media: bool = False  # the phone system sends none, or has sent none yet
    pair: str = ""  # of CUCM's two legs, the same for both, on whichever node; empty: no such call


class LiveCalls(msgspec.Struct, frozen=True):
    """All calls in progress of a recorder."""

    at_ns: int  # UTC
    calls: tuple[LiveCall, ...] = ()
    left_off: int = 0  # calls beyond what one answer holds


class EndedCall(msgspec.Struct, frozen=True):
    """One call in live-keep mode that is over and may still be marked."""

    call_id: UUID  # of its journal
    trunk: str
    answered_at_ns: int  # UTC
    ended_at_ns: int
    until_ns: int  # until when it may be marked
    owners: tuple[LiveOwner, ...]  # those who are recorded in that mode
    keeps_unmarked: bool = False  # what becomes of it without a mark
    earlier: tuple[UUID, ...] = ()  # journals of its parts before, if it grew too long


class EndedCalls(msgspec.Struct, frozen=True):
    """All of them, those that ended last in front."""

    at_ns: int  # UTC
    calls: tuple[EndedCall, ...] = ()
    left_off: int = 0  # calls beyond what one answer holds


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks, and why: both go on the timeline."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_WHO)]
    detail: Annotated[str, msgspec.Meta(max_length=LONGEST_DETAIL)] = ""
    owners: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=MOST_OWNERS)] | None = None
    """Of which users of the call, for what is done of each; null: of all."""


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose recording is listened to."""

    owner: UUID | None = None
    """A user of the call; null: the call is nobody's."""


class Listening(msgspec.Struct, frozen=True):
    """By what a listener asks for what is said."""

    listener: UUID


HEARD = "Callvault-Heard"
"""Header that says what is in a chunk: call, not_kept, codec."""
PCM = "audio/L16;rate=8000;channels=2;endian=little"


class LatestCall(msgspec.Struct, frozen=True):
    """The call in live-keep mode of a user that a call to the pilot means, as one node knows it."""

    call_id: UUID
    is_running: bool
    is_undecided: bool  # False: it is kept already
    at_ns: int  # UTC, when it was answered; of one that is over: when it ended

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """By which of several is the one that is meant: the highest."""
        return self.is_running, self.is_running and self.is_undecided, self.at_ns


def read_door(data_folder: Path, name: str = CONTROL_FILE) -> ControlDoor | None:
    """Return where the recorder of this machine is controlled; None: none runs here."""
    try:
        return msgspec.json.decode((data_folder / name).read_bytes(), type=ControlDoor)
    except (OSError, msgspec.DecodeError):
        return None
