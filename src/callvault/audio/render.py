"""Second pass: the packets of a call become two channels of samples, window by window.

Each heard source is ordered, freed of duplicates, decoded in whole runs and laid on its stream's
canvas; a channel is the sum of its streams. Nothing holds more than a window of the call.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt
import soxr

from callvault.audio import comfort_noise
from callvault.audio.canvas import Canvas
from callvault.audio.choice import HeardSource
from callvault.audio.codecs import Encoding, PayloadKind, PayloadTable, find_decoder
from callvault.audio.decoder import NARROW_HZ, WIDE_HZ, Decoder, Losses, Payloads
from callvault.audio.g711 import Octets, Samples
from callvault.audio.survey import SECOND_NS
from callvault.audio.timeline import TICK_HZ
from callvault.rtp.batch import Booleans, Integers, PacketBatch, ranges
from callvault.rtp.sequence import SequenceTracker

WINDOW = 10 * TICK_HZ  # positions decoded and encoded at once
_EARLY = 2 * TICK_HZ  # nothing is said this long after it was received
_NOISE_AFTER_LAST = TICK_HZ // 5
_MADE_UP = TICK_HZ // 8  # no decoder makes up for more than this of what was lost before a packet
_MOST_OTHERS = 4_000  # more than come in the time that a window waits

Sums = npt.NDArray[np.int32]
Key = TypeVar("Key")
Interval = tuple[int, int]  # positions, from and to (without)


@dataclass(frozen=True, slots=True)
class _Pending:
    """Packets of one source that wait for their window; payloads joined in `octets`."""

    order: Integers
    position: Integers
    format: Integers  # number of its encoding in the source's list
    payload_bytes: Integers
    octets: Octets

    @classmethod
    def empty(cls) -> Self:
        column = np.empty(0, dtype=np.int64)
        return cls(column, column, column, column, np.empty(0, dtype=np.uint8))

    def joined(self, other: Self) -> Self:
        """Return both, one behind the other."""
        names = [field.name for field in fields(self)]
        return type(self)(*(np.concatenate((getattr(self, n), getattr(other, n))) for n in names))

    def take(self, rows: Integers | Booleans) -> Self:
        """Return the chosen rows with their octets."""
        starts = np.cumsum(self.payload_bytes) - self.payload_bytes
        lengths = self.payload_bytes[rows]
        octets = self.octets[ranges(starts[rows], lengths)]
        return type(self)(self.order[rows], self.position[rows], self.format[rows], lengths, octets)

    def runs(self) -> Iterator["_Pending"]:
        """Yield stretches of one encoding."""
        edges = np.flatnonzero(np.diff(self.format)) + 1
        ends = np.cumsum(self.payload_bytes)
        for rows in np.split(np.arange(len(self.order)), edges):
            if len(rows):
                part = slice(rows[0], rows[-1] + 1)
                begin = ends[rows[0]] - self.payload_bytes[rows[0]]
                yield _Pending(
                    self.order[part],
                    self.position[part],
                    self.format[part],
                    self.payload_bytes[part],
                    self.octets[begin : ends[rows[-1]]],
                )


class SourceRenderer:
    """Lays the packets of one source."""

    def __init__(self, source: HeardSource) -> None:
        self.damaged = 0  # payloads that were no sound of their codec
        self.recovered = 0  # lost ones that another held once more
        self._source = source
        self._tracker = SequenceTracker()
        self._pending = _Pending.empty()
        self._formats: list[Encoding] = []
        self._decoders: dict[int, Decoder] = {}  # by format
        self._noise_level: int | None = None  # while the source is silent after comfort noise
        self._others: Integers = np.empty(0, dtype=np.int64)  # numbers that came, and are not laid
        self._last: tuple[int, int, int] | None = None  # number, position, format: laid last

    def add(self, batch: PacketBatch, table: PayloadTable) -> None:
        """Take the source's next packets, in order of arrival, heard or not."""
        numbers = self._tracker.extend(batch.sequence_number, batch.timestamp)
        source = self._source
        kind = table.kinds[batch.payload_type]
        clock = table.clock_rates_hz[batch.payload_type]
        position = source.placement.positions(numbers.order, numbers.ticks, clock)
        arrival = (batch.arrival_ns - source.origin_ns) * TICK_HZ // SECOND_NS
        wanted = source.claims.cover(batch.arrival_ns) & (position <= arrival + _EARLY)
        wanted &= (kind != PayloadKind.EVENT) & (kind != PayloadKind.UNKNOWN)
        rows = np.flatnonzero(wanted)
        chosen = batch.take(rows)
        added = _Pending(
            numbers.order[rows],
            position[rows],
            self._format_of(chosen.payload_type, table),
            chosen.payload_bytes,
            chosen.payloads(),
        )
        self._pending = self._pending.joined(added)
        if not wanted.all():
            self._others = np.union1d(self._others, numbers.order[~wanted])[-_MOST_OTHERS:]

    def render(self, canvas: Canvas, until: int) -> None:
        """Lay what begins before `until`."""
        due = self._due(until)
        if self._noise_level is not None:
            first = int(due.position[0]) if len(due.position) else until
            self._lay_noise(canvas, canvas.start, first, seed=canvas.start)
        for run in due.runs():
            following = np.searchsorted(due.order, run.order[-1], side="right")
            end = int(due.position[following]) if following < len(due.order) else until
            self._lay_run(canvas, run, end)
        if self._last is not None:
            self._others = self._others[self._others > self._last[0]]

    def _format_of(self, payload_type: Integers, table: PayloadTable) -> Integers:
        """Return the number of each packet's encoding: a type's meaning may change in a call."""
        columns = np.zeros(128, dtype=np.int64)
        for number in np.unique(payload_type).tolist():
            encoding = table.encodings[number]
            if encoding not in self._formats:
                self._formats.append(encoding)
            columns[number] = self._formats.index(encoding)
        return columns[payload_type]

    def _due(self, until: int) -> _Pending:
        """Take out what begins before `until`: in sending order, each packet once.

        With it goes a packet behind a hole that lies on the edge: it may fill the hole.
        """
        order, rows = np.unique(self._pending.order, return_index=True)
        position = self._pending.position[rows]
        is_due = position < until
        last = self._last[0] if self._last else order[:1]
        is_behind_hole = np.diff(order, prepend=last) > 1
        is_behind_hole[1:] &= is_due[:-1]
        is_due |= is_behind_hole & (position < until + _MADE_UP)
        due = self._pending.take(rows[is_due])
        self._pending = self._pending.take(rows[~is_due])
        return due

    def _decoder(self, number: int) -> Decoder:
        if number not in self._decoders:
            found = find_decoder(self._formats[number])
            if found is None:
                raise LookupError(f"no decoder for {self._formats[number].name}")
            self._decoders[number] = found[1]()
        return self._decoders[number]

    def _losses(self, run: _Pending) -> Losses | None:
        """Return what is missing before each packet of a run; None if nothing is."""
        number, position, kind = self._last or (-1, 0, -1)
        is_same = kind == int(run.format[0])  # else the decoder knows nothing of what was before
        self._last = int(run.order[-1]), int(run.position[-1]), int(run.format[0])
        first = number if is_same else int(run.order[0]) - 1
        steps = np.diff(run.order, prepend=first)
        if not (steps > 1).any():
            return None
        came = np.searchsorted(self._others, np.concatenate(([first], run.order)))
        missing = steps - 1 - np.diff(came)
        return Losses(missing, np.diff(run.position, prepend=position))

    def _lay_run(self, canvas: Canvas, run: _Pending, end: int) -> None:
        decoder = self._decoder(int(run.format[0]))
        sound = decoder.decode(Payloads(run.octets, run.payload_bytes, self._losses(run)))
        self.damaged += sound.damaged
        self.recovered += sound.recovered
        rate_hz = decoder.sample_rate_hz
        length = sound.lengths * TICK_HZ // rate_hz
        position = run.position
        if sound.early is not None:
            position = position - sound.early * TICK_HZ // rate_hz
        canvas.lay(position, length, sound.samples, rate_hz)
        self._noise_level = None
        if sound.noise is not None:
            ends = [*position[1:].tolist(), end]
            self._lay_pauses(canvas, position + length, sound.noise, run, ends)

    def _lay_pauses(
        self, canvas: Canvas, start: Integers, noise: Integers, run: _Pending, ends: list[int]
    ) -> None:
        """Lay noise behind each payload that describes a silence, up to the next payload."""
        for row in np.flatnonzero(noise >= 0).tolist():
            self._noise_level = int(noise[row])
            self._lay_noise(canvas, int(start[row]), ends[row], seed=int(run.order[row]))
        if noise[-1] < 0:
            self._noise_level = None

    def _lay_noise(self, canvas: Canvas, start: int, end: int, *, seed: int) -> None:
        """Fill the pause; it ends a little after the last packet that came at all."""
        # Any packet may claim to lie days ago: no more noise is made than there is room for.
        start = max(start, canvas.start)
        count = min(end, self._source.last_position + _NOISE_AFTER_LAST) - start
        if count > 0 and self._noise_level is not None:
            noise = comfort_noise.noise(self._noise_level, count, seed=abs(seed))
            canvas.lay_noise(start, noise)


class StreamRenderer(Generic[Key]):
    """One stream of the recording session: the sources that are heard on it."""

    def __init__(self, sources: Mapping[Key, HeardSource]) -> None:
        self._sources = {key: SourceRenderer(source) for key, source in sources.items()}
        self._canvas = Canvas(0, WINDOW)

    def add(self, key: Key, batch: PacketBatch, table: PayloadTable) -> None:
        """Take the next packets of one source; of a source that is not heard: nothing."""
        if key in self._sources and len(batch):
            self._sources[key].add(batch, table)

    @property
    def damaged(self) -> int:
        """How many payloads so far were no sound of their codec."""
        return sum(source.damaged for source in self._sources.values())

    @property
    def recovered(self) -> int:
        """How many lost packets so far are heard, since the one behind each held it once more."""
        return sum(source.recovered for source in self._sources.values())

    def render(self, until: int) -> tuple[Samples, Samples | None]:
        """Return the samples up to `until`, at 8 kHz and (where there are any) at 16 kHz."""
        for source in self._sources.values():
            source.render(self._canvas, until)
        return self._canvas.cut(until)


class _Upsampler:
    """Raises a channel's narrow layer to 16 kHz and adds its wide layer, in step."""

    def __init__(self) -> None:
        # In floats: to 16 bits soxr would add dither, even to silence and beside a wide voice.
        self._resampler = soxr.ResampleStream(NARROW_HZ, WIDE_HZ, 1, dtype="float32", quality="HQ")
        self._wide: Sums = np.empty(0, dtype=np.int32)

    def add(self, narrow: Sums, wide: Sums, *, last: bool) -> Sums:
        """Return what is ready: the filter holds some milliseconds back until `last`."""
        raised = self._resampler.resample_chunk(narrow.astype(np.float32), last=last)
        self._wide = np.concatenate((self._wide, wide))
        ready, self._wide = self._wide[: len(raised)], self._wide[len(raised) :]
        summed: Sums = ready + np.rint(raised).astype(np.int32)
        return summed


class CallRenderer:
    """Both channels of a recording: owner left, remote right."""

    def __init__(
        self,
        streams: Mapping[int, StreamRenderer[Any]],
        *,
        channels: tuple[Sequence[int], Sequence[int]],
        silences: Sequence[Interval],
        sample_rate_hz: int,
    ) -> None:
        """`channels`: which streams each plays; `silences`: pauses, where nothing may be heard."""
        self._streams = streams
        self._channels = channels
        self._silences = silences
        self._upsamplers = [_Upsampler(), _Upsampler()] if sample_rate_hz == WIDE_HZ else None
        self._position = 0

    def render(self, until: int, *, last: bool) -> Samples:
        """Return the next samples, as rows of (owner, remote)."""
        layers = {index: stream.render(until) for index, stream in self._streams.items()}
        count = until - self._position
        sides = []
        for side, indexes in enumerate(self._channels):
            chosen = [layers[index] for index in indexes if index in layers]
            narrow = _mix([one for one, _ in chosen], count)
            wide = _mix([one for _, one in chosen if one is not None], 2 * count)
            self._silence(narrow, wide)
            if self._upsamplers:
                narrow = self._upsamplers[side].add(narrow, wide, last=last)
            sides.append(_clip(narrow))
        self._position = until
        return np.column_stack(sides)

    def _silence(self, narrow: Sums, wide: Sums) -> None:
        """Empty what lies in a pause: jitter may have put words there that were spoken in it."""
        for start, end in self._silences:
            begin, stop = max(start - self._position, 0), max(end - self._position, 0)
            narrow[begin:stop] = 0
            wide[2 * begin : 2 * stop] = 0


def _mix(parts: Sequence[Samples], count: int) -> Sums:
    """Return the sum of the parts, `count` samples long."""
    mixed = np.zeros(count, dtype=np.int32)
    for part in parts:
        mixed += part
    return mixed


def _clip(samples: Sums) -> Samples:
    return np.clip(samples, -32768, 32767).astype(np.int16)
