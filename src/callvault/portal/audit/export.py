"""The log to take away: as JSON lines that prove themselves, and as CSV for a spreadsheet.

Both are streamed, in the order of the chain, and bounded in memory. In JSON lines every entry is
tied to a signed statement: what stands between it and the statement and was not asked for is
there as a digest alone. docs/formats/audit-chain.md describes the lines.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import StringIO
from itertools import chain as joined
from itertools import islice
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from callvault.portal.people.models import User
from callvault.vault import canonical

from . import lease
from .anchor import as_document
from .linking import content_of, start_of, statement_of
from .listing import with_text
from .models import AuditEntry, ChainLink, ChainStatement
from .objects import Named, name_of, names_of
from .sentences import actor_of, plain_sentence

FORMAT = "callvault-audit-export-1"
BATCH = 500
NOT_SIGNED = 2**63  # no statement is ahead yet
CSV_HEAD = (
    *("Time", "Person", "User name", "Address", "Action", "In words", "About", "Id", "Details"),
    *("Place in the chain", "Digest of the entry", "Digest of the place"),
)

Document = dict[str, object]


class Selection:
    """What is exported: the entries asked for, as they were when the export began."""

    def __init__(self, rows: QuerySet[AuditEntry], text: str, *, is_all: bool) -> None:
        last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
        rows = rows.filter(pk__lte=last or 0)
        self.rows = with_text(rows, text) if text else rows
        self.is_all = is_all

    def chained(self) -> Iterator[AuditEntry]:
        """Yield entries that have a place, in the order of the chain, with their link."""
        rows = self.rows.select_related("link").order_by("link__sequence")
        place = 0
        while page := list(rows.filter(link__sequence__gt=place)[:BATCH]):
            yield from page
            place = page[-1].link.sequence

    def waiting(self) -> Iterator[AuditEntry]:
        """Yield entries that have no place yet."""
        yield from self.rows.filter(link__isnull=True).order_by("pk")[:BATCH]


def json_lines(selection: Selection, *, asked: dict[str, str], at: datetime) -> Iterator[bytes]:
    """Yield the lines of an export."""
    for document in _documents(selection, asked, at):
        yield json.dumps(document, ensure_ascii=False).encode() + b"\n"


def _documents(selection: Selection, asked: dict[str, str], at: datetime) -> Iterator[Document]:
    state = lease.state()
    yield {
        "format": FORMAT,
        "chain": str(state.chain),
        "exported_at": at.isoformat(timespec="seconds"),
        "complete": selection.is_all,
        "filter": asked,
    }
    count = 0
    if selection.is_all:
        yield from _statements_at(start_of(state)[0])
    stretch = Stretch(start_of(state))
    for entry in selection.chained():
        yield from stretch.add(entry)
        count += 1
    yield from stretch.finish()
    for entry in selection.waiting():
        yield {"sequence": None, "entry": content_of(entry)}
        count += 1
    yield {"end": {"entries": count, "last_sequence": stretch.place}}


class Stretch:
    """Writes entries with what ties them to the next signed statement."""

    def __init__(self, start: tuple[int, bytes]) -> None:
        self._start = start
        self.place = 0  # last place written
        self._head = 0  # place of the statement that covers it

    def add(self, entry: AuditEntry) -> Iterator[Document]:
        """Write an entry, after what leads to it."""
        link = entry.link
        goes_on = link.sequence == self.place + 1 and self.place > 0
        if self.place < link.sequence <= self._head != NOT_SIGNED:
            goes_on = True
            yield from self._skipped(link.sequence - 1)
        elif not goes_on:
            yield from self.finish()
        line: Document = {
            "sequence": link.sequence,
            "content": bytes(link.content).hex(),
            "digest": bytes(link.digest).hex(),
            "entry": content_of(entry),
        }
        if not goes_on:
            line["previous"] = self._digest_before(link.sequence).hex()
        yield line
        yield from self._reached(link.sequence)

    def finish(self) -> Iterator[Document]:
        """Lead from the last entry to the statement that covers it, if there is one yet."""
        if self.place < self._head != NOT_SIGNED:
            yield from self._skipped(self._head)

    def _reached(self, place: int) -> Iterator[Document]:
        self.place = place
        if place > self._head:
            ahead = ChainStatement.objects.filter(sequence__gte=place).order_by("sequence")
            self._head = ahead.values_list("sequence", flat=True).first() or NOT_SIGNED
        if place == self._head:
            yield from _statements_at(place)

    def _skipped(self, last: int) -> Iterator[Document]:
        between = ChainLink.objects.filter(sequence__gt=self.place, sequence__lte=last)
        for link in between.order_by("sequence"):
            yield {"sequence": link.sequence, "content": bytes(link.content).hex()}
            yield from self._reached(link.sequence)

    def _digest_before(self, place: int) -> bytes:
        before = ChainLink.objects.filter(sequence=place - 1).first()
        return bytes(before.digest) if before is not None else self._start[1]


def _statements_at(place: int) -> Iterator[Document]:
    for row in ChainStatement.objects.filter(sequence=place).order_by("id"):
        yield {"statement": as_document(statement_of(row))}


def csv_rows(selection: Selection, *, reader: User, zone: ZoneInfo) -> Iterator[str]:
    """Yield the rows of a spreadsheet, times in the system's zone with their offset."""
    yield _csv_line(CSV_HEAD)
    for page in _pages(joined(selection.chained(), selection.waiting())):
        names = names_of(page, reader)
        ids = {entry.actor_id for entry in page if entry.actor_id is not None}
        people = User.objects.in_bulk(list(ids))
        for entry in page:
            yield _csv_line(_csv_values(entry, people, name_of(entry, names), zone))


def _csv_values(
    entry: AuditEntry, people: dict[int, User], about: Named, zone: ZoneInfo
) -> list[object]:
    actor = actor_of(entry, people)
    link = getattr(entry, "link", None)
    return [
        entry.at.astimezone(zone).isoformat(timespec="milliseconds"),
        actor.text,
        entry.actor_name,
        entry.address or "",
        entry.action,
        plain_sentence(entry, actor, about),
        about.text if entry.object_kind else "",
        entry.object_id,
        canonical(entry.detail).decode() if entry.detail else "",
        link.sequence if link is not None else "",
        bytes(link.content).hex() if link is not None else "",
        bytes(link.digest).hex() if link is not None else "",
    ]


def _pages(entries: Iterable[AuditEntry]) -> Iterator[list[AuditEntry]]:
    rest = iter(entries)
    while page := list(islice(rest, BATCH)):
        yield page


def _csv_line(values: Iterable[object]) -> str:
    line = StringIO()
    csv.writer(line).writerow([harmless(value) for value in values])
    return line.getvalue()


def harmless(value: object) -> object:
    """Keep a spreadsheet from taking a text for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
