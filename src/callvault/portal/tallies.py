"""Figures kept beside rows: triggers of the database count in the transaction that writes a row.

So they are exact whoever writes or removes rows, and the dashboard of a month needs no walk over
them. Triggers are put up after each migration (`put_up`), since SQLite drops those of a table that
a migration rebuilds; whenever one was missing, everything is counted anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

QUARTER_S = 900  # of an hour: time zones differ by such

# ruff: noqa: S608 - table names of ours; nothing from outside comes near these statements


@dataclass(frozen=True, slots=True)
class Tally:
    """A table of sums by quarter of an hour (`quarter`) and the columns in `keys`."""

    name: str  # of the triggers
    source: str  # table that is counted
    moment: str  # its column that says when
    target: str
    keys: tuple[str, ...]
    sums: Mapping[str, str]  # column: what a row adds, with `{row}` for the row
    changed_by: tuple[str, ...]  # columns of the source whose change matters


def put_up(tally: Tally, connection: BaseDatabaseWrapper) -> None:
    """Put up the triggers, and count anew, unless all are there; nothing without the table."""
    if tally.target not in connection.introspection.table_names():
        return
    if {name for name, _what, _body in _bodies(tally, connection.vendor)} <= _found(connection):
        return
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in (*make(tally), *_recount(tally, connection.vendor)):
            cursor.execute(statement)


def _found(connection: BaseDatabaseWrapper) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%_tally_%' AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


def _recount(tally: Tally, vendor: str) -> list[str]:
    columns = ", ".join(("quarter", *tally.keys, *tally.sums))
    sums = [f"SUM({told.format(row='r')})" for told in tally.sums.values()]
    keys = [f"r.{key}" for key in tally.keys]
    grouped = ", ".join(str(place + 1) for place in range(len(keys) + 1))
    values = ", ".join((_quarter(vendor, f"r.{tally.moment}"), *keys, *sums))
    return [
        f"DELETE FROM {tally.target}",
        f"INSERT INTO {tally.target} ({columns}) "
        f"SELECT {values} FROM {tally.source} r GROUP BY {grouped}",
    ]


def _quarter(vendor: str, column: str) -> str:
    if vendor == "postgresql":
        return f"FLOOR(EXTRACT(EPOCH FROM {column}) / {QUARTER_S})::bigint"
    return f"CAST(strftime('%s', {column}) AS INTEGER) / {QUARTER_S}"


def _add(tally: Tally, vendor: str, row: str, sign: str) -> str:
    added = {name: f"{sign}({told.format(row=row)})" for name, told in tally.sums.items()}
    columns = ", ".join(("quarter", *tally.keys, *added))
    keys = [f"{row}.{key}" for key in tally.keys]
    values = ", ".join((_quarter(vendor, f"{row}.{tally.moment}"), *keys, *added.values()))
    changes = ", ".join(f"{name} = {tally.target}.{name} + {told}" for name, told in added.items())
    return (
        f"INSERT INTO {tally.target} ({columns}) VALUES ({values}) "
        f"ON CONFLICT ({', '.join(('quarter', *tally.keys))}) DO UPDATE SET {changes};"
    )


def _bodies(tally: Tally, vendor: str) -> tuple[tuple[str, str, str], ...]:
    added, removed = _add(tally, vendor, "NEW", "+"), _add(tally, vendor, "OLD", "-")
    return (
        (f"{tally.name}_tally_added", "INSERT", added),
        (
            f"{tally.name}_tally_changed",
            f"UPDATE OF {', '.join(tally.changed_by)}",
            f"{removed} {added}",
        ),
        (f"{tally.name}_tally_removed", "DELETE", removed),
    )


def _sqlite(tally: Tally) -> list[str]:
    statements = []
    for name, what, body in _bodies(tally, "sqlite"):
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} AFTER {what} ON {tally.source} BEGIN {body} END",
        ]
    return statements


def _postgresql(tally: Tally) -> list[str]:
    statements = []
    for name, what, body in _bodies(tally, "postgresql"):
        statements += [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body} RETURN NULL; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {tally.source}",
            f"CREATE TRIGGER {name} AFTER {what} ON {tally.source} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    return statements
