"""Run all tests: `python -m tests.everything [pytest …]`, on a machine of two cores at least.

Two lanes run side by side, since neither keeps a core busy by itself: browsers and flows wait
most of the time. The browser's tests have processes of their own, for Playwright keeps an event
loop in its thread, where tests of asyncio could not start theirs.

Many tests place calls in real time. Where such a one fails and few others do, its file is run once
more when the machine is quiet, and the end says so: what fails then has failed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

# By file, so that what a file starts is started once and its tests keep their order.
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder", "-p", "tests.order")
PLUGINS = ("-p", "tests.failures", "-rfEs")
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ENOUGH_BYTES = 6 * 1024**3  # four times what all tests leave behind
MOST_AGAIN = 3  # files of a stage: more are no accident


@dataclass(frozen=True)
class Stage:
    """Tests that one run of pytest takes: the module that runs it, and what tests."""

    name: str
    command: tuple[str, ...]
    processes: int
    through: tuple[str, ...] = ()  # what starts it, such as with fewer rights


@dataclass(frozen=True)
class Ended:
    """How a stage ended; `failed` are the files of what failed."""

    stage: Stage
    code: int
    seconds: float
    failed: tuple[str, ...]


# As root Chromium takes precedence, and the voices of calls beside it come late.
EQUALS = ("setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice")
LANES: tuple[tuple[Stage, ...], ...] = (
    (Stage("rest", ("pytest", "-m", "not browser"), 3),),
    (
        Stage("browser", ("pytest", "-m", "browser"), 2, EQUALS if os.geteuid() == 0 else ()),
        Stage("PostgreSQL", ("tests.database",), 2),
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Run the lanes and say how each stage ended. Returns 1 if a test failed."""
    with _temporary_files(), ThreadPoolExecutor(len(LANES)) as threads:
        lanes = [threads.submit(_run_lane, lane, arguments) for lane in LANES]
        ended = [one for lane in lanes for one in lane.result()]
        seconds = [_second_run(one, arguments) for one in ended]
    for one in (*ended, *filter(None, seconds)):
        how = "passed" if one.code == 0 else f"exit code {one.code}"
        print(f"{one.stage.name}: {how} in {one.seconds:.0f} s")
    for first, second in zip(ended, seconds, strict=True):
        if second is not None and second.code == 0:
            print(f"Failed beside others, passed alone, to be looked at: {' '.join(first.failed)}")
    return int(any((second or first).code for first, second in zip(ended, seconds, strict=True)))


@contextmanager
def _temporary_files() -> Iterator[None]:
    """Keep what tests write in memory where there is room: half of their time is the disk's."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES
    with tempfile.TemporaryDirectory(
        prefix="cv-", dir=MEMORY if has_room else None, ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)  # servers run as users of their own
        os.environ["TMPDIR"] = folder
        yield


def _run_lane(lane: Sequence[Stage], arguments: Sequence[str]) -> list[Ended]:
    return [_run(stage, (*BY_FILE, "-n", str(stage.processes), *arguments)) for stage in lane]


def _second_run(first: Ended, arguments: Sequence[str]) -> Ended | None:
    """Run the files of what failed once more, by themselves; None: there is no reason to."""
    if first.code == 0 or not 1 <= len(first.failed) <= MOST_AGAIN:
        return None
    again = replace(first.stage, name=f"{first.stage.name}, again", processes=0)
    return _run(again, (*arguments, *first.failed))


def _run(stage: Stage, arguments: Sequence[str]) -> Ended:
    """Run a stage to its end; each line that it prints begins with its name."""
    start = time.monotonic()
    with tempfile.NamedTemporaryFile("r", prefix="failed-") as failed:
        process = subprocess.Popen(
            [*stage.through, sys.executable, "-m", *stage.command, *PLUGINS, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"CALLVAULT_FAILED": failed.name},
        )
        assert process.stdout is not None
        for line in process.stdout:
            print(f"[{stage.name}] {line}", end="", flush=True)
        code = process.wait()
        files = tuple(Path(failed.name).read_text().split())
    return Ended(stage, code, time.monotonic() - start, files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
