"""First pass over one RTP source: what was received, and how its clock lies on the wall clock.

A source is told apart by stream, sender address and SSRC. Its packets are condensed to marks, one
a second, of the smallest lag (arrival minus media time): jitter only ever adds to the lag, so its
lower envelope is the clock. Memory grows by some tens of bytes a second of call.
"""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from callvault.audio.codecs import PayloadKind, PayloadTable
from callvault.rtp.batch import Booleans, Integers, PacketBatch
from callvault.rtp.sequence import SequenceTracker, Unwrapped
from callvault.rtp.statistics import ReceptionStatistics

SECOND_NS = 1_000_000_000
JUMP_NS = 80_000_000  # a step of the lag from packet to packet that may be more than jitter
LOST_REGION_NS = 200_000_000  # a hole this long is told to people
_RESTART_NS = SECOND_NS  # a gap of numbers whose media time disagrees this much is not loss
_RESTART_NUMBERS = 50
_MAX_HOLES = 10_000
_DEFAULT_STEP_NS = 20_000_000
_DIGIT_HZ = 8000


@dataclass(frozen=True, slots=True)
class Marks:
    """About one row a second of a source, and one at each step of its lag; in order."""

    order: Integers  # extended sequence number of the first packet
    ticks: Integers  # its extended timestamp
    arrival_ns: Integers  # of the first packet
    last_arrival_ns: Integers
    media_ns: Integers  # of the first packet, from the source's first
    lag_ns: Integers  # smallest of arrival minus media time
    jumps: Booleans  # the lag stepped just before
    packets: Integers

    def __len__(self) -> int:
        return len(self.order)


def _columns(marks: Marks) -> list[Any]:
    """Return the columns in the order in which Marks takes them."""
    return [getattr(marks, column.name) for column in fields(Marks)]


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers that are missing over a noticeable time; loss, unless the recording was paused."""

    after_ns: int  # arrival of the packet before
    before_ns: int  # arrival of the packet behind
    missing: int
    packet_ms: int  # how long each of them was, by the timestamps of those around


@dataclass(slots=True)
class Digit:
    """One RFC 4733 event; its packets share SSRC and timestamp (section 2.5.1)."""

    code: int
    at_ns: int  # arrival of its first packet
    ticks: int  # its duration so far, in 1/8000 s whatever the clock


@dataclass(slots=True)
class SourceSurvey:
    """Counts and marks of one source, fed in order of arrival."""

    statistics: ReceptionStatistics = field(default_factory=ReceptionStatistics)
    by_payload_type: Integers = field(default_factory=lambda: np.zeros(128, dtype=np.int64))
    holes: list[Hole] = field(default_factory=list)
    digits: dict[int, Digit] = field(default_factory=dict)
    never_sent: int = 0  # numbers skipped by a source that started anew
    _transit_changes: int = 0
    _transit_change_ns: int = 0  # sum of those
    _tracker: SequenceTracker = field(default_factory=SequenceTracker)
    _marks: list[Marks] = field(default_factory=list)
    _first_ticks: int | None = None
    _last: tuple[int, int] | None = None  # arrival and lag of the last media packet
    _last_arrival_ns: int = 0
    _last_lag_ns: int = 0  # of any packet

    def add(self, batch: PacketBatch, table: PayloadTable) -> None:
        """Take the next packets of this source into account."""
        if not len(batch):
            return
        numbers = self._tracker.extend(batch.sequence_number, batch.timestamp)
        if self._first_ticks is None:
            self._first_ticks = int(numbers.ticks[0])
            self._last_arrival_ns = self._last_lag_ns = int(batch.arrival_ns[0])
        is_new = self.statistics.add(numbers)
        self.by_payload_type += np.bincount(batch.payload_type[is_new], minlength=128)
        clock = table.clock_rates_hz[batch.payload_type]
        media_ns = (numbers.ticks - self._first_ticks) * SECOND_NS // clock
        is_event = table.kinds[batch.payload_type] == PayloadKind.EVENT
        self._note_holes(batch, numbers, media_ns)
        if is_event.any():
            chosen = is_event & is_new
            self._note_digits(batch.take(chosen), clock[chosen])
        # An event's timestamp stands still while it lasts: it says nothing of the clock.
        rows = np.flatnonzero(~is_event & (numbers.order_gain > 0))
        if len(rows):
            self._mark(rows, batch.arrival_ns, numbers, media_ns)
        self._last_arrival_ns = int(batch.arrival_ns[-1])
        self._last_lag_ns = int(batch.arrival_ns[-1] - media_ns[-1])

    def marks(self) -> Marks:
        """Return all marks so far, joined."""
        if not self._marks:
            empty = np.empty(0, dtype=np.int64)
            return Marks(empty, empty, empty, empty, empty, empty, empty.astype(np.bool_), empty)
        columns = zip(*(_columns(marks) for marks in self._marks), strict=True)
        return Marks(*(np.concatenate(column) for column in columns))

    @property
    def jitter_ms(self) -> float:
        """Mean change of transit time from packet to packet, steps left out.

        It is what the estimate of RFC 3550, section 6.4.1, hovers about, for the whole call.
        """
        return self._transit_change_ns / max(self._transit_changes, 1) / 1_000_000

    def _mark(
        self, rows: Integers, arrival_ns: Integers, numbers: Unwrapped, media_ns: Integers
    ) -> None:
        """Condense packets to marks: a new one each second and where the lag steps."""
        arrival, media = arrival_ns[rows], media_ns[rows]
        lag = arrival - media
        before_arrival, before_lag = self._last or (int(arrival[0]) - SECOND_NS, int(lag[0]))
        changes = np.abs(np.diff(lag, prepend=before_lag))
        steps = changes > JUMP_NS
        self._transit_changes += int((~steps).sum())
        self._transit_change_ns += int(changes[~steps].sum())
        if steps.sum() * 4 > len(rows) + 4:  # noise, not a clock: marks would be as many as packets
            steps[:] = False
        seconds = np.diff(arrival // SECOND_NS, prepend=before_arrival // SECOND_NS) != 0
        starts = steps | seconds
        starts[0] = True
        first = np.flatnonzero(starts)
        last = np.append(first[1:], len(rows)) - 1
        self._marks.append(
            Marks(
                order=numbers.order[rows][first],
                ticks=numbers.ticks[rows][first],
                arrival_ns=arrival[first],
                last_arrival_ns=arrival[last],
                media_ns=media[first],
                lag_ns=np.minimum.reduceat(lag, first),
                jumps=steps[first],
                packets=last - first + 1,
            )
        )
        self._last = (int(arrival[-1]), int(lag[-1]))

    def _note_holes(self, batch: PacketBatch, numbers: Unwrapped, media_ns: Integers) -> None:
        """Keep gaps in the numbers that last, and take out those that nobody sent."""
        rows = np.flatnonzero(numbers.order_gain > 1)
        if not len(rows):
            return
        lag = batch.arrival_ns - media_ns
        arrival_before = np.concatenate(([self._last_arrival_ns], batch.arrival_ns[:-1]))
        lag_before = np.concatenate(([self._last_lag_ns], lag[:-1]))
        packet_ms = _usual_step_ns(numbers, media_ns) // 1_000_000
        for row in rows.tolist():
            missing = int(numbers.order_gain[row]) - 1
            before, behind = int(arrival_before[row]), int(batch.arrival_ns[row])
            if abs(lag[row] - lag_before[row]) > _RESTART_NS and missing > _RESTART_NUMBERS:
                self.never_sent += missing
            elif behind - before >= LOST_REGION_NS and len(self.holes) < _MAX_HOLES:
                self.holes.append(Hole(before, behind, missing, packet_ms))

    def _note_digits(self, batch: PacketBatch, clock: Integers) -> None:
        """List events: one for each timestamp, as long as its last packet says."""
        for row in np.flatnonzero(batch.payload_bytes >= 4).tolist():
            payload = batch.payload(row)
            ticks = int.from_bytes(payload[2:4], "big") * _DIGIT_HZ // int(clock[row])
            at_ns, stamp = int(batch.arrival_ns[row]), int(batch.timestamp[row])
            if len(self.digits) < _MAX_HOLES:
                digit = self.digits.setdefault(stamp, Digit(payload[0], at_ns, ticks))
                digit.ticks = max(digit.ticks, ticks)


def _usual_step_ns(numbers: Unwrapped, media_ns: Integers) -> int:
    """Return how much media a packet usually carries: the median step between neighbours."""
    steps = np.diff(media_ns)[numbers.order_gain[1:] == 1]
    return int(np.median(steps)) if len(steps) else _DEFAULT_STEP_NS
