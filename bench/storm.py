"""A fail-over: 2,500 INVITEs within three seconds, all answered without one failure.

    .venv/bin/python -m bench.storm

The recorder has one core, the generator (native/sipgen) another. The calls stay; a request that
had to be sent again is no failure, an answer other than 200 is one.
"""

import sys
import tempfile
from pathlib import Path

from bench.node import Node
from bench.table import Row, finish

CALLS = 2500
WITHIN_S = 3.0


def main() -> int:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Node(Path(folder) / "node") as node,
    ):
        node.start("recorder")
        node.place(100, 50)  # what is loaded at first use is
        with node.calls_in_progress(CALLS, CALLS / WITHIN_S) as placed:
            told = placed
    print(
        f"p50 {told.p50_ms:.0f} ms, p99 {told.p99_ms:.0f} ms, longest {told.max_ms:.0f} ms; "
        f"{told.retransmitted} INVITEs sent again"
    )
    return finish(
        [
            Row(
                f"{CALLS} INVITEs within {WITHIN_S:.0f} s",
                f"{told.answered} answered, the last after {told.seconds:.1f} s",
                f"{CALLS} answered",
                told.answered == CALLS and told.failed == told.refused == 0,
            )
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
