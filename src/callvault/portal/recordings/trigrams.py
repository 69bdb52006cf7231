"""Indexes of three letters beside a table, for finding text anywhere in a column.

SQLite: FTS5 in trigrams, kept by triggers; PostgreSQL: pg_trgm. Words of one or two letters have
no trigram.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import Error, connection, transaction

logger = logging.getLogger(__name__)

SHORTEST_INDEXED = 3

# ruff: noqa: S608 - table names of ours; what people typed is a parameter


@dataclass(frozen=True, slots=True)
class TrigramIndex:
    """The index of some columns of a table; `key` is its primary key, a number."""

    name: str
    table: str
    key: str
    columns: tuple[str, ...]
    told: str  # of what it is, for the log

    def install(self) -> None:
        """Make it where it is missing; after each migration, which may rebuild the table.

        SQLite drops the triggers of a table that it makes anew.
        """
        if self.table not in connection.introspection.table_names():
            return
        if connection.vendor == "sqlite":
            self._install_fts()
        elif connection.vendor == "postgresql":
            self._install_gin()

    def keys_with(self, words: Iterable[str], most: int) -> list[int]:
        """Return keys of rows that may hold all words: SQLite's, so many at most.

        All trigrams of a word stand in them, if not one behind the other.
        """
        grams = {gram: None for word in words for gram in _trigrams(word)}
        match = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in grams)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT rowid FROM {self.name}_search WHERE {self.name}_search MATCH %s LIMIT %s",
                [match, most],
            )
            return [row[0] for row in cursor.fetchall()]

    def _install_fts(self) -> None:
        search = f"{self.name}_search"
        triggers = self._triggers()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM sqlite_master WHERE name LIKE %s"
                " AND type = 'trigger' AND tbl_name = %s",
                [f"{search}%", self.table],
            )
            if cursor.fetchone()[0] == len(triggers):
                return
            with transaction.atomic():
                for statement in (
                    f"CREATE VIRTUAL TABLE IF NOT EXISTS {search} USING fts5("
                    f"{', '.join(self.columns)}, content='{self.table}',"
                    f" content_rowid='{self.key}', tokenize='trigram', detail='none')",
                    *triggers,
                    f"INSERT INTO {search}({search}) VALUES ('rebuild')",
                ):
                    cursor.execute(statement)

    def _triggers(self) -> list[str]:
        search, columns = f"{self.name}_search", ", ".join(self.columns)
        old = ", ".join(f"old.{column}" for column in (self.key, *self.columns))
        new = ", ".join(f"new.{column}" for column in (self.key, *self.columns))
        forget = f"INSERT INTO {search}({search}, rowid, {columns}) VALUES ('delete', {old});"
        learn = f"INSERT INTO {search}(rowid, {columns}) VALUES ({new});"
        return [
            f"CREATE TRIGGER IF NOT EXISTS {search}_{name} AFTER {what} ON {self.table}"
            f" BEGIN {body} END"
            for name, what, body in (
                ("insert", "INSERT", learn),
                ("delete", "DELETE", forget),
                ("update", f"UPDATE OF {columns}", f"{forget} {learn}"),
            )
        ]

    def _install_gin(self) -> None:
        """Make it if the database lets us: without the extension, searches read all rows."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [f"{self.name}_trigrams"])
            if cursor.fetchone()[0] is not None:
                return
            columns = ", ".join(f"{column} gin_trgm_ops" for column in self.columns)
            try:
                with transaction.atomic():
                    cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                    cursor.execute(
                        f"CREATE INDEX {self.name}_trigrams ON {self.table} USING gin ({columns})"
                    )
            except Error as error:
                first_line = next(iter(str(error).splitlines()), "")
                logger.warning("no index for %s, searching them is slow: %s", self.told, first_line)


def is_indexed(word: str) -> bool:
    """Whether a word is long enough to be found by an index."""
    return len(word) >= SHORTEST_INDEXED


def _trigrams(word: str) -> list[str]:
    return [word[place : place + 3] for place in range(len(word) - 2)]
