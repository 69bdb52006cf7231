"""Run all tests: `python -m tests.everything [pytest …]`, on a machine of two cores at least.

Two lanes run side by side, since neither keeps a core busy by itself: browsers and flows wait
most of the time. The browser's tests have processes of their own, for Playwright keeps an event
loop in its thread, where tests of asyncio could not start theirs.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

Stage = tuple[str, tuple[str, ...]]

# By file, so that what a file starts is started once and its tests keep their order.
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder", "-p", "tests.order", "-rfEs")
LANES: tuple[tuple[Stage, ...], ...] = (
    (("rest", ("pytest", *BY_FILE, "-n", "3", "-m", "not browser")),),
    (
        ("browser", ("pytest", *BY_FILE, "-n", "2", "-m", "browser")),
        ("PostgreSQL", ("tests.database", *BY_FILE, "-n", "1")),
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Run the lanes and say how each stage ended. Returns 1 if a test failed."""
    with ThreadPoolExecutor(len(LANES)) as threads:
        lanes = [threads.submit(_run_lane, lane, arguments) for lane in LANES]
        ended = [stage for lane in lanes for stage in lane.result()]
    for name, code, seconds in ended:
        print(f"{name}: {'passed' if code == 0 else f'exit code {code}'} in {seconds:.0f} s")
    return int(any(code != 0 for _name, code, _seconds in ended))


def _run_lane(stages: Sequence[Stage], arguments: Sequence[str]) -> list[tuple[str, int, float]]:
    return [_run(name, (*command, *arguments)) for name, command in stages]


def _run(name: str, command: Sequence[str]) -> tuple[str, int, float]:
    """Run a stage to its end; each line that it prints begins with its name."""
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(f"[{name}] {line}", end="", flush=True)
    return name, process.wait(), time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
