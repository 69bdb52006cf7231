"""What a recording session must remember to go on in another process.

Audio and the raw messages are in the journal; this is what was made of them. The fields of the
classes named here are part of the format of checkpoints (docs/formats/checkpoint.md): whoever
changes one raises its version.
"""

from uuid import UUID

import msgspec

from callvault.clock import Instant
from callvault.cucm import Place
from callvault.policy.decision import Capturing, Decision
from callvault.policy.snapshot import Trunk
from callvault.policy.wishes import NO_WISHES, Wishes
from callvault.recorder.negotiation import Negotiation
from callvault.recorder.parties import Parties
from callvault.recorder.said import Said
from callvault.recorder.timeline import HoldWatch


class AskedPause(msgspec.Struct, frozen=True):
    """A pause that somebody asked for."""

    who: str
    at_ns: int  # UTC


class SessionMemory(msgspec.Struct, frozen=True):
    """State of an answered recording session. It holds the session's own objects: encode it."""

    trunk: Trunk  # as it was when the call came
    peer: str  # address
    answered_at_ns: int  # UTC
    is_paused: bool  # by whoever asked us
    negotiation: Negotiation  # ports, both descriptions, keys of SRTP
    parties: Parties  # metadata as it is now, and who was heard where
    holds: HoldWatch
    recording_ids: dict[tuple[str, UUID], UUID]
    decision: Decision | None
    is_paused_by_src: bool = False
    capturing: Capturing | None = None  # None: not known, as the trunk says
    offer_is_out: bool = False  # the ACK of our last 2xx brings the answer
    said: Said = msgspec.field(default_factory=Said)
    pause: AskedPause | None = None  # by whom and since when; None: not told
    place: Place | None = None  # of a recording call of CUCM
    wishes: Wishes = NO_WISHES  # to start, stop, keep or drop it


def begun_anew(memory: SessionMemory, now: Instant) -> SessionMemory:
    """Return what a session needs that records the rest of a call by itself."""
    return msgspec.structs.replace(
        memory,
        answered_at_ns=now.realtime_ns,
        holds=HoldWatch(),
        recording_ids={},
        decision=None,
        wishes=memory.wishes.of_the_rest(now.realtime_ns),
    )
