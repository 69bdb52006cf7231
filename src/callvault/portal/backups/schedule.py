"""The worker's part: the daily backup, one that was asked for, and removing the oldest files.

A row is claimed by an update, so that of several workers one makes the backup. A worker that died
left its row unfinished: the same node finds it at the next look, and tries again an hour later.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q, QuerySet

from callvault import clock
from callvault.backup.passphrase import SHORTEST
from callvault.config import Config
from callvault.config.load import read_secret
from callvault.errors import BackupRefused, CallvaultError, ConfigError
from callvault.policy.backup_schedule import due_on
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action
from callvault.portal.retention.rule import system_zone

from .models import BackupRun, BackupSettings, Origin
from .taking import Taken, Wanted, file_in, take

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(hours=1)
LONGEST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class BackupKeeper:
    """Makes the backups of a node."""

    config: Config
    settings_file: Path

    def work_off(self, now: datetime) -> int:
        """Make what is due or asked for, if anything; return how many were made."""
        row = BackupSettings.load()
        self._forget_interrupted(now)
        if row.enabled:
            zone = system_zone()
            BackupRun.objects.get_or_create(
                due_on=due_on(now, row.at, zone=zone),
                defaults={"origin": Origin.SCHEDULE, "asked_at": now},
            )
        return sum(self._make(run, row, now) for run in self._waiting(row, now)[:1])

    def _waiting(self, row: BackupSettings, now: datetime) -> "QuerySet[BackupRun]":
        asked = Q(started_at=None, origin=Origin.ASKED)
        if not row.enabled:
            return BackupRun.objects.filter(asked)
        today = BackupRun.objects.filter(origin=Origin.SCHEDULE).order_by("-due_on")[:1]
        failed = ~Q(problem="") & Q(ended_at__lt=now - AGAIN_AFTER)
        due = Q(pk__in=[run.pk for run in today]) & (Q(started_at=None) | failed)
        return BackupRun.objects.filter(asked | due).order_by("asked_at")

    def _forget_interrupted(self, now: datetime) -> None:
        """End what a worker left that died: this thread alone makes backups on this node.

        And what a node left that is gone: no backup takes days.
        """
        is_over = Q(node=self.config.node.name) | Q(started_at__lt=now - LONGEST)
        left = BackupRun.objects.filter(is_over, ended_at=None, started_at__isnull=False)
        left.exclude(origin=Origin.COMMAND).update(ended_at=now, problem="interrupted")

    def _make(self, run: BackupRun, row: BackupSettings, now: datetime) -> bool:
        unclaimed = BackupRun.objects.filter(pk=run.pk, started_at=run.started_at)
        values = {"node": self.config.node.name, "ended_at": None, "problem": ""}
        if not unclaimed.update(started_at=now, **values):
            return False
        try:
            taken = self._take(row)
        except (CallvaultError, OSError) as error:
            logger.error("the backup failed: %s", error)
            ended = {"ended_at": clock.read().utc, "problem": str(error)[:500]}
            BackupRun.objects.filter(pk=run.pk).update(folder=row.folder, **ended)
            return False
        finish(run, taken)
        logger.info("backup made: %s, %d bytes", taken.path.name, taken.size_bytes)
        remove_oldest(Path(row.folder), self.config.node.name, keep=row.keep)
        return True

    def _take(self, row: BackupSettings) -> Taken:
        folder = Path(row.folder)
        if not row.folder or not folder.is_dir():
            raise BackupRefused(f"{row.folder or 'no folder'} is not there: make it, or mount it")
        secret = self.config.backup.passphrase_file
        passphrase = _passphrase_in(secret) if secret else None
        target = file_in(folder, self.config.node.name, clock.read().utc)
        return take(
            self.config, self.settings_file, target, Wanted(passphrase, row.with_recordings),
            record=lambda told: record_own(Action.BACKED_UP, kind="backup", **told),
        )  # fmt: skip


def _passphrase_in(path: Path) -> bytes:
    """Return it, as `callvault restore --passphrase-file` reads it. Raises ConfigError."""
    key = "backup.passphrase_file"
    passphrase = read_secret(key, path).encode()
    if len(passphrase.decode()) < SHORTEST:
        raise ConfigError(key, f"{path}: too short, allowed: at least {SHORTEST} characters")
    return passphrase


def finish(run: BackupRun, taken: Taken) -> None:
    """Write down what was made."""
    manifest = taken.manifest
    run.started_at, run.ended_at = run.started_at or run.asked_at, clock.read().utc
    run.node, run.problem = manifest.node, ""
    run.folder, run.file = str(taken.path.parent)[:500], taken.path.name[:200]
    run.size_bytes, run.recordings = taken.size_bytes, manifest.recordings
    run.with_keys, run.with_recordings = manifest.with_keys, manifest.with_recordings
    run.save()


def remove_oldest(folder: Path, node: str, *, keep: int) -> int:
    """Remove the oldest files that this node made by itself, beyond `keep`; return how many."""
    mine = BackupRun.objects.filter(
        node=node, folder=str(folder), problem="", removed_at=None, ended_at__isnull=False
    )
    removed = 0
    for run in mine.exclude(origin=Origin.COMMAND).order_by("-ended_at")[keep:]:
        try:
            (folder / Path(run.file).name).unlink()
        except FileNotFoundError:
            continue  # moved by somebody, or the share that it lies on is not mounted now
        except OSError as error:
            logger.warning("an old backup stays: %s: %s", run.file, error.strerror)
            continue
        with transaction.atomic():
            BackupRun.objects.filter(pk=run.pk).update(removed_at=clock.read().utc)
        removed += 1
    return removed
