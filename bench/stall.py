"""2,500 calls at once, and a recorder that stands still for two seconds: nothing is lost.

    .venv/bin/python -m bench.stall --calls 2500 --seconds 60

Two G.711 streams a call, 50 packets a second each. Half-way the recorder's process is stopped by
SIGSTOP and goes on two seconds later; what came meanwhile waits in the sockets. What was sent is
then compared with what stands in the sealed journals.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.node import Node, cpu_s, resident_kib, sending
from bench.table import Row, finish
from callvault.spool import JournalReader, PacketsBlock, scan
from callvault.vault import Keyring, open_key

BAR_KB_A_STREAM = 24
STALL_S = 2.0
STREAMS = 2
CALLS_PER_S = 100


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2500)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=None, help="spool; a disk, not a tmpfs")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=told.folder, ignore_cleanup_errors=True) as folder:
        with Node(Path(folder) / "node") as node:
            pid = node.start("recorder")
            node.place(100, 50)
            before_kib, known = resident_kib(pid), set(node.spool.glob("*.cvj"))
            with node.calls_in_progress(told.calls, CALLS_PER_S) as placed:
                began_s = cpu_s(pid)
                sent, steady_kib = send(placed.ports, told.seconds, stalled=pid)
                load_s = cpu_s(pid) - began_s
                stalled_kib = resident_kib(pid)
            node.stop("recorder")
        kept = packets_kept(node, known)
    streams = STREAMS * placed.answered
    kilobytes = (steady_kib - before_kib) * 1.024 / streams
    after = (stalled_kib - before_kib) * 1.024 / streams
    print(
        f"{placed.answered} calls answered, {placed.refused} refused, {placed.failed} failed; "
        f"{load_s / sent * 1e6:.2f} CPU-s a million packets, all in"
    )
    return finish(
        [
            Row(
                f"{placed.answered} calls, {STALL_S:.0f} s of SIGSTOP: packets lost",
                f"{sent - kept} of {sent}",
                "0",
                sent == kept and placed.answered == told.calls,
            ),
            Row(
                "memory of the recorder a stream, all in",
                f"{kilobytes:.1f} kB",
                f"<= {BAR_KB_A_STREAM} kB",
                kilobytes <= BAR_KB_A_STREAM,
            ),
            Row("the same, after two seconds of packets came at once", f"{after:.1f} kB"),
        ]
    )


def send(ports: tuple[int, ...], seconds: int, *, stalled: int) -> tuple[int, int]:
    """Send to the ports, and stop the process half-way.

    Returns how many packets were sent, and the memory of the process just before it was stopped.
    """
    generator = sending(ports, seconds, stdout=subprocess.PIPE)
    time.sleep(seconds / 2)
    steady_kib = resident_kib(stalled)
    os.kill(stalled, signal.SIGSTOP)
    time.sleep(STALL_S)
    os.kill(stalled, signal.SIGCONT)
    output, _ = generator.communicate()
    return int(output), steady_kib


def packets_kept(node: Node, known: set[Path]) -> int:
    """Count the packets in all journals but those that were there before."""
    keyring = Keyring.load(node.data / "keys")
    kept = 0
    for journal in scan(node.spool):
        if journal.is_node_events or journal.path in known:
            continue
        with JournalReader.open(journal.path, lambda one: open_key(one, keyring)) as reader:
            blocks = (one for one in reader.blocks() if isinstance(one, PacketsBlock))
            kept += sum(not packet.is_rtcp for block in blocks for packet in block.packets)
            assert reader.damage is None, journal.path
    return kept


if __name__ == "__main__":
    sys.exit(main())
