"""Exporting to a real share that is away, full, read-only, in use, or lets nobody delete."""

import csv
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import smbclient

from callvault.portal.exports import loop
from callvault.portal.exports.exporter import run
from callvault.portal.exports.models import ExportSettings, ExportTurn, RecordingExport
from callvault.portal.exports.targets import target_of
from callvault.portal.exports.turn import Turn
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault.smb_session import Credentials, SmbSession
from tests.servers import samba
from tests.servers.samba import Samba

from .conftest import AUDIO, NOW, another

pytestmark = pytest.mark.django_db
DAY = "2026/11/23"
DEADLINE_S = 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[Samba]:
    with samba.running() as running:
        yield running


@pytest.fixture
def to_share(server: Samba, switched_on: ExportSettings, tmp_path: Path) -> ExportSettings:
    """Have recordings exported to a folder of the share of the test's own."""
    return set_to(switched_on, server, "vault", tmp_path.name)


def set_to(
    row: ExportSettings, server: Samba, share: str, folder: str, who: Credentials | None = None
) -> ExportSettings:
    who = who or server.credentials
    row.place, row.port = str(server.address(share, folder)), server.port
    row.username, row.password = who.username, who.password
    row.version += 1
    row.save()
    return row


def work(now: datetime = NOW) -> int:
    """Let a worker do what is to be done, with a server that answers soon or never."""
    return run(
        Turn("worker", lambda: now),
        is_over=lambda: False,
        open_target=lambda settings: target_of(settings, deadline_s=DEADLINE_S),
    )


def problem() -> str:
    return ExportTurn.objects.get().problem


def listed(folder: Path) -> list[str]:
    """Return the file names in the day's list, which are those that are there."""
    path = folder / DAY / "recordings_20261123.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = [line["File name"] for line in csv.DictReader(file)]
    assert sorted(names) == sorted(one.name for one in (folder / DAY).glob("*.mp3"))
    assert all((folder / DAY / name).read_bytes() == AUDIO for name in names)
    return names


def test_the_worker_exports_to_the_share(
    server: Samba, to_share: ExportSettings, sealed: Recording, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _seconds: stop.set())  # one look, in this thread
    loop.export_recordings(stop)
    assert len(listed(server.folder / "vault" / tmp_path.name)) == 1
    assert RecordingExport.objects.get().state == "done"
    day = server.folder / "vault" / tmp_path.name / DAY
    assert [one.name for one in day.iterdir() if one.name.startswith(".")] == []


def test_a_share_that_is_away_or_hangs_is_waited_for(
    server: Samba, to_share: ExportSettings, sealed: Recording, ann: User, tmp_path: Path,
    data_folder: Path,
) -> None:  # fmt: skip
    server.kill()
    try:
        assert (work(), problem()) == (0, "unreachable")
    finally:
        server.start()
    server.hang()
    try:
        assert (work(NOW + timedelta(hours=1)), problem()) == (0, "timeout")
    finally:
        server.go_on()
    another(ann, data_folder)
    assert (work(NOW + timedelta(hours=2)), problem()) == (2, "")
    assert len(listed(server.folder / "vault" / tmp_path.name)) == 2


def test_a_share_that_refuses_says_why_and_loses_nothing(
    server: Samba, switched_on: ExportSettings, sealed: Recording, tmp_path: Path
) -> None:
    wrong = Credentials(server.credentials.username, "wrong")
    set_to(switched_on, server, "vault", tmp_path.name, wrong)
    assert (work(), problem()) == (0, "credentials")
    set_to(switched_on, server, "nothing", "")
    assert (work(NOW + timedelta(hours=1)), problem()) == (0, "share")
    set_to(switched_on, server, "readonly", tmp_path.name)
    assert (work(NOW + timedelta(hours=2)), problem()) == (0, "permission")
    set_to(switched_on, server, "vault", tmp_path.name)
    assert (work(NOW + timedelta(hours=3)), problem()) == (1, "")
    assert len(listed(server.folder / "vault" / tmp_path.name)) == 1


def test_a_full_share_is_used_again_when_there_is_room(
    server: Samba, switched_on: ExportSettings, sealed: Recording, tmp_path: Path
) -> None:
    with server.small_disk():
        set_to(switched_on, server, "small", "calls")
        ballast = server.folder / "small" / "ballast"
        ballast.write_bytes(bytes((1 << 20) - 4 * 1024))  # less than the file
        assert (work(), problem()) == (0, "space")
        day = server.folder / "small" / "calls" / DAY
        assert [one.name for one in day.glob("*")] == []
        ballast.unlink()
        assert (work(NOW + timedelta(hours=1)), problem()) == (1, "")
        assert len(listed(server.folder / "small" / "calls")) == 1


def test_a_list_open_in_a_spreadsheet_gets_its_line_later(
    server: Samba, to_share: ExportSettings, sealed: Recording, ann: User, tmp_path: Path,
    data_folder: Path,
) -> None:  # fmt: skip
    assert work() == 1
    another(ann, data_folder)
    session = SmbSession(server.address("vault", tmp_path.name), server.credentials)
    path = session.address.path(*DAY.split("/"), "recordings_20261123.csv")
    spreadsheet = session.call(
        smbclient.open_file, path, doing="open", mode="rb", buffering=0, share_access="r"
    )
    assert work(NOW + timedelta(hours=1)) == 0
    row = RecordingExport.objects.exclude(state="done").get()
    assert (row.state, row.problem, problem()) == ("named", "list_in_use", "")
    spreadsheet.close()
    assert work(NOW + timedelta(hours=2)) == 1
    assert len(listed(server.folder / "vault" / tmp_path.name)) == 2
    session.close()


def test_where_nobody_may_delete_all_is_exported_and_listed(
    server: Samba, switched_on: ExportSettings, sealed: Recording, ann: User, tmp_path: Path,
    data_folder: Path,
) -> None:  # fmt: skip
    set_to(switched_on, server, "nodelete", tmp_path.name, server.deny_deleting())
    assert work() == 1
    another(ann, data_folder)
    assert work(NOW + timedelta(hours=1)) == 1
    assert len(listed(server.folder / "nodelete" / tmp_path.name)) == 2
