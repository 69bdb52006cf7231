"""Numbers under which the recorder itself is called: prefixes, with an id behind them."""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

LONGEST_CALLED = 64
_SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2015]")
_DIALLED = re.compile(r"\+?[0-9*#]+")


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


def plain(number: str) -> str:
    """Return a number as it was dialled: without visual separators; a name comes back trimmed.

    >>> plain("85 00-12"), plain("*85(00)"), plain(" srs ")
    ('850012', '*8500', 'srs')
    """
    bare = _SEPARATORS.sub("", number[:LONGEST_CALLED])
    return bare if _DIALLED.fullmatch(bare) else number.strip()[:LONGEST_CALLED]


def number_dialled(pilots: Pilots, numbers: Iterable[str]) -> str:
    """Return which of the numbers that a call names was dialled: the first that is a pilot.

    Numbers come in the order in which they are believed: the request's own, To, who diverted.
    The first of all, if none is a pilot; empty if there is none.
    """
    called = [one for one in map(plain, numbers) if one]
    return next((one for one in called if read_pilot(pilots, one)), called[0] if called else "")
