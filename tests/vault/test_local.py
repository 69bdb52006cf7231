"""The local store when disk and machine fail, and when someone lays links into it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from callvault.errors import ObjectMissing, VaultError
from callvault.vault import LocalStore
from tests.vault.fakes import Crash, FailingCalls, disk_full

NAME = "3f/a2/3fa2/audio.mp3"
FIRST, SECOND = b"first half, ", b"second half"
# The calls of one object: three folders made, two writes, file, name, folder.
CALLS = ["sync", "sync", "sync", "write", "write", "sync", "rename", "sync"]
RENAME = CALLS.index("rename")


def put(store: LocalStore, name: str = NAME) -> None:
    with store.create(name) as pending:
        pending.write(FIRST)
        pending.write(SECOND)


def content(root: Path, name: str = NAME) -> bytes | None:
    """What a program that starts now finds under the name."""
    try:
        stored = LocalStore(root).open(name)
    except ObjectMissing:
        return None
    data = stored.read(0, stored.size)
    stored.close()
    return data


def test_each_step_is_durable_before_the_next_is_visible(tmp_path: Path) -> None:
    calls = FailingCalls()
    put(LocalStore(tmp_path, calls=calls))
    assert calls.made == CALLS


@pytest.mark.parametrize("fail_at", range(len(CALLS)))
def test_a_crash_at_any_step_leaves_the_whole_object_or_none(fail_at: int, tmp_path: Path) -> None:
    with pytest.raises(Crash):
        put(LocalStore(tmp_path, calls=FailingCalls(fail_at=fail_at)))
    expected = FIRST + SECOND if fail_at > RENAME else None
    assert content(tmp_path) == expected


@pytest.mark.parametrize("fail_at", range(len(CALLS)))
def test_a_full_disk_at_any_step_is_told_and_can_be_repeated(fail_at: int, tmp_path: Path) -> None:
    store = LocalStore(tmp_path, calls=FailingCalls(fail_at=fail_at, error=disk_full))
    with pytest.raises(VaultError, match="No space left on device") as caught:
        put(store)
    assert not caught.value.permanent
    assert [path.name for path in tmp_path.rglob(".tmp-*")] == []
    put(store)
    assert content(tmp_path) == FIRST + SECOND


def test_the_message_names_the_object_and_what_failed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path, calls=FailingCalls(fail_at=3, error=disk_full))
    with pytest.raises(VaultError) as caught:
        put(store)
    assert str(caught.value) == f"cannot write {NAME}: No space left on device"


def test_short_writes_are_continued(tmp_path: Path) -> None:
    put(LocalStore(tmp_path, calls=FailingCalls(short_writes=5)))
    assert content(tmp_path) == FIRST + SECOND


def test_what_a_crash_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        put(LocalStore(tmp_path, calls=FailingCalls(fail_at=RENAME)))
    (left,) = tmp_path.rglob(".tmp-*")
    store = LocalStore(tmp_path)
    assert store.remove_unfinished(older_than_s=3600) == 0
    os.utime(left, (0, 0))
    assert store.remove_unfinished(older_than_s=3600) == 1
    assert not left.exists()
    assert list(store.list()) == []


def test_an_object_cut_while_it_is_open_gives_what_is_left(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    put(store)
    stored = store.open(NAME)
    (tmp_path / NAME).write_bytes(FIRST)
    assert stored.read(0, stored.size) == FIRST
    stored.close()


def test_deletion_removes_the_recordings_empty_folder(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    put(store)
    put(store, "3f/a2/3fa2/peaks")
    store.delete(NAME)
    assert (tmp_path / "3f/a2/3fa2").is_dir()
    store.delete("3f/a2/3fa2/peaks")
    assert not (tmp_path / "3f/a2/3fa2").exists()
    assert (tmp_path / "3f/a2").is_dir()


def test_a_deletion_that_cannot_be_made_durable_is_told(tmp_path: Path) -> None:
    put(LocalStore(tmp_path))
    failing = LocalStore(
        tmp_path, calls=FailingCalls(fail_at=1, error=lambda: OSError(errno.EIO, "I/O error"))
    )
    with pytest.raises(VaultError, match=f"cannot delete {NAME}: I/O error"):
        failing.delete(NAME)


def link_file(root: Path, outside: Path) -> None:
    (root / "3f/a2/3fa2").mkdir(parents=True)
    (root / NAME).symlink_to(outside / "secret")


def link_folder(root: Path, outside: Path) -> None:
    (root / "3f").mkdir(parents=True)
    (root / "3f/a2").symlink_to(outside / "a2")


@pytest.mark.parametrize("lay_link", [link_file, link_folder])
def test_a_symbolic_link_leads_nowhere(
    lay_link: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    root, outside = tmp_path / "vault", tmp_path / "outside"
    (outside / "a2/3fa2").mkdir(parents=True)
    (outside / "secret").write_bytes(b"secret")
    (outside / "a2/3fa2/audio.mp3").write_bytes(b"secret")
    lay_link(root, outside)
    store = LocalStore(root)
    with pytest.raises(ObjectMissing):
        store.open(NAME)
    assert list(store.list()) == []
    store.delete(NAME)
    assert (outside / "secret").read_bytes() == b"secret"
    assert (outside / "a2/3fa2/audio.mp3").read_bytes() == b"secret"


def test_nothing_is_written_through_a_linked_folder(tmp_path: Path) -> None:
    root, outside = tmp_path / "vault", tmp_path / "outside"
    (outside / "a2").mkdir(parents=True)
    link_folder(root, outside)
    with pytest.raises(VaultError, match=r"(Not a directory|symbolic links)"):
        put(LocalStore(root))
    assert list((outside / "a2").iterdir()) == []


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "vault").symlink_to(tmp_path / "disk")
    put(LocalStore(tmp_path / "vault"))
    assert content(tmp_path / "disk") == FIRST + SECOND


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    put(LocalStore(tmp_path / "vault"))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "vault").rglob("*")}
    assert modes == {0o700, 0o600}


def test_a_root_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VaultError):
        LocalStore(tmp_path / "file/vault")


def test_a_store_whose_folder_went_away_may_come_back(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "vault")
    (tmp_path / "vault").rmdir()
    for use in (store.probe, store.free_bytes, lambda: store.size(NAME), lambda: [*store.list()]):
        with pytest.raises(VaultError, match=r"vault: No such file or directory") as caught:
            use()
        assert not caught.value.permanent


def test_folders_deleted_while_they_are_listed_are_left_out(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for number in range(5):
        with store.create(f"{number}/object") as file:
            file.write(b"x")
    listing = store.list()
    seen = {next(listing)}
    for number in range(5):
        store.delete(f"{number}/object")
    assert seen | set(listing) == seen
