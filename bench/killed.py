"""What a call loses when its recorder is killed, and when the power goes.

    .venv/bin/python -m bench.killed --calls 250 --times 4

Two G.711 streams a call, 50 packets a second each. The recorder is killed at a random moment; for a
power cut what it had not synced is taken back as well (tests/faults/power.c). The loss of a call is
the time from its last packet in the journal to the kill.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.power import PowerSupply

from bench.node import Node, Placed, sending
from bench.table import Row, finish
from callvault.spool import JournalReader, PacketsBlock, scan
from callvault.vault import Keyring, open_key

BARS_S = {"kill -9": 1.5, "power cut": 2.5}
CALLS_PER_S = 100
TALKING_S = 60  # at most: it is killed before
MEMORY = Path("/dev/shm")  # noqa: S108 - the list of what is durable must cost no disk


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=250)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=None, help="spool; a disk, not a tmpfs")
    told = parser.parse_args()
    drawn = random.Random(1)
    rows = []
    for what, bar_s in BARS_S.items():
        losses_s = [
            loss_s
            for _ in range(told.times)
            for loss_s in losses(told.calls, told.folder, drawn, is_cut=what == "power cut")
        ]
        missing = told.calls * told.times - len(losses_s)
        worst_s = max(losses_s, default=0.0)
        rows += [
            Row(
                f"{what} at {told.calls} calls, {told.times} times: most lost of a call",
                f"{worst_s:.2f} s",
                f"<= {bar_s} s",
                worst_s <= bar_s,
            ),
            Row(f"{what}: recordings lost", f"{missing}", "0", missing == 0),
        ]
    return finish(rows)


def losses(calls: int, folder: Path | None, drawn: random.Random, *, is_cut: bool) -> list[float]:
    """Kill a recorder of so many calls once; return what each call that is there lost, in s."""
    with (
        tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name,
        tempfile.TemporaryDirectory(dir=MEMORY) as place,
        Node(Path(name) / "node") as node,
    ):
        supply = PowerSupply(node.spool, Path(place))
        pid = node.start("recorder", environment=supply.environment)
        calling = node.generator(calls, CALLS_PER_S, "keep")
        assert calling.stdout is not None
        placed = Placed.read(calling.stdout.readline())
        assert placed.answered == calls, placed
        talking = sending(placed.ports, TALKING_S, stdout=subprocess.DEVNULL)
        time.sleep(drawn.uniform(4.0, 6.0))
        killed_ns = time.time_ns()
        if is_cut:
            supply.cut(pid)
        else:
            os.kill(pid, signal.SIGKILL)
        node.running.pop("recorder").wait()
        for generator in (talking, calling):
            generator.kill()
            generator.communicate()
        return [(killed_ns - last_ns) / 1e9 for last_ns in last_arrivals(node)]


def last_arrivals(node: Node) -> Iterator[int]:
    """Yield when the last packet of each call arrived that is in its journal, UTC ns."""
    keyring = Keyring.load(node.data / "keys")
    for journal in scan(node.spool):
        if journal.is_node_events:
            continue
        with JournalReader.open(journal.path, lambda one: open_key(one, keyring)) as reader:
            arrivals = [
                packet.arrival_ns
                for block in reader.blocks()
                if isinstance(block, PacketsBlock)
                for packet in block.packets
            ]
        if arrivals:
            yield max(arrivals)


if __name__ == "__main__":
    sys.exit(main())
