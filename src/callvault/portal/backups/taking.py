"""Taking a backup of a system that goes on working."""

import glob
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from callvault import __version__, clock
from callvault.backup import (
    FORMAT,
    BackedUpCertificate,
    BackupWriter,
    Manifest,
    Sealer,
    Signed,
)
from callvault.backup.archive import Advanced
from callvault.backup.manifest import DATABASE, SECRETS, VAULT
from callvault.config import Config
from callvault.errors import BackupRefused, ObjectMissing
from callvault.portal.storage.scattered import ScatteredStore
from callvault.vault import LocalStore, Store, audit_key
from callvault.vault.store import check_name

from . import postgresql_copy, sqlite_copy
from .facts import Facts
from .node_files import certificates_of, public_files, secret_files
from .room import remove_leftovers, room_for

logger = logging.getLogger(__name__)

ENDING = ".cvbackup"
CHUNK = 1024 * 1024
PASSING = "probe/"  # objects that live for a moment


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into a backup."""

    passphrase: bytes | None = None  # None: without keys
    with_recordings: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was made."""

    path: Path
    size_bytes: int
    manifest: Manifest


def file_in(folder: Path, node: str, now: datetime) -> Path:
    """Return the place of a backup made now; names sort by time."""
    return folder / f"callvault-{node}-{now:%Y%m%dT%H%M%SZ}{ENDING}"


def take(
    config: Config,
    settings_file: Path,
    target: Path,
    wanted: Wanted,
    *,
    record: Callable[[dict[str, object]], object],
    advanced: Advanced = lambda _count: None,
) -> Taken:
    """Make a backup. `record` writes it into the audit log before the file has its name.

    Raises BackupRefused, ConfigError, VaultError.
    """
    try:
        mine = f"callvault-{config.node.name}-{'[0-9]' * 8}T*{ENDING}"  # and not of a longer name
        for pattern in (glob.escape(target.name), mine):
            remove_leftovers(target, pattern)
        room = room_for(config, target)

        def went_on(count: int) -> None:
            room(0)
            advanced(count)

        writer = BackupWriter(target, advanced=went_on)
    except OSError as error:
        raise BackupRefused(f"{target} cannot be written: {error.strerror}") from error
    try:
        return _taken(writer, config, settings_file, wanted, record, room)
    except OSError as error:
        where = error.filename or target
        raise BackupRefused(f"the backup cannot be made: {where}: {error.strerror}") from error
    finally:
        writer.close()


def _taken(
    writer: BackupWriter,
    config: Config,
    settings_file: Path,
    wanted: Wanted,
    record: Callable[[dict[str, object]], object],
    room: Callable[[int], None],
) -> Taken:
    made_at = clock.read().utc.isoformat(timespec="seconds")
    certificates = certificates_of(config.vault.key_folder)
    # Before the database: the head of the audit log must not be ahead of the chain.
    for name, data in list(public_files(config, settings_file)):
        writer.add(name, [data])
    sealer = Sealer(wanted.passphrase) if wanted.passphrase is not None else None
    if sealer is not None:
        writer.add(SECRETS, [sealer.seal(secret_files(config, settings_file))])
    facts = _add_database(writer, room)
    if wanted.with_recordings:
        _add_recordings(writer, ScatteredStore(LocalStore(config.vault.folder)))
    about = Manifest(
        FORMAT, __version__, made_at, config.node.name,
        facts.database, facts.migrations, facts.recordings, facts.people,
        certificates, facts.tables,
        with_keys=sealer is not None,
    )  # fmt: skip
    _check_none_came(certificates, certificates_of(config.vault.key_folder))
    key = audit_key(config.vault.key_folder)

    def sign(manifest: bytes) -> Signed:
        tag = sealer.tag(manifest) if sealer is not None else ""
        return Signed(key.fingerprint, key.sign(manifest).hex(), tag)

    def write_down() -> None:
        with transaction.atomic():
            record(
                {
                    "file": writer.target.name,
                    "keys": sealer is not None,
                    "vault": wanted.with_recordings,
                    "recordings": facts.recordings,
                }
            )

    size, manifest = writer.finish(about, sign, before=write_down)
    return Taken(writer.target, size, manifest)


def _check_none_came(before: list[BackedUpCertificate], after: list[BackedUpCertificate]) -> None:
    """Raise BackupRefused for a certificate or key that came meanwhile, and so is not in it.

    What was sealed to it may be in it, and would open with nothing that is.
    """
    known = {(one.role, one.fingerprint, one.had_key) for one in before}
    for one in after:
        if (one.role, one.fingerprint, one.had_key) not in known:
            raise BackupRefused(
                f"the certificate {one.role}/{one.name} came while the backup was made, which "
                "lacks it: make the backup again"
            )


def _add_database(writer: BackupWriter, room: Callable[[int], None]) -> Facts:
    if connection.vendor == "postgresql":
        return postgresql_copy.copy_database(writer)
    source = Path(settings.DATABASES["default"]["NAME"])
    room(2 * source.stat().st_size if source.exists() else 0)  # a copy, and the copy in the file
    draft = writer.target.with_name(f".{writer.target.name}.{os.getpid()}.database")
    draft.unlink(missing_ok=True)
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        facts = sqlite_copy.copy_database(source, draft)
        writer.add(DATABASE, sqlite_copy.read_in_chunks(draft))
        return facts
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _is_object(name: str) -> bool:
    try:
        return bool(check_name(name))
    except ValueError:
        return False


def _add_recordings(writer: BackupWriter, store: Store) -> None:
    """Add what the vault holds, sealed as it is; what is deleted meanwhile is left out."""
    for name in store.list():
        if name.startswith(PASSING):
            continue
        if not _is_object(name):  # somebody put it there: no program of ours reads it
            logger.warning("not an object of the vault, left out: %r", name)
            continue
        try:
            stored = store.open(name)
        except ObjectMissing:
            continue
        try:
            writer.add(VAULT + name, _chunks(stored.read, stored.size))
        finally:
            stored.close()


def _chunks(read: Callable[[int, int], bytes], size: int) -> Iterator[bytes]:
    for offset in range(0, size, CHUNK):
        yield read(offset, CHUNK)
