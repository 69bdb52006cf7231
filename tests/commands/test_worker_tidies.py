"""A worker that died leaves half-written objects; the next one takes them away."""

import os
import time
from pathlib import Path

import pytest

from callvault.commands.worker import UNFINISHED_AFTER_S, tidy
from callvault.errors import VaultError
from callvault.vault import LocalStore


def left_behind(root: Path, *, age_s: float) -> Path:
    """Write an object as a worker does, die in the middle, and let time pass."""
    store = LocalStore(root)
    try:
        with store.create("aa/bb/audio") as unfinished:
            unfinished.write(b"half")
            (path,) = [path for path in root.rglob("*") if path.is_file()]
            twin = path.with_name(path.name + "0")
            twin.write_bytes(b"half")
            raise InterruptedError
    except InterruptedError:
        pass
    os.utime(twin, (time.time() - age_s,) * 2)
    return twin


def test_what_was_left_half_written_a_day_ago_is_removed(tmp_path: Path) -> None:
    old = left_behind(tmp_path, age_s=UNFINISHED_AFTER_S + 60)
    tidy(LocalStore(tmp_path))
    assert not old.exists()


def test_what_may_still_be_written_stays(tmp_path: Path) -> None:
    fresh = left_behind(tmp_path, age_s=60)
    tidy(LocalStore(tmp_path))
    assert fresh.exists()


class StoreThatIsAway(LocalStore):
    def remove_unfinished(self, *, older_than_s: float) -> int:
        raise VaultError(f"the share is away, nothing older than {older_than_s} s is seen")


def test_a_store_that_is_away_does_not_stop_the_worker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tidy(StoreThatIsAway(tmp_path))
    assert "half-written objects stay for now" in caplog.text
