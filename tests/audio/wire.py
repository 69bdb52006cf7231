"""A sender and a wire under control, and the way from packets to samples that finalise takes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from callvault.audio import (
    TICK_HZ,
    WINDOW,
    CallRenderer,
    Encoding,
    HeardSource,
    PayloadTable,
    SourceSurvey,
    StreamRenderer,
    hear,
)
from callvault.audio.g711 import Samples, decode_ulaw, encode_ulaw
from callvault.rtp import PacketBatch, RtpPacket, parse_batch

START_NS = 1_763_900_000_000_000_000
MS = 1_000_000
TABLE = PayloadTable([Encoding(101, "TELEPHONE-EVENT", 8000)])


@dataclass(frozen=True)
class Arrival:
    """A packet and when it came; `ns` from START_NS."""

    ns: int
    packet: RtpPacket

    def later(self, ns: int) -> "Arrival":
        return replace(self, ns=self.ns + ns)


def speech(seconds: float, *, seed: int = 1, rate_hz: int = 8000) -> Samples:
    """Something with edges everywhere: filtered noise in bursts, already as µ-law can say it."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    smooth = np.convolve(rng.standard_normal(count + 8), np.ones(5) / 5, "same")[:count]
    bursts = 0.3 + 0.7 * (np.sin(np.arange(count) * 2 * np.pi * 1.3 / rate_hz) > 0)
    return (smooth * bursts * 9000).clip(-32000, 32000).astype(np.int16)


@dataclass
class Sender:
    """Sends payloads at an even pace; what it sent lies in `arrivals`."""

    ssrc: int = 0x1234
    sequence: int = 1000
    timestamp: int = 50_000
    at_ns: int = 0
    payload_type: int = 0
    drift_ppm: float = 0.0  # of its clock; positive: fast
    clock_rate_hz: int = 8000
    arrivals: list[Arrival] = field(default_factory=list)

    def send(self, payload: bytes, *, ticks: int | None = None, marker: bool = False) -> None:
        """Send one packet and let its time pass."""
        packet = RtpPacket(
            payload_type=self.payload_type,
            sequence_number=self.sequence % 65536,
            timestamp=self.timestamp % 2**32,
            ssrc=self.ssrc,
            marker=marker,
            payload=payload,
        )
        self.arrivals.append(Arrival(self.at_ns, packet))
        self.sequence += 1
        self.pass_time(len(payload) if ticks is None else ticks)

    def pass_time(self, ticks: int) -> None:
        """Let media time pass without sending: silence suppression."""
        self.timestamp += ticks
        self.at_ns += round(ticks * 1e9 / self.clock_rate_hz / (1 + self.drift_ppm * 1e-6))

    def say(self, samples: Samples, *, ptime: int = 20) -> Samples:
        """Send samples as µ-law; return what a lossless receiver decodes."""
        octets = encode_ulaw(samples)
        self.send_stream(octets.tobytes(), size=ptime * 8)
        return decode_ulaw(octets)

    def send_stream(self, octets: bytes, *, size: int = 160) -> None:
        """Send octets of eight a millisecond, `size` a packet, the last one short."""
        for at in range(0, len(octets), size):
            self.send(octets[at : at + size])


def jittered(arrivals: Iterable[Arrival], *, most_ms: float = 40, seed: int = 3) -> list[Arrival]:
    """Delay each packet by a random time; packets overtake each other."""
    rng = np.random.default_rng(seed)
    delayed = [one.later(int(rng.exponential(most_ms / 4) * MS)) for one in arrivals]
    return sorted(delayed, key=lambda one: one.ns)


def without(arrivals: Sequence[Arrival], lost: Callable[[int], bool]) -> list[Arrival]:
    """Lose the packets whose index `lost` says."""
    return [one for index, one in enumerate(arrivals) if not lost(index)]


Survey = dict[tuple[str, int], SourceSurvey]


def survey(
    sources: Mapping[str, Sequence[Arrival]], *, table: PayloadTable = TABLE, size: int = 400
) -> Survey:
    """First pass over one stream: `sources` are sender addresses."""
    surveys: Survey = {}
    for key, batch in _batches(sources, size):
        surveys.setdefault(key, SourceSurvey()).add(batch, table)
    return surveys


def heard(
    sources: Mapping[str, Sequence[Arrival]] | Sequence[Arrival],
    *,
    seconds: float,
    table: PayloadTable = TABLE,
    rate_hz: int = 8000,
    silences: Sequence[tuple[int, int]] = (),
) -> Samples:
    """Both passes over one stream, in windows; the left channel of what is recorded."""
    named = sources if isinstance(sources, Mapping) else {"192.0.2.7": sources}
    chosen = hear(survey(named, table=table), table, origin_ns=START_NS)
    return rendered(named, chosen, seconds=seconds, table=table, rate_hz=rate_hz, silences=silences)


def rendered(
    sources: Mapping[str, Sequence[Arrival]],
    chosen: Mapping[tuple[str, int], HeardSource],
    *,
    seconds: float,
    table: PayloadTable = TABLE,
    rate_hz: int = 8000,
    silences: Sequence[tuple[int, int]] = (),
) -> Samples:
    """Second pass; windows are rendered as the worker does, once six seconds more were read."""
    stream = StreamRenderer(chosen)
    call = CallRenderer({0: stream}, channels=((0,), ()), silences=silences, sample_rate_hz=rate_hz)
    total, done, parts = round(seconds * TICK_HZ), 0, []
    for key, batch in _batches(sources, 100):
        reached = (int(batch.arrival_ns[-1]) - START_NS) * TICK_HZ // 1_000_000_000
        stream.add(key, batch, table)
        while done + WINDOW + 6 * TICK_HZ <= reached and done + WINDOW < total:
            done += WINDOW
            parts.append(call.render(done, last=False))
    while done < total:
        done = min(done + WINDOW, total)
        parts.append(call.render(done, last=done == total))
    return np.concatenate(parts)[:, 0]


def _batches(
    sources: Mapping[str, Sequence[Arrival]], size: int
) -> Iterator[tuple[tuple[str, int], PacketBatch]]:
    """Yield batches of one source each, in order of arrival over all."""
    merged = sorted(
        ((one.ns, name, one) for name, arrivals in sources.items() for one in arrivals),
        key=lambda item: item[:2],
    )
    for at in range(0, len(merged), size):
        part = merged[at : at + size]
        for key in dict.fromkeys((name, one.packet.ssrc) for _, name, one in part):
            rows = [one for _, name, one in part if (name, one.packet.ssrc) == key]
            yield (
                key,
                parse_batch(
                    [bytes(one.packet) for one in rows], [START_NS + one.ns for one in rows]
                ),
            )


def offset_samples(heard_part: Samples, source: Samples, *, most: int) -> int:
    """Return by how many samples `heard_part` is late against `source` (cross-correlation)."""
    a = heard_part.astype(np.float64)
    b = source.astype(np.float64)
    size = 1 << (len(a) + len(b)).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    lags = np.concatenate((product[: most + 1], product[-most:]))
    best = int(np.argmax(lags))
    return best if best <= most else best - len(lags)
