"""The best peer measured: Debian's rtpengine, recording calls to pcap, beside our capture.

    .venv/bin/python -m bench.rtpengine --calls 1000 --seconds 20

rtpengine runs in user space, on the same core as ours, under the same generator, in its cheapest
mode: "block media", so that it records and forwards nothing. It writes plain pcap files and never
syncs; ours are sealed and synced. Calls are made by its ng protocol (bencode over UDP). Needs
`apt-get install rtpengine-daemon`; without it the comparison is left out, and says so.
"""

import argparse
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.capture import STREAMS_PER_CALL, Figure, run_capture, under_load
from bench.node import OURS, build, cpu_s, free_port
from bench.table import Row, finish

BAR_RATIO = 1 / 3
WITHIN_S = 10.0
SETTLE_S = 2.0  # its writer lags behind what it receives
_FILE_HEADER, _PACKET_HEADER = 24, 16
_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)


def main() -> int:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=None, help="a disk, not a tmpfs")
    told = parser.parse_args()
    if shutil.which("rtpengine") is None:
        print("rtpengine is not installed (apt-get install rtpengine-daemon): left out")
        return 0
    os.sched_setaffinity(0, {OURS})
    build("callvault-rtpgen")
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        peer = run_rtpengine(Path(folder), told.calls, told.seconds)
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        ours = run_capture(Path(folder), told.calls, told.seconds)
    print(peer, ours, sep="\n")
    ratio = ours.per_million / peer.per_million
    return finish(
        [
            Row(
                f"capture, {told.calls} calls, CPU-s a million packets",
                f"{ours.per_million:.2f}, lost {ours.lost}",
                "<= 1/3 of rtpengine",
                ratio <= BAR_RATIO and not ours.lost,
                f"rtpengine, record-only {peer.per_million:.2f}, lost {peer.lost}",
                f"{ratio:.2f}",
            )
        ]
    )


def run_rtpengine(folder: Path, calls: int, seconds: int) -> Figure:
    """Record calls with rtpengine; its packets are counted in the files it wrote."""
    with running(folder) as control:
        ports = [port for number in range(calls) for port in control.open_call(number)]
        before_s = cpu_s(control.pid)
        sent, _ = under_load(ports, seconds)
        time.sleep(SETTLE_S)
        spent_s = cpu_s(control.pid) - before_s
    received = sum(map(packets_in, (folder / "pcaps").glob("*.pcap")))
    name = f"rtpengine, {STREAMS_PER_CALL * calls} streams"
    return Figure(name, sent, received, spent_s, "pcap, not synced")


@dataclass
class Control:
    """The ng protocol's client (bencoded dictionaries, a cookie in front)."""

    wire: socket.socket
    pid: int
    cookie: int = 0

    def ask(self, **told: str) -> bytes:
        """Send a command; return its answer. Exits when rtpengine refuses."""
        self.cookie += 1
        command = {name.replace("_", "-"): value for name, value in told.items()}
        self.wire.send(b"%d " % self.cookie + bencoded(command))
        answer = self.wire.recv(65536)
        if b"6:result5:error" in answer:
            sys.exit(f"rtpengine refuses: {answer.decode()}")
        return answer

    def open_call(self, number: int) -> Iterator[int]:
        """Make a call that is recorded and forwards nothing; its two ports."""
        both = {"call_id": f"bench-{number}", "from_tag": "a"}
        for command, port in (("offer", 9), ("answer", 11)):
            sdp = _SDP.format(port=port)
            tags = {"to_tag": "b"} if command == "answer" else {}
            answer = self.ask(command=command, sdp=sdp, record_call="yes", **both, **tags)
            yield int(answer.partition(b"m=audio ")[2].split()[0])
        self.ask(command="block media", call_id=both["call_id"])


@contextmanager
def running(folder: Path) -> Iterator[Control]:
    """Run rtpengine on our core, with its recordings in a folder."""
    port = free_port()
    options: Mapping[str, object] = {
        "config-file": "none",
        "table": -1,  # no kernel module
        "interface": "127.0.0.1",
        "listen-ng": f"127.0.0.1:{port}",
        "recording-dir": folder,
        "recording-method": "pcap",
        "recording-format": "raw",
        "port-min": 30000,
        "port-max": 59999,
        "log-level": 4,
        "pidfile": folder / "pid",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(OURS), "rtpengine", "--foreground", "--log-stderr", *arguments],
            stdout=log,
            stderr=log,
        )
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.connect(("127.0.0.1", port))
            wire.settimeout(WITHIN_S)
            control = Control(wire, process.pid)
            await_answer(control, folder / "log")
            yield control
    finally:
        process.terminate()
        process.wait(60)


def await_answer(control: Control, log: Path) -> None:
    """Wait until rtpengine listens."""
    give_up_at = time.monotonic() + WITHIN_S
    while True:
        try:
            control.ask(command="ping")
        except ConnectionRefusedError:
            if time.monotonic() > give_up_at:
                sys.exit(f"rtpengine does not start: {log.read_text()}")
            time.sleep(0.1)
        else:
            return


def bencoded(value: str | Mapping[str, str]) -> bytes:
    """Encode text or a dictionary."""
    if isinstance(value, str):
        raw = value.encode()
        return b"%d:%s" % (len(raw), raw)
    pairs = (bencoded(name) + bencoded(told) for name, told in sorted(value.items()))
    return b"d" + b"".join(pairs) + b"e"


def packets_in(pcap: Path) -> int:
    """Count the packets of a file whose packets are all of one size."""
    size = pcap.stat().st_size
    if size <= _FILE_HEADER:
        return 0
    with pcap.open("rb") as file:
        file.seek(_FILE_HEADER + 8)
        (length,) = struct.unpack("<I", file.read(4))
    return int((size - _FILE_HEADER) // (_PACKET_HEADER + length))


if __name__ == "__main__":
    sys.exit(main())
