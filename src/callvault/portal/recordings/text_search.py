"""Finding notes by their text, and recordings by a part of a name or number: what is indexed."""

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from .folding import folded
from .models import Note
from .trigrams import TrigramIndex, is_indexed

NOTES = TrigramIndex("recordings_note", "recordings_note", "id", ("folded",), "the text of notes")
PARTIES = TrigramIndex(
    "recordings_recording", "recordings_recording", "record_number",
    ("names_folded", "remote_normalised", "owner_extension"), "names and numbers",
)  # fmt: skip
_MATCHING = "SELECT rowid FROM recordings_note_search WHERE folded LIKE %s"


def notes_with(text: str) -> QuerySet[Note]:
    """Return the notes in which each word of a text stands, whatever its case and accents."""
    notes = Note.objects.order_by()
    words = folded(text).split()
    for word in words:
        notes = notes.filter(folded__contains=word)
    longest = max(words, key=len, default="")
    if connection.vendor == "sqlite" and is_indexed(longest):
        # `_` and `%` of LIKE find more than was typed; the condition above has the last word.
        notes = notes.filter(pk__in=RawSQL(_MATCHING, [f"%{longest}%"]))  # noqa: S611 - ours
    return notes


def recordings_noted(text: str, most: int) -> list[int]:
    """Return the numbers of recordings with a note in which all words of a text may stand.

    Where there are `most`, they are good for their number only.
    """
    notes = notes_with(text)
    if connection.vendor == "sqlite":
        long_enough = [word for word in folded(text).split() if is_indexed(word)]
        keys = NOTES.keys_with(long_enough, most)
        if len(keys) >= most:
            return keys
        notes = Note.objects.order_by().filter(pk__in=keys)
    return list(notes.values_list("recording_id", flat=True)[:most])


def install_indexes(**_sender: object) -> None:
    """Make the indexes where they are missing; after each migration, which may rebuild tables."""
    NOTES.install()
    PARTIES.install()
