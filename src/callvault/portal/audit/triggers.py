"""Triggers of the database: entries get in line for the chain, and nobody changes what is written.

A hurdle against mistakes and the casual, not the proof: who may alter tables can drop a trigger.
What shows a change is the chain. Put up after each migration (`apps`), since SQLite drops the
triggers of a table that a migration rebuilds.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "the audit log is written once: entries are neither changed nor removed"
ENTRIES, LINKS = "audit_auditentry", "audit_chainlink"
STATEMENTS, WAITING = "audit_chainstatement", "audit_unchained"

# ruff: noqa: S608 - table names of ours; nothing from outside comes near these statements

# What stands before a cut that was signed may go: that is how retention removes the oldest part.
_LINK_IS_CUT = (
    f"EXISTS (SELECT 1 FROM {STATEMENTS} s WHERE s.kind = 'cut' AND s.sequence >= OLD.sequence)"
)
_ENTRY_IS_CUT = (
    f"EXISTS (SELECT 1 FROM {LINKS} l JOIN {STATEMENTS} s ON s.sequence >= l.sequence "
    "WHERE l.entry_id = OLD.id AND s.kind = 'cut')"
)
GUARDED = (  # name, what is refused, table, unless
    ("audit_entry_change", "UPDATE", ENTRIES, ""),
    ("audit_entry_removal", "DELETE", ENTRIES, _ENTRY_IS_CUT),
    ("audit_link_change", "UPDATE", LINKS, ""),
    ("audit_link_removal", "DELETE", LINKS, _LINK_IS_CUT),
    ("audit_statement_change", "UPDATE", STATEMENTS, ""),
    ("audit_statement_removal", "DELETE", STATEMENTS, ""),
)
ARRIVAL = "audit_entry_arrival"
NAMES = (ARRIVAL, *(name for name, *_rest in GUARDED))


def install(connection: BaseDatabaseWrapper) -> None:
    """Put up the triggers that are missing."""
    missing = missing_triggers(connection)
    statements = _postgresql(missing) if connection.vendor == "postgresql" else _sqlite(missing)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away, before a table is emptied as a whole (tests)."""
    on = {ARRIVAL: ENTRIES} | {name: table for name, _what, table, _unless in GUARDED}
    with connection.cursor() as cursor:
        for name in NAMES:
            where = f" ON {on[name]}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of those that are not there."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'audit_%' AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = {row[0] for row in cursor.fetchall()}
    return [name for name in NAMES if name not in found]


def _sqlite(names: list[str]) -> list[str]:
    statements = [
        f"CREATE TRIGGER {name} BEFORE {what} ON {table} "
        f"{f'WHEN NOT {unless} ' if unless else ''}BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for name, what, table, unless in GUARDED
        if name in names
    ]
    if ARRIVAL in names:
        statements.append(
            f"CREATE TRIGGER {ARRIVAL} AFTER INSERT ON {ENTRIES} "
            f"BEGIN INSERT INTO {WAITING} (entry_id) VALUES (NEW.id); END"
        )
    return statements


def _postgresql(names: list[str]) -> list[str]:
    statements = []
    for name, what, table, unless in GUARDED:
        if name in names:
            allow = f"IF {unless} THEN RETURN OLD; END IF; " if unless else ""
            statements += _postgresql_trigger(
                name, f"BEFORE {what} ON {table}", f"{allow}RAISE EXCEPTION '{REFUSAL}';"
            )
    if ARRIVAL in names:
        body = f"INSERT INTO {WAITING} (entry_id) VALUES (NEW.id); RETURN NULL;"
        statements += _postgresql_trigger(ARRIVAL, f"AFTER INSERT ON {ENTRIES}", body)
    return statements


def _postgresql_trigger(name: str, when: str, body: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN {body} END $$",
        f"DROP TRIGGER IF EXISTS {name} ON {when.rpartition(' ')[2]}",
        f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
