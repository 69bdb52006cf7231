"""Second pass over a journal: one recording, decoded, encoded and sealed as it is read.

Windows of ten seconds go through; nothing grows with the call. All objects are written at once,
since the journal is read once for them.
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from callvault.audio import (
    NARROW_HZ,
    TICK_HZ,
    WINDOW,
    CallRenderer,
    LevelMeter,
    Mp3Encoder,
    PeaksMeter,
    StreamRenderer,
    position_of,
)
from callvault.config.sections import FinaliseConfig
from callvault.finalise.pcap import PcapWriter
from callvault.finalise.plan import SIDES, RecordingPlan, Side
from callvault.finalise.reading import Cut, Item, Locked, Meant, Reached, SourceBatch, SourceKey
from callvault.finalise.survey import PayloadTables
from callvault.finalise.transcript import Transcript
from callvault.spool import PacketsBlock
from callvault.spool.entries import JournalHeader, StreamsChanged
from callvault.vault import ObjectKind, ObjectSealer, Writable

LATE_ALLOWED = 6 * TICK_HZ  # a window waits so long for packets that come late


@dataclass(slots=True)
class _Sound:
    """Renders, measures and encodes what has come so far."""

    plan: RecordingPlan
    file: Writable
    renderer: CallRenderer
    encoder: Mp3Encoder
    peaks: PeaksMeter
    meters: dict[Side, LevelMeter] = field(
        default_factory=lambda: {side: LevelMeter() for side in SIDES}
    )
    done: int = 0  # position

    def reach(self, position: int) -> None:
        """Write the windows for which nothing is missing any more."""
        while self.done + WINDOW + LATE_ALLOWED <= position and self.done + WINDOW < self._end:
            self._write(self.done + WINDOW)

    def finish(self) -> None:
        """Write the rest, to the end of the call."""
        while self.done < self._end:
            self._write(min(self.done + WINDOW, self._end))
        self.file.write(self.encoder.finish())

    @property
    def _end(self) -> int:
        return self.plan.window.samples_8k

    def _write(self, until: int) -> None:
        frames = self.renderer.render(until, last=until == self._end)
        self.done = until
        for column, side in enumerate(SIDES):
            self.meters[side].add(frames[:, column])
        self.peaks.add(frames)
        self.file.write(self.encoder.encode(frames))


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out of a recording's packets."""

    meters: dict[Side, LevelMeter]
    damaged: dict[int, int]  # payloads that were no sound of their codec, by stream
    recovered: dict[int, int]  # lost packets that the ones behind them held once more, likewise
    has_packets: bool  # they are sealed beside the sound


def write(
    plan: RecordingPlan,
    items: Iterable[Item],
    sealer: ObjectSealer,
    *,
    header: JournalHeader,
    ports: Mapping[int, int],
    config: FinaliseConfig,
) -> Heard:
    """Seal audio, waveform, transcript and, where wanted, packets; return what was heard."""
    streams = {index: StreamRenderer(sources) for index, sources in plan.heard.items()}
    tables = PayloadTables(g726_is_aal2=config.g726_is_aal2)
    with ExitStack() as stack:
        sound = _sound(plan, streams, stack.enter_context(sealer.create(ObjectKind.AUDIO)), config)
        transcript = Transcript(stack.enter_context(sealer.create(ObjectKind.METADATA)), header)
        pcap = None
        if config.keep_received_payloads or plan.has_unheard:
            raw = stack.enter_context(sealer.create(ObjectKind.RAW))
            pcap = PcapWriter(raw, _wanted(plan, ports))
        for item in items:
            if isinstance(item, SourceBatch):
                _add(streams, item, tables)
            elif isinstance(item, Reached):
                sound.reach(position_of(item.at_ns, plan.window.start_ns))
            elif isinstance(item, PacketsBlock | Locked):
                if pcap:
                    pcap.add(item.block if isinstance(item, Locked) else item)
            elif isinstance(item, Meant):
                tables.change(item.streams)
            elif not isinstance(item, Cut):
                if isinstance(item, StreamsChanged):
                    tables.change(item.streams)
                transcript.add(item)
        sound.finish()
        _add_digits(plan, transcript)
    with sealer.create(ObjectKind.PEAKS) as file:
        file.write(sound.peaks.to_json())
    damaged = {index: stream.damaged for index, stream in streams.items()}
    recovered = {index: stream.recovered for index, stream in streams.items()}
    return Heard(sound.meters, damaged, recovered, has_packets=pcap is not None)


def keep_packets(
    plan: RecordingPlan, items: Iterable[Item], sealer: ObjectSealer, *, ports: Mapping[int, int]
) -> None:
    """Seal the packets as received; what turned out not to decode is never thrown away (CAP-5)."""
    with sealer.create(ObjectKind.RAW) as file:
        pcap = PcapWriter(file, _wanted(plan, ports))
        for item in items:
            if isinstance(item, PacketsBlock):
                pcap.add(item)


def _wanted(plan: RecordingPlan, ports: Mapping[int, int]) -> dict[int, int]:
    """Return the streams whose packets are kept, with our port of each."""
    return {index: ports.get(index, 0) for index in plan.heard}


def _sound(
    plan: RecordingPlan,
    streams: Mapping[int, StreamRenderer[SourceKey]],
    file: Writable,
    config: FinaliseConfig,
) -> _Sound:
    """Prepare rendering and encoding, and write the frame that comes first."""
    rate_hz = plan.sample_rate_hz
    start_ns = plan.window.start_ns
    pauses = [
        (position_of(one.start_ns, start_ns), position_of(one.end_ns, start_ns))
        for one in plan.window.paused
    ]
    renderer = CallRenderer(
        streams,
        channels=(plan.streams["owner"], plan.streams["remote"]),
        silences=pauses,
        sample_rate_hz=rate_hz,
    )
    encoder = Mp3Encoder(
        samples=plan.samples,
        sample_rate_hz=rate_hz,
        kbit_s=config.mp3_kbit_s * (rate_hz // NARROW_HZ),
        quality=config.mp3_quality,
    )
    file.write(encoder.start())
    peaks = PeaksMeter(samples=plan.samples, sample_rate_hz=rate_hz)
    return _Sound(plan, file, renderer, encoder, peaks)


def _add(
    streams: Mapping[int, StreamRenderer[SourceKey]], batch: SourceBatch, tables: PayloadTables
) -> None:
    stream = streams.get(batch.key.stream)
    if stream is not None:
        stream.add(batch.key, batch.packets, tables.of(batch.key.stream))


def _add_digits(plan: RecordingPlan, transcript: Transcript) -> None:
    for stream, sources in plan.heard.items():
        for source in sources.values():
            for digit in source.survey.digits.values():
                transcript.add_digit(digit, stream=stream)
