"""One target under libFuzzer, guided by the coverage of our code: `python -m tests.fuzz.guided`.

A process of its own, since libFuzzer ends it. It stops with a non-zero code, and leaves the input
in the folder given, at any exception that a target lets out, and when memory grows. An input that
takes long is put aside: under instrumentation all does, so the caller measures it again without.
"""

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["callvault"]):
    from tests.fuzz.measured import LIMIT_S
    from tests.fuzz.targets import ANY, TARGETS, Target

MAX_LENGTH = 65_536
MAX_SLOW = 20
LOOK_EVERY = 2_000
MAX_NEW_MB = 512  # of the process: libFuzzer and its hooks keep something of each run as well


class MemoryGrew(Exception):
    """Reading the same sort of input again and again takes more and more memory."""


def main() -> None:
    """Run one target; libFuzzer ends the process."""
    options = _options()
    target = TARGETS.get(options.target, ANY)
    options.folder.mkdir(parents=True, exist_ok=True)
    seeds = options.folder / "seeds"
    _write_seeds(target, seeds)
    watched = _watched(target, options.folder)
    arguments = [
        f"-runs={options.runs}",
        f"-seed={options.seed}",
        f"-max_len={MAX_LENGTH}",
        "-timeout=20",
        "-rss_limit_mb=4096",
        f"-artifact_prefix={options.folder}/",
        "-verbosity=0",
        str(options.corpus or seeds),
        str(seeds),
    ]
    if options.corpus:
        options.corpus.mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], *arguments], watched)
    atheris.Fuzz()


def _watched(target: Target, folder: Path) -> Callable[[bytes], None]:
    """Wrap a target: put slow inputs aside, and look at memory now and then."""
    runs = slow = megabytes = 0

    def read(data: bytes) -> None:
        nonlocal runs, slow, megabytes
        began = time.thread_time()
        target.read(data)
        if time.thread_time() - began > LIMIT_S and slow < MAX_SLOW:
            slow += 1
            (folder / f"slow-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
        runs += 1
        if runs % LOOK_EVERY == 0:
            megabytes = megabytes or _resident_mb()  # the first look is when all has been loaded
            if _resident_mb() - megabytes > MAX_NEW_MB:
                raise MemoryGrew(f"from {megabytes} to {_resident_mb()} MB in {runs} inputs")

    return read


def _resident_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def _write_seeds(target: Target, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.inputs()):
        (folder / f"{number:04}").write_bytes(seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=[*sorted(TARGETS), ANY.name])
    parser.add_argument("folder", type=Path, help="where findings go")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="kept from run to run, and grown")
    return parser.parse_args()


if __name__ == "__main__":
    main()
