"""A journal belongs to one worker at a time, and to the next when that one dies."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from callvault.spool import claim

JOURNAL = uuid4()

HOLDER = """
import os, sys, time, uuid
from pathlib import Path
from callvault.spool import claim
assert claim(Path(sys.argv[1]), uuid.UUID(sys.argv[2])) is not None
if len(sys.argv) > 3:
    child = os.fork()
    if child == 0:
        time.sleep(600)
    print(child, flush=True)
print("held", flush=True)
time.sleep(600)
"""


def test_a_journal_is_held_by_one_worker_only(tmp_path: Path) -> None:
    first = claim(tmp_path, JOURNAL)
    assert first is not None
    assert claim(tmp_path, JOURNAL) is None
    assert claim(tmp_path, uuid4()) is not None


def test_a_released_journal_can_be_taken_and_leaves_no_file(tmp_path: Path) -> None:
    for _ in range(2):
        held = claim(tmp_path, JOURNAL)
        assert held is not None
        held.release()
        held.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_was_removed_meanwhile_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = claim(tmp_path, JOURNAL)
    assert held is not None
    real_open = os.open

    def open_then_lose(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = real_open(path, flags, mode)
        held.release()  # between our open and our lock
        return descriptor

    monkeypatch.setattr(os, "open", open_then_lose)
    assert claim(tmp_path, JOURNAL) is None


def test_a_full_disk_does_not_keep_a_worker_from_freeing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "open", full)
    held = claim(tmp_path, JOURNAL)
    assert held is not None
    held.release()


@pytest.mark.flow
def test_the_journal_of_a_worker_that_is_killed_can_be_taken_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path), JOURNAL.hex]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert claim(tmp_path, JOURNAL) is None
        holder.send_signal(signal.SIGKILL)
    assert claim(tmp_path, JOURNAL) is not None


@pytest.mark.flow
def test_a_child_that_outlives_its_worker_keeps_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path), JOURNAL.hex, "with a child"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        try:
            assert claim(tmp_path, JOURNAL) is not None
        finally:
            os.kill(child, signal.SIGKILL)
