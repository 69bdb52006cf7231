"""What a search means for rows: conditions, each as the database is asked for it.

They say which rows match, and nothing of the way there: see `found`.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from callvault.policy.writings import writings
from callvault.portal.configuration.plan_reading import plan_reader

from .filters import NO_GROUP, Filter
from .folding import folded, normal_form, number_in
from .models import Note, Recording
from .permissions import Unindexed

_INDEXED = ("started_at", "duration_ms", "remote_normalised", "owner_group")
WHOLE_NUMBER_DIGITS = 6  # from here on a number is looked up by its beginning, through its index


def apply(
    rows: QuerySet[Recording], wanted: Filter, *, found_by: Iterable[str] = ()
) -> QuerySet[Recording]:
    """Restrict rows that the reader may see to the search. Days are days in the current zone.

    `found_by`: the columns of the index by which rows are found; SQLite takes no other.
    """
    columns = {name: name for name in _INDEXED}
    if found_by:
        columns |= {name: f"plain_{name}" for name in _INDEXED if name not in {*found_by}}
        plain = {told: Unindexed(F(name)) for name, told in columns.items() if told != name}
        rows = rows.alias(**plain)
    conditions = [
        text_condition(wanted.text, columns["remote_normalised"]),
        start_condition(wanted, columns["started_at"]),
        _choice_condition("direction", wanted.directions),
        _choice_condition(columns["owner_group"], groups_in(wanted)),
        Q(owner__public_id=wanted.owner) if wanted.owner else Q(),
        duration_condition(wanted, columns["duration_ms"]),
        _noted(wanted.note),
        Q(preserved_level__isnull=wanted.preserved == "no") if wanted.preserved else Q(),
        Q(is_flagged=True) if wanted.remark else Q(),
        Q(trunk_name=wanted.trunk) if wanted.trunk else Q(),
    ]
    if wanted.remark not in ("", "any"):
        rows = rows.alias(flags_text=Cast("flags", TextField()))
        conditions.append(Q(flags_text__contains=f'"{wanted.remark}"'))
    for condition in conditions:
        if condition:
            rows = rows.filter(condition)
    return rows


def groups_in(wanted: Filter) -> tuple[str, ...]:
    """Return the groups asked for, as rows have them."""
    return tuple("" if group == NO_GROUP else group for group in wanted.groups)


def start_condition(wanted: Filter, column: str = "started_at") -> Q:
    """When they started."""
    begin, end = wanted.span(timezone.get_current_timezone())
    condition = Q(**{f"{column}__gte": begin}) if begin is not None else Q()
    return condition & Q(**{f"{column}__lt": end}) if end is not None else condition


def duration_condition(wanted: Filter, column: str = "duration_ms") -> Q:
    """Longer and shorter include the second named: durations are shown cut to seconds."""
    condition = Q()
    if wanted.over_s is not None:
        condition &= Q(**{f"{column}__gte": wanted.over_s * 1000})
    if wanted.under_s is not None:
        condition &= Q(**{f"{column}__lt": wanted.under_s * 1000 + 1000})
    return condition


def text_condition(text: str, column: str = "remote_normalised") -> Q:
    """Return where a text may stand: it is a number or a name, or it stands in a note."""
    number = number_in(text)
    if number:
        return beginnings(number, column) | part_of_number(number) | _noted(text)
    condition = names_condition(text)
    return condition | _noted(text) if condition else condition


def names_condition(text: str) -> Q:
    """Each word stands in one of the names."""
    condition = Q()
    for word in folded(text).split():
        condition &= Q(names_folded__contains=word)
    return condition


def beginnings(number: str, column: str = "remote_normalised") -> Q:
    """Look for a number however it was dialled, through its index.

    As typed, and in each writing of the plan; short ones are found by a part only.
    """
    condition = Q()
    kept = {normal_form(one) for one in writings(plan_reader(), number)}  # as rows have it
    for text in sorted(kept | {number}):
        if len(text) > WHOLE_NUMBER_DIGITS:
            condition |= _begins_with(text, column)
    if number.startswith("00") and not is_whole(number):
        condition |= _begins_with(f"+{number[2:]}", column)  # of a number that is kept with a plus
    return condition


def is_whole(number: str) -> bool:
    """Whether a number is looked for by its beginning only: an international one, and long."""
    return number.startswith("+") and len(number) > WHOLE_NUMBER_DIGITS


def part_of_number(number: str) -> Q:
    """Look for digits anywhere in a number, and at the beginning of an extension."""
    if is_whole(number):
        return Q()
    return Q(remote_normalised__contains=number) | Q(owner_extension__startswith=number)


def _choice_condition(column: str, values: tuple[str, ...]) -> Q:
    return Q(**{f"{column}__in": values}) if values else Q()


def _noted(text: str) -> Q:
    """Return that a note has all words: asked of each row that is looked at.

    As a range and not as an equation, since of that PostgreSQL makes a hash of all notes first.
    """
    number = OuterRef("pk")
    notes = Note.objects.order_by().filter(recording__gte=number, recording__lte=number)
    words = folded(text).split()
    for word in words:
        notes = notes.filter(folded__contains=word)
    return Q(Exists(notes)) if words else Q()


def _begins_with(number: str, column: str) -> Q:
    if connection.vendor == "sqlite":  # its LIKE walks; ":" comes next after the digits
        return Q(**{f"{column}__gte": number, f"{column}__lt": number + ":"})
    return Q(**{f"{column}__startswith": number})
