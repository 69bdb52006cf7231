"""What should have been recorded beside what was: the verdict on a simulation.

Pure: recordings are handed in by whoever can read the catalogue, sound by whoever has the key.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    answering_ms: float = 0.0  # what the recorder's answers took; its call may be so much longer
    other_call_ids: tuple[str, ...] = ()  # where one call is recorded by several of SIP

    @property
    def call_ids(self) -> tuple[str, ...]:
        """All Call-IDs under which it may be listed."""
        return tuple(filter(None, (self.call_id, *self.other_call_ids)))

    def agrees_with(self, recorded_ms: float) -> bool:
        """Tell whether a recording of this length is as long as the call."""
        longer_ms = recorded_ms - self.length_ms
        return -LENGTH_TOLERANCE_MS <= longer_ms <= LENGTH_TOLERANCE_MS + self.answering_ms


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
    verdict: str = ""  # of a call that nobody's recording was made of


HearingOf = Callable[[UUID], Heard | None]
"""The sound of a recording; None where this machine has no key for it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the catalogue knows of the calls: recordings, and each call's verdict by Call-ID."""

    recordings: Sequence[Found]
    verdicts: Mapping[str, str]


def compare(calls: Sequence[PlacedCall], listed: Listed, hearing_of: HearingOf) -> tuple[Row, ...]:
    """Lay what is listed beside each call, in the order of the calls."""
    by_call: dict[str, list[Found]] = {}
    for recording in listed.recordings:
        by_call.setdefault(recording.call_id, []).append(recording)
    rows: list[Row] = []
    for call in sorted(calls, key=lambda call: call.index):
        found = [one for call_id in call.call_ids for one in by_call.get(call_id, [])]
        rows.extend(_recorded(call, found, hearing_of))
        if not call.expected and not found:
            verdicts = (listed.verdicts.get(call_id, "") for call_id in call.call_ids)
            rows.append(_unrecorded(call, next(filter(None, verdicts), "")))
    return tuple(rows)


def are_all_there(calls: Sequence[PlacedCall], listed: Listed) -> bool:
    """Tell whether each expected recording, and each call's verdict, is listed, right or not."""
    there = {(recording.call_id, recording.owner_extension) for recording in listed.recordings}
    return all(
        any((call_id, item.owner_extension) in there for call_id in call.call_ids)
        for call in calls
        for item in call.expected
    ) and all(
        any(call_id in listed.verdicts for call_id in call.call_ids)
        for call in calls
        if call.call_ids and not call.expected
    )


def _recorded(call: PlacedCall, found: Sequence[Found], hearing_of: HearingOf) -> Iterator[Row]:
    left = list(found)
    for expected in call.expected:
        own = [one for one in left if one.owner_extension == expected.owner_extension]
        if own:
            left.remove(own[0])
            yield _judged(call, expected, own[0], hearing_of(own[0].recording_id))
        else:
            yield Row(call, expected, None, None, None, (*call.faults, "missing"))
    for extra in left:
        yield Row(call, None, extra, None, None, (*call.faults, "not expected"))


def _unrecorded(call: PlacedCall, verdict: str) -> Row:
    """Nobody's recording was due; but no call may pass without a word."""
    silent = () if verdict or not call.call_ids else ("no decision is listed",)
    return Row(call, None, None, None, None, (*call.faults, *silent), verdict)


def _judged(call: PlacedCall, expected: Expected, found: Found, heard: Heard | None) -> Row:
    faults = list(call.faults)
    difference_ms = found.duration_ms - call.length_ms
    if not call.agrees_with(found.duration_ms):
        faults.append("length")
    if heard is not None and not call.agrees_with(heard.length_ms):
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
