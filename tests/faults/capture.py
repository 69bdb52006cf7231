"""A journal written by the native writer on a real file system, with one call failed. A process.

    python -m tests.faults.capture FOLDER FAULT

A journal is opened, given three events, the middle one durably, and closed: as often as there are
calls that change the disk, with one of them failed each time. What does not hold is printed.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from callvault.capture import Receiver
from callvault.errors import SpoolError
from callvault.spool import scan
from callvault.spool.entries import NodeEvent
from tests.capture.media import CONFIG, Dialog, read
from tests.faults.layer import Fault, failing

EVENTS = [b'{"type":"node","at_ns":%d,"event_id":"%032x","kind":"n"}' % (n, n) for n in range(3)]
SYNC_MS = 5000  # longer than a run: syncs come when they are asked for
KEY = b"k" * 32


def write(folder: Path) -> list[str]:
    """Write a journal; return what was acknowledged and what was refused, in order."""
    told = []
    with Receiver(CONFIG, spool_folder=folder, sync_ms=SYNC_MS) as receiver:
        try:
            dialog = Dialog.open(receiver, key=KEY)
        except SpoolError:
            return ["not opened"]
        dialog.journal.append(EVENTS[0])
        try:
            dialog.journal.append_durably(EVENTS[1])
            told.append("durable")
        except SpoolError:
            told.append("not durable")
        dialog.journal.append(EVENTS[2])
        dialog.journal.close()
    return told


def problems(folder: Path, told: list[str], *, killed: bool) -> Iterator[str]:
    """Say what does not hold of a journal that is there, or is not."""
    journals = scan(folder)
    if not journals:
        if "durable" in told or not (killed or "not opened" in told):
            yield f"there is no journal, though told {told}"
        return
    content = read(journals[0].path, KEY)
    numbers = [event.at_ns for event in content.events if isinstance(event, NodeEvent)]
    if numbers != [0, 1, 2][: len(numbers)]:
        yield f"events out of order: {numbers}"
    if "durable" in told and len(numbers) < 2:
        yield f"an event that was durable is gone: {numbers}"
    if "not opened" in told:
        yield "a journal that was refused is there"
    if not killed and not (content.ended and len(numbers) == len(EVENTS)):
        yield f"the journal is not whole: {numbers}, ended: {content.ended}"


def fail_once(folder: Path, at: int, fault: Fault) -> tuple[list[str], str]:
    """Run with the call `at` failed; return what does not hold, and the calls."""
    with failing(at, fault) as calls:
        told = write(folder)
    return list(problems(folder, told, killed=False)), calls.kinds


def kill_once(folder: Path, at: int, fault: Fault) -> tuple[list[str], str]:
    """Run in a child that is killed at the call `at`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with failing(at, fault) as calls:
            os.write(writing, " ".join(write(folder)).encode())
        os.write(writing, f"\n{calls.kinds}".encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        told, _, kinds = said.read().partition("\n")
    return list(problems(folder, told.split(), killed=not kinds)), kinds


def main(folder: Path, fault: Fault) -> int:
    """Fail each call once. Returns 1 if something did not hold."""
    case = kill_once if fault in (Fault.KILLED, Fault.KILLED_TORN) else fail_once
    wrong, at, kinds = 0, 0, ""
    while not kinds or at < len(kinds):
        spool = folder / f"{fault.name}-{at}"
        spool.mkdir()
        found, seen = case(spool, at, fault)
        for problem in found:
            wrong += 1
            print(f"{fault.name} call {at}: {problem}")
        if seen and at >= len(seen):
            kinds = seen
        at += 1
    print(f"calls: {kinds}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Fault[sys.argv[2]]))
