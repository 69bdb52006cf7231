"""Finding notes by their text: an index of three letters, beside the table of notes.

SQLite: FTS5 in trigrams, kept by triggers; PostgreSQL: pg_trgm. Words of one or two letters have
no trigram, and are looked for in all notes.
"""

import logging

from django.db import Error, connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from .folding import folded
from .models import Note

logger = logging.getLogger(__name__)

SHORTEST_INDEXED = 3
_MATCHING = "SELECT rowid FROM recordings_note_search WHERE folded LIKE %s"
_TABLE = "recordings_note"


def notes_with(text: str) -> QuerySet[Note]:
    """Return the notes in which each word of a text stands, whatever its case and accents."""
    notes = Note.objects.order_by()
    words = folded(text).split()
    for word in words:
        notes = notes.filter(folded__contains=word)
    longest = max(words, key=len, default="")
    if connection.vendor == "sqlite" and len(longest) >= SHORTEST_INDEXED:
        # `_` and `%` of LIKE find more than was typed; the condition above has the last word.
        notes = notes.filter(pk__in=RawSQL(_MATCHING, [f"%{longest}%"]))  # noqa: S611 - ours
    return notes


def install_index(**_sender: object) -> None:
    """Make the index where it is missing; after each migration, which may rebuild the table.

    SQLite drops the triggers of a table that it makes anew.
    """
    if _TABLE not in connection.introspection.table_names():
        return
    if connection.vendor == "sqlite":
        _install_fts()
    elif connection.vendor == "postgresql":
        _install_trigrams()


def _install_fts() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE 'recordings_note_search%%'"
            " AND type = 'trigger' AND tbl_name = %s",
            [_TABLE],
        )
        if cursor.fetchone()[0] == len(_TRIGGERS):
            return
        with transaction.atomic():
            for statement in (_FTS, *_TRIGGERS, _REBUILD):
                cursor.execute(statement)


def _install_trigrams() -> None:
    """Make it if the database lets us: without the extension, searches read all notes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('recordings_note_trigrams')")
        if cursor.fetchone()[0] is not None:
            return
        try:
            with transaction.atomic():
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                cursor.execute(
                    "CREATE INDEX recordings_note_trigrams ON recordings_note"
                    " USING gin (folded gin_trgm_ops)"
                )
        except Error as error:
            first_line = next(iter(str(error).splitlines()), "")
            logger.warning("no index for the text of notes, searching them is slow: %s", first_line)


_FTS = """CREATE VIRTUAL TABLE IF NOT EXISTS recordings_note_search USING fts5(
    folded, content='recordings_note', content_rowid='id', tokenize='trigram', detail='none')"""
_FORGET = (
    "INSERT INTO recordings_note_search(recordings_note_search, rowid, folded)"
    " VALUES ('delete', old.id, old.folded);"
)
_LEARN = "INSERT INTO recordings_note_search(rowid, folded) VALUES (new.id, new.folded);"
_TRIGGERS = (
    f"""CREATE TRIGGER IF NOT EXISTS recordings_note_search_insert
        AFTER INSERT ON recordings_note BEGIN {_LEARN} END""",
    f"""CREATE TRIGGER IF NOT EXISTS recordings_note_search_delete
        AFTER DELETE ON recordings_note BEGIN {_FORGET} END""",
    f"""CREATE TRIGGER IF NOT EXISTS recordings_note_search_update
        AFTER UPDATE OF folded ON recordings_note BEGIN {_FORGET} {_LEARN} END""",
)
_REBUILD = "INSERT INTO recordings_note_search(recordings_note_search) VALUES ('rebuild')"
