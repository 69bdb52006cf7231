"""A consistent copy of a PostgreSQL database that is in use, table by table, and its return.

By COPY within one transaction that reads one snapshot: no program of PostgreSQL is needed, of no
version, and rows come back as they were. Tables, indexes and triggers are made by the migrations
that the backup had, and brought up to date after that; all of it in one transaction, so that an
interrupted restore leaves what was there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from callvault.backup import BackupFile, BackupWriter, Manifest
from callvault.backup.manifest import SEQUENCES, TABLES
from callvault.errors import BackupRefused

from .facts import NOT_BACKED_UP, Facts

MIGRATIONS = "django_migrations"
Sequences = dict[str, int]


def copy_database(writer: BackupWriter) -> Facts:
    """Write every table as it is now; return what the copy holds."""
    with _snapshot() as reader, reader.cursor() as cursor:
        tables = {name: _columns(cursor, name) for name in _tables()}
        rows = cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = [f"{app}.{name}" for app, name in rows.fetchall()]
        recordings = _count(cursor, "recordings_recording")
        facts = Facts("postgresql", migrations, recordings, _count(cursor, "people_user"), tables)
        # Sequences are of no transaction: read first, they could fall behind the rows. Read after
        # the snapshot was taken, they are ahead of them.
        writer.add(SEQUENCES, [msgspec.json.encode(_sequences(cursor))])
        for name, columns in tables.items():
            writer.add(TABLES + name, _rows(cursor, name, columns))
    return facts


def check_kind(manifest: Manifest) -> None:
    """Raise BackupRefused for a backup of another database."""
    if manifest.database != "postgresql":
        raise BackupRefused(
            "the backup is of a SQLite database and database.url names PostgreSQL: "
            "restore it where database.url is sqlite:"
        )


def is_occupied() -> bool:
    """Whether there are tables of ours."""
    return bool(_tables())


def check_unused() -> None:
    """Raise BackupRefused while other programs of ours are connected."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'callvault' AND pid <> pg_backend_pid()"
        )
        count = cursor.fetchone()[0]
    if count:
        raise BackupRefused(
            f"{count} connections of Callvault use the database: stop it on all nodes first"
        )


def load(
    backup: BackupFile, *, finish: Callable[[], None], advanced: Callable[[int], None]
) -> None:
    """Put all tables back, and whatever `finish` does, in one transaction."""
    with connection.unhurried(), transaction.atomic():  # type: ignore[attr-defined]
        _drop_tables()
        _make_tables(backup.manifest)
        _fill_tables(backup, advanced)
        finish()


def _drop_tables() -> None:
    with connection.cursor() as cursor:
        for name in _tables():
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(name)))


def _make_tables(manifest: Manifest) -> None:
    """Make the tables as they were: up to the migrations of the backup, and no further."""
    executor = MigrationExecutor(connection)
    had = {tuple(one.split(".", 1)) for one in manifest.migrations}
    nodes = {node for node in executor.loader.graph.nodes if node in had}
    parents = {
        parent.key
        for node in nodes
        for parent in executor.loader.graph.node_map[node].parents
        if parent.key[0] == node[0]
    }
    executor.migrate(sorted(nodes - parents))


def _fill_tables(backup: BackupFile, advanced: Callable[[int], None]) -> None:
    tables = backup.manifest.tables
    known = set(_tables())
    if unknown := sorted(set(tables) - known):
        raise BackupRefused(f"the backup holds a table that is not known: {unknown[0]}")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the migrations left to check
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for name in known:
            _run(cursor, "ALTER TABLE {} DISABLE TRIGGER USER", name)
        names = sql.SQL(", ").join(sql.Identifier(name) for name in sorted(known))
        cursor.execute(sql.SQL("TRUNCATE {}").format(names))
        for name, columns in tables.items():
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), _listed(columns))
            with cursor.copy(into) as copy:
                for chunk in backup.chunks(TABLES + name):
                    copy.write(chunk)
                    advanced(len(chunk))
        for name, value in _sequences_of(backup).items():
            cursor.execute(
                "SELECT setval(c.oid::regclass, %s) FROM pg_class c WHERE c.relkind = 'S' AND"
                " c.relname = %s AND c.relnamespace = current_schema()::regnamespace",
                [value, name],
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # now, while it can still be said
        for name in known:
            _run(cursor, "ALTER TABLE {} ENABLE TRIGGER USER", name)


def _sequences_of(backup: BackupFile) -> Sequences:
    try:
        return msgspec.json.decode(backup.small[SEQUENCES], type=Sequences)
    except (KeyError, msgspec.DecodeError):
        raise BackupRefused("the backup is damaged: its sequences cannot be read") from None


def _tables() -> list[str]:
    """Return the names of our tables that are there."""
    ours = connection.introspection.django_table_names(only_existing=True, include_views=False)
    there = set(connection.introspection.table_names())
    return sorted({*ours, MIGRATIONS} & there)


@contextmanager
def _snapshot() -> Iterator["psycopg.Connection[Any]"]:
    """Open a connection of its own that sees one moment, and takes its time."""
    parameters = connection.get_connection_params() | {"options": "-c statement_timeout=0"}
    parameters["autocommit"] = False
    with psycopg.connect(**parameters) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.read_only = True
        yield reader


def _columns(cursor: Any, name: str) -> list[str]:
    rows = cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [name],
    )
    return [row[0] for row in rows.fetchall()]


def _rows(cursor: Any, name: str, columns: list[str]) -> Iterator[bytes]:
    table, listed = sql.Identifier(name), _listed(columns)
    what = sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT").format(
        listed, table, sql.SQL(" WHERE false" if name in NOT_BACKED_UP else "")
    )
    with cursor.copy(what) as copy:
        for block in copy:
            yield bytes(block)


def _sequences(cursor: Any) -> Sequences:
    rows = cursor.execute(
        "SELECT sequencename, last_value FROM pg_sequences"
        " WHERE schemaname = current_schema() AND last_value IS NOT NULL"
    )
    return dict(rows.fetchall())


def _count(cursor: Any, name: str) -> int:
    rows = cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
    return int(rows.fetchone()[0])


def _listed(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(one) for one in columns)


def _run(cursor: Any, statement: str, name: str) -> None:
    cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
