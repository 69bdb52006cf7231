"""What is done while a backup is taken: room, leftovers, and what came meanwhile."""

import fcntl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from callvault import clock
from callvault.config import Config
from callvault.errors import BackupRefused
from callvault.portal.backups import taking
from callvault.portal.backups.facts import Facts
from callvault.portal.backups.taking import Taken, Wanted, take
from callvault.vault import KeyKind, LocalStore, Role, add_certificate, make_self_signed
from tests.portal.backups.test_node_files import node

pytestmark = pytest.mark.django_db
Meanwhile = Callable[[], None]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The settings of a node with a vault."""
    config = node(tmp_path / "node")
    vault = replace(config.vault, folder=tmp_path / "vault")
    spool = replace(config.spool, folder=tmp_path / "spool", min_free_bytes=0)
    return replace(config, vault=vault, spool=spool)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Meanwhile]:
    """What happens while the database is copied."""
    done: list[Meanwhile] = []

    def copy(*_: object) -> Facts:
        for one in done:
            one()
        return Facts("sqlite", [], 0, 0)

    monkeypatch.setattr(taking, "_add_database", copy)
    return done


def taken(config: Config, target: Path, *, with_recordings: bool = False) -> Taken:
    """Take a backup."""
    settings = config.node.data_folder / "callvault.toml"
    wanted = Wanted(with_recordings=with_recordings)
    return take(config, settings, target, wanted, record=lambda _told: None)


def test_a_certificate_that_comes_meanwhile_is_not_left_out_silently(
    config: Config, meanwhile: list[Meanwhile], tmp_path: Path
) -> None:
    def upload() -> None:
        certificate, key = make_self_signed("late", kind=KeyKind.EC, now=clock.read().utc)
        folder = config.vault.key_folder
        add_certificate(folder, Role.ARCHIVE, "late", certificate, private_key=key)

    meanwhile.append(upload)
    with pytest.raises(BackupRefused, match="archive/late came while the backup was made"):
        taken(config, tmp_path / "one.cvbackup")
    assert list(tmp_path.glob("*.cvbackup*")) == []
    meanwhile.clear()
    assert len(taken(config, tmp_path / "one.cvbackup").manifest.certificates) == 1


def test_what_a_killed_backup_left_goes_and_what_another_writes_stays(
    config: Config, meanwhile: list[Meanwhile], tmp_path: Path
) -> None:
    name = config.node.name
    left = [f".callvault-{name}-20260101T000000Z.cvbackup.77.{end}" for end in ("part", "database")]
    left.append(left[1] + "-wal")
    for one in left:
        (tmp_path / one).write_bytes(b"left")
    others = [
        tmp_path / f".callvault-{one}-20260101T000000Z.cvbackup.7.part"
        for one in ("elsewhere", f"{name}-b")
    ]
    for draft in others:
        draft.write_bytes(b"of another machine")
    lives = tmp_path / f".callvault-{name}-20260101T000001Z.cvbackup.78.part"
    with lives.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        made = taken(config, tmp_path / "one.cvbackup")
    assert made.path.exists()
    assert [one for one in left if (tmp_path / one).exists()] == []
    assert all(draft.exists() for draft in others)
    assert lives.exists()


def test_a_backup_leaves_to_recording_the_room_that_it_needs(
    config: Config, meanwhile: list[Meanwhile], tmp_path: Path
) -> None:
    full = replace(config, spool=replace(config.spool, min_free_bytes=1 << 60))
    with pytest.raises(BackupRefused, match="too little room"):
        taken(full, tmp_path / "one.cvbackup")
    assert [path for path in tmp_path.iterdir() if "cvbackup" in path.name] == []


def test_a_file_that_somebody_put_into_the_vault_does_not_end_the_backup(
    config: Config, meanwhile: list[Meanwhile], tmp_path: Path
) -> None:
    with LocalStore(config.vault.folder).create("3f/a2/3fa2/audio.mp3") as pending:
        pending.write(b"sealed")
    (config.vault.folder / "READ ME").write_bytes(b"by hand")
    made = taken(config, tmp_path / "one.cvbackup", with_recordings=True)
    assert made.manifest.vault_objects == 1
