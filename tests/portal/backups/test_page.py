"""The page *Backup*: how it stands, the daily one, and one now."""

from datetime import timedelta
from typing import ClassVar

import pytest
from django.test import Client
from django.utils import timezone

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.backups.models import BackupRun, BackupSettings, Origin
from tests.portal.gated import GatedViewTest

pytestmark = pytest.mark.django_db
PAGE = "/settings/backup/"
SENT = {"enabled": "on", "folder": "/srv/backup", "at": "02:30", "keep": "7", "warn_days": "3"}


class TestBackups(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = PAGE


def test_a_system_without_a_backup_is_told_so(rita_client: Client) -> None:
    text = rita_client.get(PAGE).content.decode()
    assert "There is no backup yet." in text
    assert "No recent backup" in rita_client.get("/settings/").content.decode()


def test_the_daily_one_is_saved_and_not_over_another_edit(rita_client: Client) -> None:
    assert rita_client.post(PAGE, {"version": "0", **SENT}).status_code == 302
    row = BackupSettings.load()
    assert (row.folder, f"{row.at:%H:%M}", row.keep, row.warn_days) == (
        "/srv/backup",
        "02:30",
        7,
        3,
    )
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert (entry.detail["old"]["folder"], entry.detail["new"]["folder"]) == ("", "/srv/backup")
    stale = rita_client.post(PAGE, {"version": "0", **SENT, "keep": "1"})
    assert stale.status_code == 422
    assert BackupSettings.load().keep == 7


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("folder", "backup", "A path from the root"),
        ("folder", "/srv/../etc", "A path from the root"),
        ("folder", "", "Say where the backups go."),
        ("keep", "0", "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused(rita_client: Client, field: str, typed: str, told: str) -> None:
    answer = rita_client.post(PAGE, {"version": "0", **SENT, field: typed})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not BackupSettings.objects.exists()


def test_one_is_asked_for_once(rita_client: Client) -> None:
    rita_client.post(f"{PAGE}now")
    assert not BackupRun.objects.exists()  # nobody said where to
    BackupSettings.objects.create(folder="/srv/backup")
    rita_client.post(f"{PAGE}now")
    rita_client.post(f"{PAGE}now")
    assert BackupRun.objects.get().origin == Origin.ASKED
    assert AuditEntry.objects.filter(action=Action.BACKUP_ASKED).count() == 1
    assert "One is being made." in rita_client.get(PAGE).content.decode()


def test_an_old_one_and_a_failed_one_are_warned_of(rita_client: Client) -> None:
    now = timezone.now()
    made = BackupRun.objects.create(
        origin=Origin.SCHEDULE, asked_at=now, ended_at=now, folder="/srv", file="one.cvbackup",
        size_bytes=1_234_567, recordings=12, with_keys=True,
    )  # fmt: skip
    text = rita_client.get(PAGE).content.decode()
    assert "/srv/one.cvbackup" in text
    assert "12 recordings listed" in text
    assert "older than" not in text
    BackupRun.objects.filter(pk=made.pk).update(ended_at=now - timedelta(days=3))
    BackupRun.objects.create(
        origin=Origin.SCHEDULE, asked_at=now, ended_at=now, problem="/srv is not there"
    )
    text = rita_client.get(PAGE).content.decode()
    assert "The last backup is older than 2 days." in text
    assert "The last backup failed." in text
    assert "/srv is not there" in text
