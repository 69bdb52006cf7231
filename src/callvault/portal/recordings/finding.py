"""How a search is answered: by which few recordings, or by which walks (see `found`)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Q, QuerySet

from callvault.portal.paging import Order
from callvault.portal.people.models import User

from .filters import Filter
from .folding import folded, number_in
from .found import Few, Found, Many, Walk
from .matching import (
    apply,
    beginnings,
    duration_condition,
    groups_in,
    is_whole,
    names_condition,
    part_of_number,
    start_condition,
)
from .models import Recording
from .permissions import (
    Part,
    numbers_found,
    own_parts_of,
    parts_visible_to,
    recordings_visible_to,
    rows_expected,
)
from .text_search import PARTIES, recordings_noted
from .trigrams import is_indexed

MOST_IN_MEMORY = 5_000
"""Recordings whose keys are read to be sorted; of more, the list is walked."""
TOO_COMMON = 20_000
"""PostgreSQL collects all rows with a word before it gives one; beyond this it is not asked."""

NEWEST_FIRST = Order("started_at", "record_number", descending=True)
GLANCED_AT = 2_000
FILTERS_LOOKED_UP = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which recordings."""

    reader: User
    wanted: Filter
    own_only: bool = False

    @property
    def rows(self) -> QuerySet[Recording]:
        """What the reader may see of it, for rows that something else finds."""
        return recordings_visible_to(self.reader).filter(self._own)

    @property
    def matching(self) -> QuerySet[Recording]:
        """The rows that match, for rows that something else finds."""
        return apply(self.rows, self.wanted)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the reader may see of it, in parts."""
        return own_parts_of(self.reader) if self.own_only else parts_visible_to(self.reader)

    @property
    def _own(self) -> Q:
        return Q(owner=self.reader) if self.own_only else Q()


def find(asked: Asked, order: Order) -> Found:
    """Return what a search finds, by the way that costs least."""
    walks = tuple(_walks(asked, order))
    few = None if all(walk.is_whole for walk in walks) else _few(asked, order)
    return few or Many(walks, order)


def most_hiding(asked: Asked) -> str:
    """Return the filter whose removal shows most; for the empty state. Empty: none helps alone."""
    found = {
        name: _glance(replace(asked, wanted=asked.wanted.without(name)))
        for name in asked.wanted.active
    }
    best = max(found, key=lambda name: found[name], default="")
    return best if best and found[best] else ""


def _glance(asked: Asked) -> int:
    """Count what a search finds at a glance: of many filters, among the newest only."""
    if len(asked.wanted.active) < FILTERS_LOOKED_UP:
        found = find(asked, NEWEST_FIRST)
    else:
        found = Many(tuple(_walks(asked, NEWEST_FIRST)), NEWEST_FIRST)
    if isinstance(found, Many):
        found = replace(found, most_counted=GLANCED_AT)
    return found.counted().number


def _few(asked: Asked, order: Order) -> Few | None:
    for numbers in _sources(asked.wanted, asked.parts):
        if numbers is not None:
            rows = apply(asked.rows, asked.wanted, found_by=["record_number"])
            return Few.of(rows.filter(record_number__in=numbers), order)
    return None


def _sources(wanted: Filter, parts: tuple[Part, ...]) -> Iterator[Iterable[int] | None]:
    """Yield the record numbers that one filter leaves; None where they are too many."""
    start = start_condition(wanted)
    if wanted.text.split():
        yield _with_text(wanted.text)
    if wanted.note.split():
        yield _with_note(wanted.note)
    if wanted.owner:
        yield _numbered(Q(owner__public_id=wanted.owner) & start)
    if wanted.preserved == "yes":
        yield _numbered(Q(preserved_level__isnull=False) & start)
    if wanted.remark:
        yield _numbered(Q(is_flagged=True) & start)
    length = duration_condition(wanted)
    if length:
        yield _numbered(length)
    yield _of_parts(wanted, parts, start)


def _numbered(condition: Q) -> list[int] | None:
    return numbers_found(condition, most=MOST_IN_MEMORY)


def _of_parts(wanted: Filter, parts: tuple[Part, ...], start: Q) -> set[int] | None:
    found: set[int] = set()
    for part in _chosen(parts, groups_in(wanted)):
        rows = part.rows.filter(start).order_by().values_list("record_number", flat=True)
        if rows[MOST_IN_MEMORY : MOST_IN_MEMORY + 1]:
            return None
        found.update(rows[:MOST_IN_MEMORY])
        if len(found) > MOST_IN_MEMORY:
            return None
    return found


def _with_text(text: str) -> set[int] | None:
    """Return where a text may stand: in numbers, names and notes; None: too many, or too short."""
    number, words = number_in(text), folded(text).split()
    wholly = bool(number) and is_whole(number)
    if number:
        ways = [_numbered(beginnings(number)) if beginnings(number) else []]
        part = part_of_number(number)
        ways += [] if wholly else [_with_letters(part, {number: part})]
    else:
        ways = [
            _with_letters(names_condition(text), {word: names_condition(word) for word in words})
        ]
    found: set[int] = set()
    for way in (*ways, _with_note(text)):
        if way is None:
            return None
        found.update(way)
    return found if len(found) <= MOST_IN_MEMORY else None


def _with_letters(condition: Q, words: dict[str, Q]) -> list[int] | None:
    """Return where words may stand, by the index of three letters."""
    long_enough = {word: alone for word, alone in words.items() if is_indexed(word)}
    if not long_enough:
        return None
    if connection.vendor == "sqlite":
        numbers = PARTIES.keys_with(long_enough, MOST_IN_MEMORY + 1)
        return numbers if len(numbers) <= MOST_IN_MEMORY else None
    return None if all(map(_is_common, long_enough.values())) else _numbered(condition)


def _is_common(condition: Q) -> bool:
    """Whether the planner thinks that many rows hold a text."""
    plan = json.loads(rows_expected(condition))
    return bool(plan[0]["Plan"]["Plan Rows"] > TOO_COMMON)


def _with_note(text: str) -> list[int] | None:
    if not any(map(is_indexed, folded(text).split())):
        return None
    found = recordings_noted(text, MOST_IN_MEMORY + 1)
    return found if len(found) <= MOST_IN_MEMORY else None


def _walks(asked: Asked, order: Order) -> Iterator[Walk]:
    wanted = asked.wanted
    along = start_condition(wanted) if order.column == "started_at" else Q()
    if order.column == "duration_ms":
        along = duration_condition(wanted)
    if wanted.owner:
        along &= Q(owner__public_id=wanted.owner)
    if wanted.preserved == "yes":
        along &= Q(preserved_level__isnull=False)
    if wanted.remark:
        along &= Q(is_flagged=True)
    for part in _chosen(asked.parts, groups_in(wanted)):
        rest = replace(wanted, groups=()) if part.group is not None else wanted
        yield Walk(
            along=part.rows.filter(along),
            matching=apply(part.rows, rest, found_by=["owner_group", order.column]),
            order=order,
            is_whole=_is_walked_whole(rest, order),
        )


def _is_walked_whole(wanted: Filter, order: Order) -> bool:
    """Whether all that a walk goes along matches."""
    held = {"start"} if order.column == "started_at" else {"duration"}
    held |= {"owner"} | ({"preserved"} if wanted.preserved == "yes" else set())
    held |= {"remark"} if wanted.remark == "any" else set()
    return not {*wanted.active} - held


def _chosen(parts: tuple[Part, ...], groups: tuple[str, ...]) -> Iterator[Part]:
    """Yield the parts that hold the groups asked for, each such group a part of its own."""
    for part in parts:
        if not groups or part.group in groups:
            yield part
        elif part.group is None:
            for name in groups:
                yield Part(part.rows.filter(owner_group=name), name)
