"""The worker's part: one backup a day, by one of several workers, and no more files than wanted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callvault.backup import FORMAT, Manifest
from callvault.config import Config
from callvault.errors import BackupRefused
from callvault.portal.backups import schedule
from callvault.portal.backups.models import BackupRun, BackupSettings, Origin
from callvault.portal.backups.schedule import BackupKeeper
from callvault.portal.backups.taking import Taken, Wanted

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the backups go."""
    folder = tmp_path / "backups"
    folder.mkdir()
    BackupSettings.objects.create(enabled=True, folder=str(folder), keep=2)
    return folder


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupKeeper:
    """A worker that writes small files, and names them by their number."""
    wanted: list[Wanted] = []

    def take(
        config: Config,
        _settings: Path,
        target: Path,
        want: Wanted,
        *,
        record: Callable[..., object],
    ) -> Taken:
        wanted.append(want)
        path = target.with_name(f"{len(wanted):03}.cvbackup")
        path.write_bytes(b"backup")
        about = Manifest(
            FORMAT, "1", "", config.node.name, "sqlite", [], 7, 1,
            with_keys=want.passphrase == b"quiet harbour lanterns",
        )  # fmt: skip
        record({"file": path.name})
        return Taken(path, 6, about)

    monkeypatch.setattr(schedule, "take", take)
    secret = tmp_path / "passphrase"
    secret.write_text("quiet harbour lanterns\n")
    config = Config()
    config = replace(config, backup=replace(config.backup, passphrase_file=secret))
    return BackupKeeper(config, tmp_path / "callvault.toml")


def test_one_a_day_is_made_and_the_oldest_go(folder: Path, keeper: BackupKeeper) -> None:
    (folder / "of-somebody.cvbackup").write_bytes(b"")
    for day in range(4):
        assert keeper.work_off(NOW + day * DAY) == 1
        assert keeper.work_off(NOW + day * DAY + timedelta(hours=2)) == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["003.cvbackup", "004.cvbackup", "of-somebody.cvbackup"]
    assert BackupRun.objects.filter(removed_at=None).count() == 2
    last = BackupRun.objects.get(file="004.cvbackup")
    assert (last.recordings, last.size_bytes, last.with_keys) == (7, 6, True)


def test_what_fails_is_told_and_tried_again_an_hour_later(
    folder: Path, keeper: BackupKeeper
) -> None:
    folder.rmdir()
    assert keeper.work_off(NOW) == 0
    run = BackupRun.objects.get()
    assert "is not there" in run.problem
    BackupRun.objects.update(ended_at=NOW)
    folder.mkdir()
    assert keeper.work_off(NOW + timedelta(minutes=59)) == 0
    assert keeper.work_off(NOW + timedelta(minutes=61)) == 1
    assert BackupRun.objects.get().is_good


def test_a_worker_that_died_is_found_out(folder: Path, keeper: BackupKeeper) -> None:
    BackupRun.objects.create(
        origin=Origin.ASKED, asked_at=NOW, started_at=NOW, node=keeper.config.node.name
    )
    BackupRun.objects.create(origin=Origin.ASKED, asked_at=NOW, started_at=NOW, node="another")
    keeper.work_off(NOW)
    problems = BackupRun.objects.filter(origin=Origin.ASKED).values_list("node", "problem")
    assert dict(problems) == {keeper.config.node.name: "interrupted", "another": ""}


def test_one_that_is_asked_for_is_made_without_a_schedule(
    folder: Path, keeper: BackupKeeper
) -> None:
    BackupSettings.objects.update(enabled=False)
    assert keeper.work_off(NOW) == 0
    BackupRun.objects.create(origin=Origin.ASKED, asked_at=NOW)
    assert keeper.work_off(NOW) == 1
    assert keeper.work_off(NOW) == 0
    assert [path.name for path in folder.iterdir()] == ["001.cvbackup"]


def test_a_refusal_is_one_line_of_the_row(
    folder: Path, keeper: BackupKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Taken:
        raise BackupRefused("no space left")

    monkeypatch.setattr(schedule, "take", refuse)
    assert keeper.work_off(NOW) == 0
    assert BackupRun.objects.get().problem == "no space left"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("said", ["", "\n", "lantern\n"])
def test_keys_are_not_sealed_under_what_is_soon_guessed(
    folder: Path, keeper: BackupKeeper, said: str
) -> None:
    assert keeper.config.backup.passphrase_file is not None
    keeper.config.backup.passphrase_file.write_text(said)
    assert keeper.work_off(NOW) == 0
    assert "at least 12 characters" in BackupRun.objects.get().problem
    assert list(folder.iterdir()) == []


def test_one_that_a_node_had_which_is_gone_keeps_nobody_from_asking(
    folder: Path, keeper: BackupKeeper
) -> None:
    BackupRun.objects.create(origin=Origin.ASKED, asked_at=NOW, started_at=NOW, node="gone")
    keeper.work_off(NOW + 2 * DAY)
    assert BackupRun.objects.filter(origin=Origin.ASKED, ended_at=None).exists()
    keeper.work_off(NOW + 4 * DAY)
    assert not BackupRun.objects.filter(origin=Origin.ASKED, ended_at=None).exists()


def test_files_of_a_share_that_was_away_for_a_day_go_later(
    folder: Path, keeper: BackupKeeper
) -> None:
    keeper.work_off(NOW)
    away = (folder / "001.cvbackup").rename(folder.parent / "away")
    for day in (1, 2):
        keeper.work_off(NOW + day * DAY)
    away.rename(folder / "001.cvbackup")
    keeper.work_off(NOW + 3 * DAY)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["003.cvbackup", "004.cvbackup"]
