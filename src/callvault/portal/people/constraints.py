"""A number that several active people have: only where each can be told from the others (IDENT-2).

No unique index says "either one, or all with an ID", so triggers do, on both databases.
"""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint, Model, Q, QuerySet

IDS = ("numeric_user_id", "numeric_partition_id")

_CLASH = """NEW.is_active AND NEW.{field} <> '' AND EXISTS (
    SELECT 1 FROM %(table)s AS other
    WHERE other.id <> NEW.id AND other.is_active AND other.{field} = NEW.{field}
    AND ((NEW.numeric_user_id = '' AND NEW.numeric_partition_id = '')
        OR (other.numeric_user_id = '' AND other.numeric_partition_id = '')))"""

_SQLITE = """CREATE TRIGGER {name}_{when} AFTER {event} ON %(table)s WHEN {clash}
BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {name}'); END"""

# One lock for all numbers: two transactions that each do not see the other's row would both pass,
# and a lock for each number would exhaust the server's table of locks with a large import.
_FUNCTION = """CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_active AND NEW.{field} <> '' THEN
        PERFORM pg_advisory_xact_lock(7219436, 1);
        IF {clash} THEN
            RAISE unique_violation USING MESSAGE = 'number without ID is shared',
                CONSTRAINT = '{name}';
        END IF;
    END IF;
    RETURN NULL;
END $$"""

_TRIGGER = """CREATE TRIGGER {name} AFTER INSERT OR UPDATE OF {columns} ON %(table)s
FOR EACH ROW EXECUTE FUNCTION {name}()"""


class NumberSharedWithIds(BaseConstraint):
    """Active people share a number only if each has a numeric user ID or partition ID."""

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def deconstruct(self) -> Any:
        """Return what a migration writes down."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberSharedWithIds) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.field))

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Leave the triggers for when the table is there, under its last name."""
        statements = self._statements(model, schema_editor)
        schema_editor.deferred_sql.extend(statements)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Make all but the last statement, and return that one."""
        *first, last = self._statements(model, schema_editor)
        for statement in first:
            schema_editor.execute(statement)
        return last

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Drop function and trigger; SQLite makes the table anew, without them."""
        return _statement(f"DROP FUNCTION {self.name}() CASCADE", model, schema_editor)

    def validate(
        self,
        model: type[Model],
        instance: Any,
        exclude: Collection[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Refuse a number that others have, unless all of them and this one have an ID."""
        if {self.field, *IDS}.intersection(exclude or ()):
            return
        if self.clashing(model._default_manager.using(using), instance).exists():
            raise ValidationError(self.get_violation_error_message(), code="shared")

    def clashing(self, people: QuerySet[Any], person: Any) -> QuerySet[Any]:
        """Return those among people with whom a person may not share the number."""
        number = getattr(person, self.field)
        if not number or not person.is_active:
            return people.none()
        others = people.filter(is_active=True, **{self.field: number}).exclude(pk=person.pk)
        if any(getattr(person, name) for name in IDS):
            return others.filter(Q(numeric_user_id="", numeric_partition_id=""))
        return others

    def _statements(
        self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        clash = _CLASH.format(field=self.field)
        columns = ", ".join((self.field, "is_active", *IDS))
        texts = [
            _FUNCTION.format(name=self.name, field=self.field, clash=clash),
            _TRIGGER.format(name=self.name, columns=columns),
        ]
        if schema_editor.connection.vendor == "sqlite":
            events = {"insert": "INSERT", "update": f"UPDATE OF {columns}"}
            texts = [
                _SQLITE.format(name=self.name, when=when, event=event, clash=clash)
                for when, event in events.items()
            ]
        return [_statement(text, model, schema_editor) for text in texts]


def _statement(text: str, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
    table = Table(model._meta.db_table, schema_editor.quote_name)
    return Statement(text, table=table)
