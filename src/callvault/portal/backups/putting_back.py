"""Putting a backup back, in steps of which each can be repeated after a crash.

1. Certificates, keys and objects of the vault are added to those here: nothing goes for them.
2. The database. SQLite: loaded beside its place, made strict there (`stricter`), and renamed.
   PostgreSQL: the same within one transaction.
3. The head of the audit log, and what new recordings are sealed to.

The command keeps a mark in the data folder from the first step to the last.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from callvault.backup import BackupFile, Manifest
from callvault.backup.archive import Advanced
from callvault.backup.manifest import DATABASE, HEAD
from callvault.config import Config
from callvault.errors import BackupRefused, ObjectMissing, VaultError
from callvault.portal.audit import anchor
from callvault.portal.audit.log import record_command
from callvault.portal.audit.models import Action
from callvault.portal.configuration.deletion_ban import OBJECT as BAN
from callvault.portal.integrity import remembered
from callvault.portal.recordings.deletion import FOLDER as TOMBSTONES
from callvault.portal.storage.places import store_of_node
from callvault.vault import LocalStore, Store

from . import postgresql_copy, sqlite_copy
from .models import BackupRun
from .stricter import Known, Upheld, known_now, uphold

_OBJECT_OF = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/([0-9a-f]{32})/")


@dataclass(frozen=True, slots=True)
class PutBack:
    """What came back."""

    upheld: Upheld
    objects: int  # of the vault, that were not there
    lost_head: str  # when the audit log was signed last that the backup does not reach


def is_occupied() -> bool:
    """Whether there is a database already."""
    if connection.vendor == "postgresql":
        return postgresql_copy.is_occupied()
    place = _sqlite_place()
    return place.exists() and place.stat().st_size > 0


def check_place(manifest: Manifest) -> None:
    """Raise BackupRefused for another kind of database, or one that is in use."""
    if connection.vendor == "postgresql":
        postgresql_copy.check_kind(manifest)
        postgresql_copy.check_unused()
        return
    sqlite_copy.check_kind(manifest)
    if is_occupied():
        sqlite_copy.check_unused(_sqlite_place())


def put_back_objects(backup: BackupFile, store: Store, advanced: Advanced) -> int:
    """Add the objects of the backup that the vault lacks; what was deleted stays deleted."""
    added = 0
    for name, _size, chunks in backup.objects():
        if _is_there(store, name) or _is_deleted(store, name):
            continue
        with store.create(name) as pending:
            for chunk in _heard(chunks, advanced):
                pending.write(chunk)
        added += 1
    return added


def put_back_database(
    backup: BackupFile,
    config: Config,
    *,
    known: Known,
    aside: str,
    told: dict[str, object],
    advanced: Advanced,
) -> Upheld:
    """Replace the database; return what was done for what must not come back."""
    done: list[Upheld] = []

    def finish() -> None:
        call_command("migrate", interactive=False, verbosity=0)
        upheld = uphold(known, _store_here())
        BackupRun.objects.filter(ended_at=None).delete()  # that which made it was under way
        record_command(
            Action.RESTORED, kind="backup",
            deleted=upheld.deleted, holds=upheld.holds, tokens=upheld.tokens,
            reopened=len(upheld.reopened), **told,
        )  # fmt: skip
        _accept_loss(config)
        done.append(upheld)

    if connection.vendor == "postgresql":
        postgresql_copy.load(backup, finish=finish, advanced=advanced)
    else:
        place = _sqlite_place()
        staged = place.with_name(f"{place.name}.restoring")
        sqlite_copy.stage(_heard(backup.chunks(DATABASE), advanced), staged)
        with _working_on(staged):
            finish()
        sqlite_copy.put_in_place(staged, place, place.with_name(f"{place.name}.{aside}"))
    return done[0]


def put_back_head(backup: BackupFile, config: Config, aside: str) -> str:
    """Let the node remember the head that the backup knew; return when the lost one was signed."""
    _forget_day(config, aside)
    path = config.node.data_folder / anchor.FILE_NAME
    lost = anchor.read(path)
    head = backup.small.get(HEAD)
    if path.exists() and path.read_bytes() == head:
        return ""
    if path.exists():
        path.replace(path.with_name(f"{path.name}.{aside}"))
    if head is not None:
        draft = path.with_name(path.name + ".new")
        draft.write_bytes(head)
        draft.chmod(0o600)
        draft.replace(path)
    return lost.at if lost is not None else ""


def _forget_day(config: Config, aside: str) -> None:
    """Put the last signed day aside: the log of recordings goes on from what is restored."""
    path = config.node.data_folder / remembered.FILE_NAME
    if path.exists():
        path.replace(path.with_name(f"{path.name}.{aside}"))


def ask_present_database() -> Known | None:
    """Return what must not come back, as the present database knows; None: it cannot be read."""
    try:
        return known_now() if is_occupied() else Known()
    finally:
        if connection.vendor != "postgresql":
            connection.close()


def _accept_loss(config: Config) -> None:
    """Write down which end of the audit log this node signed and the backup may not have."""
    head = anchor.read(config.node.data_folder / anchor.FILE_NAME)
    if head is not None:
        record_command(
            Action.AUDIT_LOSS_ACCEPTED, kind="audit",
            place=head.sequence, digest=head.digest.hex(), signed_at=head.at,
        )  # fmt: skip
    day = remembered.read(config.node.data_folder / remembered.FILE_NAME)
    if day is not None:
        record_command(
            Action.AUDIT_LOSS_ACCEPTED, kind="integrity",
            place=day.number, digest=day.digest.hex(), signed_at=day.at,
        )  # fmt: skip


@contextmanager
def _working_on(staged: Path) -> Iterator[None]:
    """Have Django work on another SQLite file."""
    place = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(staged)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = place


def _heard(chunks: Iterator[bytes], advanced: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        advanced(len(chunk))
        yield chunk


def _is_there(store: Store, name: str) -> bool:
    try:
        return store.size(name) >= 0
    except ObjectMissing:
        return False
    except ValueError:
        raise BackupRefused(f"the backup is damaged: no vault has an object {name!r}") from None


def _is_deleted(store: Store, name: str) -> bool:
    if name.startswith(TOMBSTONES) or name == BAN:
        return False
    found = _OBJECT_OF.match(name)
    return found is not None and _is_there(store, f"{TOMBSTONES}{found[1][:2]}/{found[1]}")


def _store_here() -> LocalStore | None:
    try:
        return store_of_node()
    except VaultError:
        return None


def _sqlite_place() -> Path:
    return Path(settings.DATABASES["default"]["NAME"])
