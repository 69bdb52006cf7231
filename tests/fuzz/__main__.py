"""Fuzz all targets, two at a time: `python -m tests.fuzz --inputs 10000000`.

Ends with 1 if a target let an exception out, an input was slow, or memory grew. What was found lies
in the folder named; make it small, put it under tests/corpus/found, and mend the code.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.measured import LIMIT_S, seconds
from tests.fuzz.targets import TARGETS

PIECE = 250_000  # inputs of one process, so that the two cores end together


@dataclass(frozen=True, slots=True)
class Work:
    """Inputs of one target for one process."""

    target: str
    runs: int
    seed: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    work: Work
    took_s: float
    problem: str  # empty: none


def main() -> int:
    """Run, and print a line for each piece and a sum at the end."""
    options = _options()
    print(f"seed {options.seed}, findings in {options.folder}", flush=True)
    began = time.monotonic()
    works = list(_works(options))
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = []
        for outcome in pool.map(_run, works):
            _tell(outcome)
            outcomes.append(outcome)
    slow = [text for target in options.targets for text in _slow(options.folder, target)]
    failed = [one for one in outcomes if one.problem]
    for text in slow:
        print(text)
    inputs = sum(one.work.runs for one in outcomes if not one.problem)
    took_s = time.monotonic() - began
    print(f"{inputs} inputs in {took_s:.0f} s: {len(failed)} failures, {len(slow)} slow inputs")
    return 1 if failed or slow else 0


def _works(options: argparse.Namespace) -> Iterator[Work]:
    seeds = random.Random(options.seed)
    shares = sum(TARGETS[name].share for name in options.targets)
    for name in options.targets:
        left = options.inputs * TARGETS[name].share // shares
        while left > 0:
            runs = min(left, PIECE)
            left -= runs
            seed = seeds.randrange(1, 2**31)
            yield Work(name, runs, seed, options.folder / name / str(seed))


def _run(work: Work) -> Outcome:
    """Run one process; its corpus is shared by all pieces of its target."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz.guided", work.target, str(work.folder)]
    command += ["--runs", str(work.runs), "--seed", str(work.seed)]
    command += ["--corpus", str(work.folder.parent / "corpus")]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    noise = ("INFO", "WARNING", "# Uses")
    told = [line for line in done.stderr.splitlines() if not any(one in line for one in noise)]
    problem = "\n".join([f"ended with {done.returncode}", *told[:40]]) if done.returncode else ""
    return Outcome(work, time.monotonic() - began, problem)


def _tell(outcome: Outcome) -> None:
    work = outcome.work
    said = "FAILED" if outcome.problem else "fine"
    print(f"{work.target:10} {work.runs:8} inputs {outcome.took_s:6.0f} s  {said}", flush=True)
    if outcome.problem:
        print(outcome.problem, flush=True)


def _slow(folder: Path, name: str) -> Iterator[str]:
    """Measure again, without instrumentation, what was put aside as slow."""
    for path in sorted((folder / name).glob("*/slow-*")):
        took_s = seconds(TARGETS[name].read, path.read_bytes())
        if took_s > LIMIT_S:
            yield f"{name}: {took_s * 1000:.0f} ms for {path}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--targets", nargs="+", choices=sorted(TARGETS), default=list(TARGETS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 2**31))
    parser.add_argument("--folder", type=Path, default=Path("var/fuzz"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
