"""What finishing a call costs: from closed journal to sealed two-channel MP3.

    .venv/bin/python -m bench.finalise --minutes 60

Speech-like calls of two streams at 20 ms with jitter are journalled, then finished in this process.
Reported: times real time of CPU, memory above what the process held before, and for a three-minute
call the wall time from the closed journal to sealed objects. The baseline is PyAV's MP3 encoder
alone, fed with the same samples.
"""

import argparse
import io
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import av
import numpy as np
from G722 import G722
from tests.audio import encoders
from tests.audio.wire import START_NS, speech
from tests.finalise.bench import FORMATS, Node, assignment

from bench.table import Row, finish
from callvault.audio.g711 import encode_ulaw
from callvault.finalise.journal import finalise_journal
from callvault.policy.decision import Decision, Verdict
from callvault.rtp import RtpPacket
from callvault.spool import JournalWriter, Packet, PacketsBlock, Source, journal_path
from callvault.spool.entries import (
    Decided,
    DialogEnded,
    StreamDescription,
    StreamsChanged,
    TimelineEvent,
)

BAR_TIMES_REAL = 400
BAR_MEGABYTES = 64
BAR_PLAYABLE_S = 2.0
LOOP_S = 30  # what is said comes again after this
SECOND_NS = 1_000_000_000


@dataclass
class Cost:
    """What a stretch of work took."""

    cpu_s: float = 0
    wall_s: float = 0
    megabytes: float = 0
    _done: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the block: CPU of the process, wall time, highest memory above the start."""
        base = resident_megabytes()
        watch = threading.Thread(target=self._watch, args=(base,))
        watch.start()
        cpu_s, wall_s = time.process_time(), time.monotonic()
        try:
            yield
        finally:
            self.cpu_s = time.process_time() - cpu_s
            self.wall_s = time.monotonic() - wall_s
            self._done.set()
            watch.join()

    def _watch(self, base: float) -> None:
        while not self._done.wait(0.02):
            self.megabytes = max(self.megabytes, resident_megabytes() - base)


def resident_megabytes() -> float:
    """Memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


@dataclass(frozen=True)
class Codec:
    """What is sent in each packet of 20 ms, and how it is announced."""

    payload_type: int
    ticks: int
    payloads: Callable[[int], list[bytes]]  # of a party


def write_call(journal: JournalWriter, seconds: int, codec: Codec) -> None:
    """Journal a call of two talking parties."""
    streams = tuple(
        StreamDescription(index, str(index), "audio", FORMATS, active=True, port=20000)
        for index in (0, 1)
    )
    journal.append(StreamsChanged(START_NS, streams))
    journal.append(Decided(START_NS, Decision(Verdict.RECORDED, (), (assignment(),))))
    journal.append(TimelineEvent(START_NS, "answered"))
    said = [codec.payloads(seed) for seed in (1, 2)]
    jitter = np.random.default_rng(1)
    for second in range(seconds):
        packets = [
            packet(stream, second * 50 + n, said[stream], int(jitter.exponential(2e6)), codec)
            for stream in (0, 1)
            for n in range(50)
        ]
        packets.sort(key=lambda one: one.arrival_ns)
        now = (second + 1) * SECOND_NS
        sources = {(stream, 0): Source(ip_address("192.0.2.7"), 40000) for stream in (0, 1)}
        journal.append_packets(PacketsBlock(START_NS + now, now, sources, packets))
    journal.append(DialogEnded(START_NS + seconds * SECOND_NS, "bye"))
    journal.end()
    journal.close()


def g711(seed: int) -> list[bytes]:
    """Return what a party says in µ-law."""
    octets = encode_ulaw(speech(LOOP_S, seed=seed)).tobytes()
    return [octets[at : at + 160] for at in range(0, len(octets), 160)]


def g722(seed: int) -> list[bytes]:
    """Return what a party says in G.722."""
    octets = bytes(G722(16000, 64000).encode(speech(LOOP_S, seed=seed, rate_hz=16000)))
    return [octets[at : at + 160] for at in range(0, len(octets), 160)]


def opus(seed: int) -> list[bytes]:
    """Return what a party says in Opus, each packet with the one before it once more."""
    said = np.roll(np.tile(encoders.spoken(16000), LOOP_S // 6), seed * 16000)
    return encoders.opus_for_loss(said, inband_fec=1, loss_percent=20)


G711, WIDE, OPUS = Codec(0, 160, g711), Codec(9, 160, g722), Codec(111, 960, opus)


def packet(stream: int, number: int, said: list[bytes], late_ns: int, codec: Codec) -> Packet:
    """Return the packet of this number as it was received."""
    rtp = RtpPacket(
        payload_type=codec.payload_type,
        sequence_number=number % 65536,
        timestamp=number * codec.ticks % 2**32,
        ssrc=stream + 1,
        payload=said[number % len(said)],
    )
    at_ns = START_NS + number * 20_000_000 + late_ns
    return Packet(stream, 0, is_rtcp=False, arrival_ns=at_ns, datagram=bytes(rtp))


def finished(seconds: int, codec: Codec = G711) -> Cost:
    """Journal a call, finish it, return what finishing took."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder))
        journal_id = uuid4()
        write_call(node.journal(journal_id), seconds, codec)
        cost = Cost()
        with cost.measured():
            outcome = finalise_journal(journal_path(node.spool, journal_id), node.bench())
        assert outcome.recordings[0].duration_ms == seconds * 1000
        return cost


def baseline(seconds: int) -> float:
    """CPU-seconds of PyAV's encoder for the same samples, nothing else done."""
    frames = np.column_stack(
        [np.tile(speech(LOOP_S, seed=seed), seconds // LOOP_S) for seed in (1, 2)]
    )
    started_s = time.process_time()
    with av.open(io.BytesIO(), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=8000, layout="stereo")
        stream.bit_rate = 32_000
        for at in range(0, len(frames), 576):
            part = np.ascontiguousarray(frames[at : at + 576].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
            frame.sample_rate = 8000
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return time.process_time() - started_s


def main() -> int:
    """Run, print, and return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=20, help="length of the long calls")
    seconds = parser.parse_args().minutes * 60
    narrow, wide, short = finished(seconds), finished(seconds, WIDE), finished(180)
    opus_call = finished(seconds, OPUS)
    encoding_alone = 300 / baseline(300)
    times = seconds / narrow.cpu_s
    megabytes = max(one.megabytes for one in (narrow, wide, opus_call))
    return finish(
        [
            Row(
                f"finalise G.711, {seconds // 60} min, x real time a core",
                f"{times:.0f}",
                f">= {BAR_TIMES_REAL}",
                times >= BAR_TIMES_REAL,
                f"PyAV encoding alone {encoding_alone:.0f}",
                f"{times / encoding_alone:.1f}",
            ),
            Row("the same, G.722", f"{seconds / wide.cpu_s:.0f}"),
            Row("the same, Opus with FEC", f"{seconds / opus_call.cpu_s:.0f}"),
            Row(
                "memory above base, long call",
                f"{megabytes:.0f} MB",
                f"<= {BAR_MEGABYTES} MB",
                megabytes <= BAR_MEGABYTES,
            ),
            Row(
                "three minutes, from BYE to playable",
                f"{short.wall_s:.2f} s",
                f"< {BAR_PLAYABLE_S:.0f} s",
                short.wall_s < BAR_PLAYABLE_S,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
