"""Calls a second, INVITE to BYE: answered, judged, journalled; and what their rows cost.

    .venv/bin/python -m bench.calls

A real recorder on one core, real sockets, the generator (native/sipgen) on the other. Each call
carries two G.711 streams in its offer and rs-metadata of two participants, one of them a user,
and is ended half a second after its answer. Counted as taken: every call answered with 200 and
its BYE too, and not one request sent twice.

The catalogue row is written by the worker from the journal, niced and later; its rate is measured
apart, on the same core with the recorder stopped, and both together are told as well.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.node import Node, Placed, cpu_s
from bench.table import Row, finish

BAR_CALLS_PER_S = 500
BAR_P99_MS = 50
REFERENCE_CALLS_PER_S = 3
"""What the reference product takes a second, by its own documentation."""
RATES = (300, 400, 500, 600, 700, 800, 1000)
HOLD_MS = 500
WORKER_CALLS = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried."""

    rate: int
    calls: int
    placed: Placed
    cpu_ms: float  # of the recorder, a call

    @property
    def is_taken(self) -> bool:
        """Whether every call went through, at once."""
        return self.placed.ended == self.calls and self.placed.retransmitted == 0

    def __str__(self) -> str:
        placed = self.placed
        return (
            f"  {self.rate:5}/s: {placed.ended} of {self.calls} ended, "
            f"{placed.retransmitted} sent again, p50 {placed.p50_ms:.1f} ms, "
            f"p99 {placed.p99_ms:.1f} ms, {self.cpu_ms:.2f} ms CPU a call"
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="how long each rate is held")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with Node(Path(folder) / "node") as node:
            pid = node.start("recorder")
            try_rate(node, pid, 50, 2)  # what is loaded at first use is
            calm = try_rate(node, pid, 100, seconds)
            best = climb(node, pid, seconds)
        with Node(Path(folder) / "rows") as node:
            rows_per_s = finishing_rate(node)
    together = 1 / (1 / best.rate + 1 / rows_per_s)
    return finish(
        [
            Row(
                "calls a second, INVITE to BYE, one core",
                f"{best.rate}",
                f">= {BAR_CALLS_PER_S}",
                best.rate >= BAR_CALLS_PER_S,
                f"reference product {REFERENCE_CALLS_PER_S}",
                f"{best.rate / REFERENCE_CALLS_PER_S:.0f}",
            ),
            Row(
                "p99 of the answer at 100 calls/s",
                f"{calm.placed.p99_ms:.1f} ms",
                f"< {BAR_P99_MS} ms",
                calm.is_taken and calm.placed.p99_ms < BAR_P99_MS,
            ),
            Row("catalogue rows a second, calls without media", f"{rows_per_s:.0f}"),
            Row("both on one core", f"{together:.0f}"),
        ]
    )


def try_rate(node: Node, pid: int, rate: int, seconds: int) -> Step:
    """Place calls at one rate."""
    calls, before_s = rate * seconds, cpu_s(pid)
    placed = node.place(calls, rate, HOLD_MS)
    step = Step(rate, calls, placed, (cpu_s(pid) - before_s) / calls * 1000)
    print(step, flush=True)
    return step


def climb(node: Node, pid: int, seconds: int) -> Step:
    """Return the highest rate at which every call is taken."""
    best = Step(1, 1, Placed(0, 0, 0, 0, 0, 0, 0, 0, 0), 0)
    for rate in RATES:
        step = try_rate(node, pid, rate, seconds)
        if not step.is_taken:
            break
        best = step
        time.sleep(2)  # ports rest for a second after a call
    return best


def finishing_rate(node: Node) -> float:
    """Return how many journals a second a worker finishes on the same core, all else stopped."""
    node.start("recorder")
    node.place(WORKER_CALLS, 100, HOLD_MS)
    node.stop("recorder")
    waiting = node.journals()
    node.start("worker")
    while node.journals() == waiting:  # its start is not counted
        time.sleep(0.01)
    first, began = node.journals(), time.monotonic()
    while node.journals():
        time.sleep(0.01)
    return first / (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
