"""What should have been recorded beside what was: the verdict on a simulation.

Pure: recordings are handed in by whoever can read the catalogue, sound by whoever has the key.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from callvault.policy.decision import Direction
from callvault.simulator.channels import ChannelOrder, Heard, Pattern, order_of

LENGTH_TOLERANCE_MS = 40


@dataclass(frozen=True, slots=True)
class Expected:
    """A recording that a placed call must have left, as the one who placed it knows it."""

    owner_name: str
    owner_extension: str
    remote_number: str
    direction: Direction
    owner_pattern: Pattern  # loudness of what was sent, a value for each 20 ms
    remote_pattern: Pattern


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that was placed: what became of its signalling, and what it must have left."""

    index: int
    call_id: str
    length_ms: float  # from the answer's arrival to the BYE's departure; 0: never answered
    expected: tuple[Expected, ...]
    caller: str
    callee: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A recording as the catalogue lists it."""

    recording_id: UUID
    call_id: str
    owner_name: str
    owner_extension: str
    remote_number: str
    direction: Direction
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison. `faults` is empty where all is as it should be."""

    call: PlacedCall
    expected: Expected | None
    found: Found | None
    difference_ms: float | None
    order: ChannelOrder | None  # None: could not be heard here
    faults: tuple[str, ...]


HearingOf = Callable[[UUID], Heard | None]
"""The sound of a recording; None where this machine has no key for it."""


def compare(
    calls: Sequence[PlacedCall], found: Sequence[Found], hearing_of: HearingOf
) -> tuple[Row, ...]:
    """Lay what was found beside each call, in the order of the calls."""
    by_call: dict[str, dict[str, Found]] = {}
    for recording in found:
        by_call.setdefault(recording.call_id, {})[recording.owner_extension] = recording
    rows: list[Row] = []
    for call in calls:
        rows.extend(_rows_of(call, by_call.get(call.call_id, {}), hearing_of))
    return tuple(rows)


def are_all_there(calls: Sequence[PlacedCall], found: Sequence[Found]) -> bool:
    """Tell whether each recording that is expected is listed, right or not."""
    listed = {(recording.call_id, recording.owner_extension) for recording in found}
    wanted = {(call.call_id, item.owner_extension) for call in calls for item in call.expected}
    return wanted <= listed


def _rows_of(call: PlacedCall, found: dict[str, Found], hearing_of: HearingOf) -> Iterator[Row]:
    for expected in call.expected:
        recording = found.pop(expected.owner_extension, None)
        if recording is None:
            yield Row(call, expected, None, None, None, (*call.faults, "missing"))
        else:
            yield _judged(call, expected, recording, hearing_of(recording.recording_id))
    for extra in found.values():
        yield Row(call, None, extra, None, None, (*call.faults, "not expected"))
    if not call.expected and not found:
        yield Row(call, None, None, None, None, call.faults)


def _judged(call: PlacedCall, expected: Expected, found: Found, heard: Heard | None) -> Row:
    faults = list(call.faults)
    difference_ms = found.duration_ms - call.length_ms
    if abs(difference_ms) > LENGTH_TOLERANCE_MS:
        faults.append("length")
    if heard is not None and abs(heard.length_ms - call.length_ms) > LENGTH_TOLERANCE_MS:
        faults.append("length of the audio")
    order = None
    if heard is not None:
        order = order_of(heard, expected.owner_pattern, expected.remote_pattern)
        if order is not ChannelOrder.RIGHT:
            faults.append(f"channels {order.value}")
    if found.direction is not expected.direction:
        faults.append(f"direction {found.direction.value}")
    if _digits(found.remote_number) != _digits(expected.remote_number):
        faults.append("remote number")
    return Row(call, expected, found, difference_ms, order, tuple(faults))


def _digits(number: str) -> str:
    """Return a number without what a portal may add for the eye."""
    return "".join(character for character in number if character.isalnum())
