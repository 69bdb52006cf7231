"""Kill programs of a node at random moments in hundreds of calls; then count what was lost.

    python -m tests.soak.kill_at_random                    (make soak)
    python -m tests.soak.kill_at_random --calls 20 --concurrent 20 --seconds 8-14 --kills 4

Recorder, worker and web are killed by SIGKILL, each alone and all together. Afterwards each call
must have one recording that is as long as the call; what is lost in it begins at most 1.5 s before
a kill; the spool is empty, and nothing counts as in progress. Exit code 0 when all that holds.
"""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.flows.node import Node, environment, until

PROGRAMS = ("recorder", "worker", "web", "all")
LONGEST_LOSS_S = 1.5  # before a kill
TOLERANCE_MS = 250
BACK_WITHIN_S = 60.0
KILLING_TAKES_S = 1.0  # all programs of a node are found and killed one after the other


@dataclass
class Outcome:
    """What was placed, what was killed when, and what is wrong."""

    kills: list[tuple[float, str]] = field(default_factory=list)  # UTC seconds, program
    recordings: int = 0
    pieces: int = 0  # journals that recordings were made of, beyond the first of each
    longest_gap_ms: int = 0
    unanswered: int = 0  # INVITEs that found no recorder for as long as their SRC asked
    faults: list[str] = field(default_factory=list)
    longest_loss_s: float = LONGEST_LOSS_S  # that is allowed before a kill


def run(
    node: Node,
    *,
    calls: int,
    concurrent: int,
    seconds: str,
    kills: int,
    seed: int,
    longest_loss_s: float = LONGEST_LOSS_S,
) -> Outcome:
    """Place calls, kill at random while they last, and compare."""
    drawn = random.Random(seed)
    outcome = Outcome(longest_loss_s=longest_loss_s)
    arguments = (
        *("--calls", calls, "--concurrent", concurrent, "--seconds", seconds, "--seed", seed),
        *("--hold-share", 0.25, "--wait", 120, "--yes"),
    )
    with subprocess.Popen(
        node.simulation(*arguments), stdout=subprocess.PIPE, text=True, env=environment()
    ) as placing:
        until(lambda: heartbeat(node) > 0, 120)
        for number in range(kills):
            time.sleep(drawn.uniform(1.0, 4.0))
            _kill(node, drawn.choice(PROGRAMS) if number else "recorder", outcome)
        said, _ = placing.communicate(timeout=3_600)
    sys.stdout.write(said)
    _check_table(said, outcome)
    _check_spool(node, outcome)
    outcome.unanswered = said.count("no answer to INVITE")
    _check_catalogue(node, calls - outcome.unanswered, outcome)
    return outcome


def heartbeat(node: Node) -> int:
    """Calls in progress, as the recorder says each second."""
    try:
        return int(json.loads((node.data / "run" / "recorder.json").read_text())["calls"])
    except (OSError, ValueError):
        return 0


def _kill(node: Node, program: str, outcome: Outcome) -> None:
    """Kill, and wait until all is there again."""
    ready = node.log.read_text().count("recorder ready")
    outcome.kills.append((time.time(), program))
    if program == "all":
        assert node.process is not None
        for pid in _family(node.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it went with its parent
        node.stop(signal.SIGKILL)
        node.start()
    else:
        node.kill(program)
    if program in ("all", "recorder"):
        until(lambda: node.log.read_text().count("recorder ready") > ready, BACK_WITHIN_S)


def _family(pid: int) -> list[int]:
    """Return a process and all below it; the simulator's own are none of them."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = " ".join((task / "children").read_text() for task in tasks).split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _check_table(said: str, outcome: Outcome) -> None:
    """Each recording that is expected is there, and as long as its call."""
    found = re.search(r"(\d+) of (\d+) recordings are there", said)
    if found is None or found[1] != found[2]:
        outcome.faults.append(found[0] if found else "the simulator compared nothing")
    for row in said.splitlines():
        differs = re.search(r" ([+-]\d+) ms  ", row)
        if differs and int(differs[1]) < -TOLERANCE_MS:
            outcome.faults.append(f"too short: {row}")


def _check_spool(node: Node, outcome: Outcome) -> None:
    """No journal of a call is left, no checkpoint, nothing damaged, no call in progress."""

    def left() -> list[str]:
        names = [path.name for path in (node.data / "spool").rglob("*")]
        # A claim is a lock: whoever dies leaves the file, and nobody waits for it.
        return [one for one in names if not one.startswith("events-") and ".claim" not in one]

    try:
        until(lambda: not left() and heartbeat(node) == 0)
    except AssertionError:
        outcome.faults.append(f"left in the spool: {left()}, in progress: {heartbeat(node)}")


def _check_catalogue(node: Node, calls: int, outcome: Outcome) -> None:
    with closing(sqlite3.connect(node.data / "callvault.sqlite3")) as database:
        recordings = database.execute(
            "select sip_call_id, started_at, journal_ids, timeline, quality, end_reason"
            " from recordings_recording"
        ).fetchall()
        verdicts = database.execute("select verdict, problem from decisions_call").fetchall()
    outcome.recordings = len(recordings)
    twice = [one for one, count in Counter(row[0] for row in recordings).items() if count > 1]
    if twice:
        outcome.faults.append(f"{len(twice)} calls have more than one recording")
    if len(verdicts) != calls:
        outcome.faults.append(f"{len(verdicts)} verdicts of {calls} calls")
    outcome.faults += [f"{verdict}: {why}" for verdict, why in verdicts if verdict != "recorded"]
    for _, started_at, journal_ids, timeline, quality, end_reason in recordings:
        outcome.pieces += len(json.loads(journal_ids)) - 1
        if end_reason != "bye" or {"cut_off", "damaged"} & set(json.loads(quality)["flags"]):
            outcome.faults.append(f"ended by {end_reason}: {json.loads(quality)['flags']}")
        started = datetime.fromisoformat(started_at).replace(tzinfo=UTC).timestamp()
        if not _was_sending(timeline, quality):
            continue
        for item in json.loads(timeline):
            if item["kind"] == "lost":
                _check_gap(started, item, outcome)


def _was_sending(timeline: str, quality: str) -> bool:
    """Whether packets went missing at all.

    Of a call on hold nothing comes, nor of one whose re-INVITE waits for the recorder: then nobody
    knows how long before the kill the last packet was sent.
    """
    was_held = any(item["kind"] == "held" for item in json.loads(timeline))
    report = json.loads(quality)
    return not was_held and any(report[side]["lost"] for side in ("owner", "remote"))


def _check_gap(started: float, item: dict[str, Any], outcome: Outcome) -> None:
    """A gap belongs to a kill, and begins at most 1.5 s before it."""
    begins = started + item["offset_ms"] / 1000
    outcome.longest_gap_ms = max(outcome.longest_gap_ms, item["length_ms"])
    ends = begins + item["length_ms"] / 1000
    if not any(
        begins - KILLING_TAKES_S <= at <= ends and at - begins <= outcome.longest_loss_s
        for at, _ in outcome.kills
    ):
        apart = ", ".join(f"{at - begins:+.1f} s {program}" for at, program in outcome.kills)
        said = f"lost {item['length_ms']} ms ({item['detail'] or item['channel']})"
        outcome.faults.append(f"{said} that no kill explains: {apart}")


def main() -> int:
    """Run the soak on a fresh node, tell what came of it, and return the exit code."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--concurrent", type=int, default=200)
    parser.add_argument("--seconds", default="20-60")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = vars(parser.parse_args())
    with tempfile.TemporaryDirectory(prefix="callvault-soak-") as folder:
        node = Node(Path(folder) / "data").start()
        try:
            outcome = run(node, **options)
        finally:
            node.stop(signal.SIGINT)
            sys.stderr.write(node.log.read_text())
    killed = Counter(program for _, program in outcome.kills)
    print(f"Killed: {', '.join(f'{name} {count}' for name, count in killed.items())}.")
    print(
        f"{outcome.recordings} recordings, {outcome.pieces} times gone on with after a restart, "
        f"longest gap {outcome.longest_gap_ms} ms."
    )
    print("\n".join(outcome.faults) or "Nothing is missing, doubled, damaged or left over.")
    return bool(outcome.faults)


if __name__ == "__main__":
    sys.exit(main())
