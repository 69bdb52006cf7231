"""A catalogue of millions of recordings as a large customer has them, for `bench.search`.

Two years of calls: 2,000 people in 40 groups, a million numbers, five trunks, three nodes, and
of a hundred recordings one that is preserved, three with a flag and two with a note.
"""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

GROUPS, PEOPLE, NUMBERS = 40, 2_000, 1_000_000
ENDED = datetime(2026, 11, 20, 18, tzinfo=UTC)
SPAN = timedelta(days=730)
AT_ONCE = 50_000
_SPREAD = 2_654_435_761  # Knuth's multiplier: neighbours are strangers
_FIRST = ("Ann", "Tomas", "Rita", "Elena", "Bruno", "Sam", "Otto", "Nora")
_LAST = ("Keller", "Vega", "Marsh", "Ferri", "Castellani", "Whitlock", "Prada", "Lund")


def group_of(person: int) -> str:
    """Return the group of a person by number."""
    return f"group {person % GROUPS}"


def name_of(person: int) -> str:
    """Return the name of a person by number."""
    return f"{_FIRST[person % 8]} {_LAST[person // 8 % 8]} {person}"


def number_of(row: int) -> str:
    """Return the remote number of a row."""
    return f"+1555{row * _SPREAD % NUMBERS:07}"


def seed(rows: int) -> None:
    """Fill the catalogue, however long the database takes."""
    from django.db import connection

    with getattr(connection, "unhurried", nullcontext)():  # of callvault.portal.postgresql
        _seed(rows)


def _seed(rows: int) -> None:
    """Make indexes and tallies afterwards, which is quicker."""
    from django.apps import apps
    from django.db import connection, transaction
    from django.db.models.signals import post_migrate

    from callvault.portal.recordings.models import Interaction, Recording

    people = _people()
    names = [str(field.column) for field in Recording._meta.concrete_fields]
    template = _template(Interaction(interaction_id=uuid4(), began_at=ENDED))
    began_at = Interaction._meta.get_field("began_at").get_db_prep_save(ENDED, connection)
    table, conversations = Recording._meta.db_table, Interaction._meta.db_table
    with connection.schema_editor() as editor:
        for index in Recording._meta.indexes:
            editor.remove_index(Recording, index)
    _without_triggers(table)
    for first in range(1, rows + 1, AT_ONCE):
        some = range(first, min(first + AT_ONCE, rows + 1))
        ids = [_stored(uuid4()) for _ in range(len(some) // 2 + 1)]
        with transaction.atomic():
            _insert(conversations, ["interaction_id", "began_at"], ([one, began_at] for one in ids))
            _insert(table, names, _recordings(template, names, some, (people, ids)))
    with connection.schema_editor() as editor:
        for index in Recording._meta.indexes:
            editor.add_index(Recording, index)
    _notes(rows)
    app = apps.get_app_config("recordings")
    post_migrate.send(app, app_config=app, using="default", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def _without_triggers(table: str) -> None:
    """Take away what is kept by triggers; `post_migrate` makes it anew."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
            )
        else:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
                [table],
            )
        for (name,) in cursor.fetchall():
            of = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER {name}{of}")
        if connection.vendor == "postgresql":
            cursor.execute("DROP INDEX IF EXISTS recordings_recording_trigrams")


def _people() -> list[int]:
    from callvault.portal.people.models import User

    people = [
        User(username=f"p{one}", first_name=name_of(one), extension=str(20_000 + one),
             group=group_of(one), password="!")  # noqa: S106 - none
        for one in range(PEOPLE)
    ]  # fmt: skip
    for person in people:
        person.derive()
    User.objects.bulk_create(people, batch_size=500)
    return list(User.objects.order_by("pk").values_list("pk", flat=True))


def _template(interaction: Any) -> dict[str, Any]:
    """Return the values of a row, as the database takes them."""
    from django.db import connection

    from callvault.portal.recordings.models import Recording

    row = Recording(
        record_number=0, recording_id=uuid4(), interaction=interaction, owner_username="ann",
        started_at=ENDED, ended_at=ENDED, duration_ms=0, peer="192.0.2.14:5060",
        audio_format="mp3", sample_rate_hz=8000, size_bytes=720_000, listed_at=ENDED,
        codecs=["PCMA"], local_number="2014", sip_call_id="a84b4c76e66710@192.0.2.14",
        objects_sealed=[{"kind": "audio", "size_bytes": 720_000, "sha256": "ab" * 32}],
        timeline=[{"kind": "answered", "at_ms": 0}, {"kind": "ended", "at_ms": 180_000}],
    )  # fmt: skip
    return {
        str(field.column): field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in Recording._meta.concrete_fields
    }


def _recordings(
    template: dict[str, Any], names: list[str], numbers: range, ids: tuple[list[int], list[Any]]
) -> Iterator[list[Any]]:
    from django.db import connection

    from callvault.portal.recordings.models import Recording

    fields = {str(field.column): field for field in Recording._meta.concrete_fields}
    is_sqlite = connection.vendor == "sqlite"

    def moment(at: datetime) -> Any:
        return at.strftime("%Y-%m-%d %H:%M:%S") if is_sqlite else at

    people, conversations = ids
    row = dict(template)
    step = SPAN / max(numbers.stop, 5_000_000)
    flagged = {
        flag: fields["flags"].get_db_prep_save([flag] if flag else [], connection)
        for flag in ("", "loss", "one_way")
    }
    for one in numbers:
        mixed = one * _SPREAD % 2**32
        person = mixed % PEOPLE
        owner, remote = name_of(person), f"{_FIRST[mixed // 8 % 8]} {_LAST[mixed // 64 % 8]}"
        began = ENDED - SPAN + one * step
        length_ms = 5_000 + mixed % 900_000
        flag = {0: "loss", 33: "loss", 66: "one_way"}.get(mixed // 7 % 100, "")
        row.update(
            record_number=one, recording_id=_stored(uuid4()),
            interaction_id=conversations[(one - numbers.start) // 2], owner_id=people[person],
            owner_name=owner, owner_extension=str(20_000 + person),
            owner_group=group_of(person), direction=("in", "out", "in", "dial_in")[mixed % 4],
            remote_number=number_of(one), remote_normalised=number_of(one), remote_name=remote,
            names_folded=f"{owner} {remote}".lower(), started_at=moment(began),
            ended_at=moment(began + timedelta(milliseconds=length_ms)), duration_ms=length_ms,
            trunk_name=f"trunk {mixed % 5}", node=f"rec-{mixed % 3}",
            flags=flagged[flag], is_flagged=bool(flag),
            preserved_level=20 if mixed // 11 % 100 == 0 else None,
        )  # fmt: skip
        yield [row[name] for name in names]


def _stored(made: UUID) -> Any:
    """Return an id as the database keeps it."""
    from django.db import connection

    return made.hex if connection.vendor == "sqlite" else made


def _insert(table: str, names: list[str], rows: Iterator[list[Any]]) -> None:
    from django.db import connection

    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(rows))  # noqa: S608 - ours
            return
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            text = io.StringIO()
            for row in rows:
                text.write("\t".join(map(_copied, row)) + "\n")
            copy.write(text.getvalue())


def _copied(value: Any) -> str:
    """Write a value as COPY reads it in text."""
    if value is None:
        return r"\N"
    plain = getattr(value, "obj", value)  # JSON is wrapped
    if isinstance(plain, list | dict):
        import json

        plain = json.dumps(plain)
    return str(plain).replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n")


def _notes(rows: int) -> None:
    from callvault.portal.recordings.models import Note

    def notes() -> Iterator[Note]:
        for one in range(50, rows + 1, 50):
            text = f"complaint {one} was answered in writing, see from minute {one % 9}"
            yield Note(recording_id=one, author_name="Ann", author_level=20, level=20, text=text,
                       folded=text, written_at=ENDED)  # fmt: skip

    some: list[Note] = []
    for note in notes():
        some.append(note)
        if len(some) == AT_ONCE:
            Note.objects.bulk_create(some, batch_size=2000)
            some = []
    Note.objects.bulk_create(some, batch_size=2000)
