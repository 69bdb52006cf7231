"""What capture costs: CPU-seconds per million packets, sealed and synced, and what is lost.

    .venv/bin/python -m bench.capture --calls 250 --seconds 20

Calls have two G.711 streams. The receiver runs on one core and the generator (native/rtpgen) on
another; only the receiver's CPU time is counted, that of the kernel on its behalf included. The
baseline is the plain way: one epoll wake-up and one recv per packet, written nowhere.
"""

import argparse
import os
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec

from bench.node import NATIVE, OTHERS, OURS, build
from bench.table import Row, finish
from callvault import _native
from callvault.capture import Journal, Receiver, Stream
from callvault.config.sections import CaptureConfig
from callvault.spool.entries import JournalHeader

STREAMS_PER_CALL = 2
BAR_CPU_S_PER_MILLION = 1.6


@dataclass(frozen=True, slots=True)
class Figure:
    """The outcome of one run."""

    name: str
    sent: int
    received: int
    cpu_s: float
    note: str = ""

    @property
    def per_million(self) -> float:
        """CPU-seconds for a million packets."""
        return self.cpu_s / max(1, self.received) * 1e6

    @property
    def lost(self) -> int:
        """Packets that were sent and not received."""
        return self.sent - self.received

    def __str__(self) -> str:
        figure = f"{self.per_million:6.2f} CPU-s/million  lost {self.lost}"
        return f"{self.name:32} {figure}  {self.note}"


def main() -> int:
    """Measure, print, and return 1 when the bar is missed."""
    if _native.build_profile != "release":
        sys.exit("the native part is a debug build: figures would mean nothing")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=None, help="spool; a disk, not a tmpfs")
    told = parser.parse_args()
    os.sched_setaffinity(0, {OURS})
    build("callvault-rtpgen")
    with tempfile.TemporaryDirectory(dir=told.folder) as spool:
        ours = run_capture(Path(spool), told.calls, told.seconds)
    plain = run_plain_sockets(told.calls, told.seconds)
    print(plain)
    print(ours)
    return finish(
        [
            Row(
                f"capture, {STREAMS_PER_CALL * told.calls} streams, CPU-s a million packets",
                f"{ours.per_million:.2f}, lost {ours.lost}",
                f"<= {BAR_CPU_S_PER_MILLION}, 0",
                ours.per_million <= BAR_CPU_S_PER_MILLION and not ours.lost,
                f"Python epoll + recv {plain.per_million:.2f}, lost {plain.lost}",
                f"{ours.per_million / plain.per_million:.2f}",
            )
        ]
    )


def run_capture(spool: Path, calls: int, seconds: int) -> Figure:
    """Receive with callvault.capture into sealed journals."""
    config = CaptureConfig(bind_address="127.0.0.1")
    before_kib = resident_kib()
    with Receiver(config, spool_folder=spool, sync_ms=1000) as receiver:
        journals = [open_call(receiver) for _ in range(calls)]
        streams = [stream for _, own in journals for stream in own]
        ports = [stream.rtp_port for stream in streams]
        sent, cpu_s = under_load(ports, seconds)
        grown_kib = resident_kib() - before_kib
        stats = receiver.stats()
        for journal, _ in journals:
            journal.close()
        received = sum(stream.counters().packets for stream in streams)
    note = (
        f"sweep {stats.last_sweep_ms:.1f} ms, sync {stats.last_sync_ms:.0f} ms, "
        f"{grown_kib / len(streams):.1f} KiB a stream, kernel drops {stats.kernel_drops}, "
        f"reports {stats.reports}"
    )
    return Figure(f"callvault, {len(ports)} streams", sent, received, cpu_s, note)


def open_call(receiver: Receiver) -> tuple[Journal, list[Stream]]:
    """Open a journal with two streams."""
    header = JournalHeader(uuid4(), "dialog", "bench", opened_at_ns=0)
    encoded = msgspec.json.encode(header)
    journal = receiver.open_journal(
        header.journal_id, key=os.urandom(32), envelope=b"none", header=encoded
    )
    streams = [journal.open_stream(n, allow=["127.0.0.1"]) for n in range(STREAMS_PER_CALL)]
    for stream in streams:
        stream.open_reports(is_multiplexed=False, clock_rate_hz=8000)
    return journal, streams


def run_plain_sockets(calls: int, seconds: int) -> Figure:
    """Receive as a plain program does; Python's own work is in the figure."""
    selector = selectors.EpollSelector()
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2 * calls)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
        one.settimeout(0)
        selector.register(one, selectors.EVENT_READ)
    received = 0
    ended = threading.Event()

    def receive() -> None:
        nonlocal received
        while not ended.is_set():
            for key, _ in selector.select(timeout=0.1):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.recv(2048)
                received += 1

    thread = threading.Thread(target=receive)
    thread.start()
    sent, cpu_s = under_load([one.getsockname()[1] for one in sockets], seconds)
    ended.set()
    thread.join()
    for one in sockets:
        one.close()
    selector.close()
    return Figure(f"Python epoll + recv, {len(sockets)} streams", sent, received, cpu_s)


def under_load(ports: list[int], seconds: int) -> tuple[int, float]:
    """Send to the ports; return packets sent and the CPU time of this process meanwhile."""
    generator = subprocess.Popen(
        [NATIVE / "target" / "release" / "callvault-rtpgen", str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.sched_setaffinity(generator.pid, {OTHERS})
    before_s = cpu_time_s()
    output, _ = generator.communicate("\n".join(map(str, ports)))
    return int(output), cpu_time_s() - before_s


def cpu_time_s() -> float:
    """CPU time of this process, kernel included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_kib() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


if __name__ == "__main__":
    sys.exit(main())
