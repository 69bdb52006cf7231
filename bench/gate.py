"""What the gate adds to a page of *All recordings*, with five million rows on SQLite.

    .venv/bin/python -m bench.gate [ROWS]

A supervisor of two groups of forty opens the first page, beside the same query without the gate.
The best of several rounds, since others share the machine. Beside it a search in the text of
notes, of which every fiftieth recording has one.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.table import Row, finish

ROWS = 5_000_000
GROUPS = 40
BAR_MS = 1.0
ROUNDS = 30
AT_ONCE = 50_000
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> int:
    """Seed, measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        _set_up(Path(folder))
        _seed(rows)
        return finish(_measure(rows))


def _set_up(folder: Path) -> None:
    config = folder / "callvault.toml"
    config.write_text(f'[node]\nname = "bench"\ndata_folder = "{folder}"\n', encoding="utf-8")
    os.environ["CALLVAULT_CONFIG"] = str(config)
    os.environ["DJANGO_SETTINGS_MODULE"] = "callvault.portal.settings"
    import django

    django.setup()
    from callvault.portal.first_start import prepare_database

    prepare_database()


def _seed(rows: int) -> None:
    """Insert recordings by the statement that Django would write, many at a time."""
    from django.db import connection, transaction

    from callvault.portal.recordings.models import Interaction, Note, Recording

    Interaction.objects.create(interaction_id=uuid4(), began_at=BEGAN)
    template = _template(Interaction.objects.get().pk)
    names = [str(field.column) for field in Recording._meta.concrete_fields]
    statement = _insert(Recording._meta.db_table, names)
    for first in range(1, rows + 1, AT_ONCE):
        some = range(first, min(first + AT_ONCE, rows + 1))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, list(_recordings(template, names, some)))
    Note.objects.bulk_create(_notes(rows), batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _template(interaction: Any) -> list[Any]:
    """Return the values of a row, as the database takes them."""
    from django.db import connection

    from callvault.portal.recordings.models import Recording

    row = Recording(
        record_number=0, recording_id=uuid4(), interaction_id=interaction, owner_name="Ann Keller",
        owner_username="ann", owner_extension="2014", owner_group="", direction="in",
        remote_normalised="+15550142", names_folded="ann keller ann", started_at=BEGAN,
        ended_at=BEGAN, duration_ms=180_000, node="rec-1", peer="192.0.2.14:5060",
        audio_format="mp3", sample_rate_hz=8000, size_bytes=720_000, listed_at=BEGAN,
    )  # fmt: skip
    return [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in Recording._meta.concrete_fields
    ]


def _insert(table: str, names: list[str]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(names))})"  # noqa: S608


def _recordings(template: list[Any], names: list[str], numbers: range) -> Iterator[list[Any]]:
    changing = ("record_number", "recording_id", "started_at", "owner_group", "names_folded")
    places = [names.index(one) for one in changing]
    for one in numbers:
        row = list(template)
        began = (BEGAN + timedelta(seconds=10 * one)).strftime("%Y-%m-%d %H:%M:%S")
        group, person = f"group {one * 7919 % GROUPS}", f"person {one % 5000}"
        for place, value in zip(places, (one, uuid4().hex, began, group, person), strict=True):
            row[place] = value
        yield row


def _notes(rows: int) -> Iterator[Any]:
    from callvault.portal.recordings.models import Note

    for one in range(50, rows + 1, 50):
        text = f"complaint {one} was answered in writing, see from minute {one % 9}"
        yield Note(recording_id=one, author_name="Ann", author_level=20, level=20, text=text,
                   folded=text, written_at=BEGAN)  # fmt: skip


def _measure(rows: int) -> list[Row]:
    from callvault.portal.people.levels import Level
    from callvault.portal.people.models import User
    from callvault.portal.recordings.filters import Filter
    from callvault.portal.recordings.permissions import recordings_in_catalogue

    sam = User.objects.create_user(
        "sam", level=Level.GROUP_SUPERVISOR, group="group 3", additional_groups="group 17"
    )

    def gated() -> None:
        _found_page(sam, Filter())

    def bare() -> None:
        list(recordings_in_catalogue().order_by("-started_at", "-record_number")[:51])

    def noted() -> None:
        _found_page(sam, Filter(note=f"complaint {rows // 2}"))

    def common() -> None:
        _found_page(sam, Filter(note="answered in writing"))

    with_gate_ms, without_ms = _best_ms(gated), _best_ms(bare)
    added_ms = with_gate_ms - without_ms
    what = f"the gate of a supervisor, {rows:,} rows"
    return [
        Row(what, f"{added_ms:+.2f} ms a page", f"< {BAR_MS:.0f} ms", added_ms < BAR_MS,
            f"without {without_ms:.2f} ms", f"{with_gate_ms / without_ms:.2f}"),
        Row(f"a note found by its text among {rows // 50:,}", f"{_best_ms(noted):.1f} ms"),
        Row("a text that all notes have", f"{_best_ms(common, rounds=3):.0f} ms"),
    ]  # fmt: skip


def _found_page(reader: Any, wanted: Any) -> None:
    from callvault.portal.recordings.finding import NEWEST_FIRST, Asked
    from callvault.portal.recordings.pages import Pages

    Pages(Asked(reader, wanted), NEWEST_FIRST).page()


def _best_ms(ask: Callable[[], None], *, rounds: int = ROUNDS) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        best = min(best, time.perf_counter() - started)
    return best * 1000


if __name__ == "__main__":
    sys.exit(main())
