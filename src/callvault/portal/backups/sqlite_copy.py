"""A consistent copy of a SQLite database that is in use, and the place where a copy goes.

The online backup API copies pages under one read transaction: in WAL mode writers go on meanwhile,
and nothing they commit gets into the copy.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from callvault.backup import Manifest
from callvault.errors import BackupRefused, ConfigError

from .facts import NOT_BACKED_UP, Facts

PAGES_A_STEP = 4096
CHUNK = 1024 * 1024


def copy_database(source: Path, target: Path) -> Facts:
    """Copy the database as it is now; return what the copy holds. Raises ConfigError."""
    try:
        with closing(_connected(source)) as reader, closing(sqlite3.connect(target)) as copy:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment it is of
            reader.backup(copy, pages=PAGES_A_STEP)
        with closing(sqlite3.connect(target)) as copy:
            # It may lie on a share, where programs have no memory in common, as WAL needs.
            copy.execute("PRAGMA locking_mode=EXCLUSIVE")
            copy.execute("PRAGMA journal_mode=DELETE")
            return _without_sessions(copy)
    except sqlite3.Error as error:
        raise ConfigError("database.url", f"{source} cannot be copied: {error}") from error


def read_in_chunks(path: Path) -> Iterator[bytes]:
    """Return a file's bytes."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def check_unused(path: Path) -> None:
    """Raise BackupRefused while any program has the database open; else leave it without WAL."""
    try:
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupRefused(f"{path} is in use: stop Callvault first") from None
        return  # not a database any more: it is set aside as it is
    except sqlite3.DatabaseError:
        return
    if mode != "delete":
        raise BackupRefused(f"{path} is in use: stop Callvault first")


def stage(chunks: Iterator[bytes], target: Path) -> None:
    """Write the copy beside its place; a copy that an earlier attempt left is replaced."""
    for leftover in (target, *_companions(target)):
        leftover.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def put_in_place(staged: Path, place: Path, aside: Path) -> None:
    """Put a staged database in the place of the present one, which is kept `aside`."""
    check_unused(staged)  # and everything in the one file
    for left in _companions(place):  # of a database that could not be opened: kept with it
        if left.exists():
            left.replace(aside.with_name(aside.name + left.name.removeprefix(place.name)))
    if place.exists() and not aside.exists():
        os.link(place, aside)
    _sync(staged)
    staged.replace(place)
    _sync(place.parent)


def facts_of(connection: sqlite3.Connection) -> Facts:
    """Return what a database holds."""
    rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
    migrations = [f"{app}.{name}" for app, name in rows.fetchall()]
    recordings = connection.execute("SELECT count(*) FROM recordings_recording").fetchone()[0]
    people = connection.execute("SELECT count(*) FROM people_user").fetchone()[0]
    return Facts("sqlite", migrations, recordings, people)


def check_kind(manifest: Manifest) -> None:
    """Raise BackupRefused for a backup of another database."""
    if manifest.database != "sqlite":
        raise BackupRefused(
            "the backup is of a PostgreSQL database and this node has SQLite: "
            "set database.url to an empty PostgreSQL database"
        )


def _without_sessions(copy: sqlite3.Connection) -> Facts:
    """Take out what must not live twice: sessions, overwritten and not only unlisted."""
    copy.execute("PRAGMA secure_delete=ON")
    for table in NOT_BACKED_UP:
        copy.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
    copy.commit()
    return facts_of(copy)


def _connected(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise ConfigError("database.url", f"{path} is not there")
    return sqlite3.connect(path, timeout=20.0, isolation_level=None)


def _companions(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
