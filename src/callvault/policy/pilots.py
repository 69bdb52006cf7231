"""Numbers under which the recorder itself is called: prefixes, with an id behind them."""

from enum import StrEnum

import msgspec


class PilotKind(StrEnum):
    """What a call to a pilot asks for."""

    RECORDING = "recording"
    LIVE_KEEP = "live_keep"
    AUTOMATED = "automated"  # dial-in that a program ordered
    DIAL_IN = "dial_in"


class Pilots(msgspec.Struct, frozen=True):
    """The pilot numbers of this system, digits as dialled. An empty one is none."""

    recording_prefix: str = ""
    live_keep_prefix: str = ""
    automated_prefix: str = ""
    dial_in: tuple[str, ...] = ()  # whole numbers: nothing may follow


class Dialled(msgspec.Struct, frozen=True):
    """A number dialled, read as a pilot and what follows it."""

    kind: PilotKind
    pilot: str
    rest: str  # the numeric id, or empty


def read_pilot(pilots: Pilots, number: str) -> Dialled | None:
    """Return the pilot that a number calls: the longest that fits; None if it calls none."""
    prefixes = (
        (PilotKind.RECORDING, pilots.recording_prefix),
        (PilotKind.LIVE_KEEP, pilots.live_keep_prefix),
        (PilotKind.AUTOMATED, pilots.automated_prefix),
    )
    found = [(kind, one) for kind, one in prefixes if one and number.startswith(one)]
    found += [(PilotKind.DIAL_IN, one) for one in pilots.dial_in if one and number == one]
    if not found:
        return None
    kind, pilot = max(found, key=lambda one: len(one[1]))
    return Dialled(kind, pilot, number[len(pilot) :])
