"""`make bench`: run every benchmark, each in a process of its own, and print one table.

    .venv/bin/python -m bench [NAME…]

A benchmark is a module whose `main()` prints its rows and returns 1 when a bar is missed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import table

ALL = ("parsing", "capture", "rtpengine", "stall", "calls", "storm", "finalise", "killed", "gate")


def main() -> int:
    """Run them one after the other, and return 1 if any bar was missed."""
    folder = Path(__file__).parent
    names = sys.argv[1:] or [name for name in ALL if (folder / f"{name}.py").exists()]
    with tempfile.TemporaryDirectory() as gathering:
        rows = Path(gathering) / "rows"
        rows.touch()
        failed = [name for name in names if not _passes(name, rows)]
        print(f"\n{table.table(table.gathered(rows))}")
    if failed:
        print(f"bar missed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _passes(name: str, rows: Path) -> bool:
    print(f"== {name}", flush=True)
    environment = {**os.environ, table.ROWS_VARIABLE: str(rows)}
    command = [sys.executable, "-m", f"bench.{name}"]
    return subprocess.run(command, check=False, env=environment).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
