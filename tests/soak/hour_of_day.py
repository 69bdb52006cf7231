"""An hour of day in ten minutes: 200 calls, 20 at a time, against a fresh node.

    python -m tests.soak.hour_of_day            (make soak)
    python -m tests.soak.hour_of_day --calls 40 --concurrent 10

Ends with the simulator's table; exit code 0 when each call has its recording, as long as the call
and with the right channels.
"""

import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.flows.node import Node, environment


def main() -> int:
    """Start a node, place the calls, stop the node, and return the simulator's exit code."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--concurrent", type=int, default=20)
    parser.add_argument("--seconds", default="30-90")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callvault-soak-") as folder:
        node = Node(Path(folder) / "data").start()
        try:
            code = _simulate(node, options.calls, options.concurrent, options.seconds, options.seed)
        finally:
            stopped = node.stop()
            sys.stderr.write(node.log.read_text())
    print(f"serve ended with exit code {stopped}.")
    return code or stopped


def _simulate(node: Node, calls: int, concurrent: int, seconds: str, seed: int) -> int:
    """Run the simulator with its output on this terminal."""
    arguments = (
        *("--calls", calls, "--concurrent", concurrent, "--seconds", seconds, "--seed", seed),
        *("--wait", 300, "--yes"),
    )
    command = node.simulation(*arguments)
    return subprocess.run(command, check=False, env=environment()).returncode


if __name__ == "__main__":
    sys.exit(main())
