"""What the page of a recording shows of its interaction: other parts, who took part, and when.

All of it is made of what the gate lets this reader see; of hidden parts nothing is shown, not even
that there are any. Positions in the drawing are in thousandths of its width; long times in which
nothing was recorded are drawn short.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from callvault.policy.numbering_plan import PlanReader
from callvault.portal.people.models import User

from . import interactions, phrases
from .folding import normal_form
from .models import Recording
from .page import TimelineEntry
from .permissions import recordings_visible_to
from .remote import remote_of

MOST_PARTS = 20  # that are shown at a time, around the one that is looked at
MOST_LINKED = 2 * interactions.MOST_PARTS  # twice, since two workers may link at a time
MOST_LANES = 12
MOST_EVENTS = 200
WIDTH = 1000
GAP = 30  # a time in which nothing was recorded, at most


@dataclass(frozen=True, slots=True)
class Part:
    """One recording of the interaction."""

    number: int  # from 1, by time, of all that the reader may see
    url: str
    started_at: datetime
    duration_ms: int
    direction: str
    owner_name: str
    owner_extension: str
    remote: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the drawing."""

    x: int
    width: int
    kind: Literal["there", "hold", "pause", "part", "current"]
    told: str  # the same in words: "0:00 to 6:12"


@dataclass(frozen=True, slots=True)
class Lane:
    """When one person took part."""

    label: str
    role: Literal["owner", "remote"]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class PartEvent:
    """A line of the timeline across all parts."""

    at: datetime
    part: Part
    url: str  # plays that part from there
    entry: TimelineEntry


@dataclass(frozen=True, slots=True)
class InteractionView:
    """The interaction as this reader sees it."""

    parts: tuple[Part, ...]
    count: int  # of all parts, also of those that are not shown
    current: Part
    lanes: tuple[Lane, ...]
    more_people: int  # who took part beyond the lanes
    bars: tuple[Span, ...]  # the parts, and what was held or paused of them
    events: tuple[PartEvent, ...]

    @property
    def has_several(self) -> bool:
        """Whether there is more than the recording itself."""
        return len(self.parts) > 1

    @property
    def first(self) -> Part:
        """The first part that is shown."""
        return self.parts[0]

    @property
    def last(self) -> Part:
        """The last part that is shown."""
        return self.parts[-1]

    @property
    def previous(self) -> Part | None:
        """The part before this one."""
        place = self.parts.index(self.current)
        return self.parts[place - 1] if place else None

    @property
    def next(self) -> Part | None:
        """The part after this one."""
        after = self.parts.index(self.current) + 1
        return self.parts[after] if after < len(self.parts) else None


def interaction_view(
    user: User, recording: Recording, reader: PlanReader
) -> InteractionView | None:
    """Return what there is to see; None where one recording of two people says all."""
    rows = recordings_visible_to(user).filter(interaction_id=recording.interaction_id)
    found, first, count = _shown(rows.order_by("started_at", "record_number"), recording)
    parts = tuple(_part(n, row, recording, reader) for n, row in enumerate(found, first + 1))
    scale = _Scale([(row.started_at, row.ended_at) for row in found])
    lanes = tuple(_lanes(found, scale))
    drawn = _drawn(lanes)
    view = InteractionView(
        parts=parts,
        count=count,
        current=next(one for one in parts if one.is_current),
        lanes=drawn,
        more_people=len(lanes) - len(drawn),
        bars=tuple(_bars(parts, found, scale)),
        events=tuple(_events(parts, found))[:MOST_EVENTS],
    )
    return view if view.has_several or _someone_came_or_went(recording) else None


def _shown(in_order: QuerySet[Recording], recording: Recording) -> tuple[list[Recording], int, int]:
    """Return the parts to show, how many come before them, and how many there are in all."""
    found = list(in_order[: MOST_PARTS + 1])
    if len(found) <= MOST_PARTS:
        return found, 0, len(found)
    keys = list(in_order.values_list("pk", flat=True)[:MOST_LINKED])
    around = keys.index(recording.pk) - MOST_PARTS // 2
    first = max(min(around, len(keys) - MOST_PARTS), 0)
    return list(in_order[first : first + MOST_PARTS]), first, len(keys)


def parts_told(user: User, recordings: Sequence[Recording]) -> dict[int, str]:
    """Return "Part 2 of 3" for rows of a list, by record number; of those this reader may see."""
    wanted = {row.interaction_id for row in recordings}
    rows = recordings_visible_to(user).filter(interaction_id__in=wanted)
    of_each: dict[UUID, list[int]] = defaultdict(list)
    for interaction_id, number in rows.order_by("started_at", "record_number").values_list(
        "interaction_id", "record_number"
    )[: MOST_LINKED * max(len(wanted), 1)]:
        of_each[interaction_id].append(number)
    return {
        number: _("Part %(number)s of %(count)s") % {"number": place, "count": len(numbers)}
        for numbers in of_each.values()
        if len(numbers) > 1
        for place, number in enumerate(numbers, 1)
    }


def _part(number: int, row: Recording, current: Recording, reader: PlanReader) -> Part:
    return Part(
        number=number,
        url=reverse("recordings:recording", args=[row.recording_id]),
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        direction=row.direction,
        owner_name=row.owner_name,
        owner_extension=row.owner_extension,
        remote=remote_of(row, reader).label,
        is_current=row.pk == current.pk,
    )


class _Scale:
    """Maps moments to places in the drawing."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime]]) -> None:
        self._stretches = list(_joined(sorted(spans)))  # when anything was recorded
        active_s = sum((end - start).total_seconds() for start, end in self._stretches)
        self._gap = min(GAP, WIDTH // (2 * len(self._stretches)))
        drawn = WIDTH - self._gap * (len(self._stretches) - 1)
        self._per_second = drawn / max(active_s, 0.001)

    def x(self, at: datetime) -> int:
        """Return the place of a moment."""
        place = 0.0
        for number, (start, end) in enumerate(self._stretches):
            inside = min(max((at - start).total_seconds(), 0.0), (end - start).total_seconds())
            place += inside * self._per_second
            if at <= end or number == len(self._stretches) - 1:
                break
            place += self._gap
        return round(min(place, WIDTH))

    def span(self, start: datetime, end: datetime, kind: Any, told: str) -> Span:
        """Return a stretch, wide enough to be seen."""
        x = min(self.x(start), WIDTH - 2)
        return Span(x, max(self.x(end) - x, 2), kind, told)


def _joined(spans: list[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Join spans that overlap or touch."""
    start, end = spans[0]
    for begin, until in spans[1:]:
        if begin > end:
            yield start, end
            start, end = begin, until
        end = max(end, until)
    yield start, end


def _people(row: Recording) -> list[dict[str, Any]]:
    """Return who took part; for rows of before it was known, both parties all the time."""
    if row.participants:
        return list(row.participants)
    span = {"from_ms": 0, "until_ms": row.duration_ms}
    owner = {"name": row.owner_name, "number": row.owner_extension, "is_owner": True}
    remote = {"name": row.remote_name, "number": row.remote_number, "is_owner": False}
    return [owner | span, remote | span]


def _lanes(rows: Sequence[Recording], scale: _Scale) -> Iterator[Lane]:
    """Yield a lane for each person, in order of arrival; who owns a part is an owner."""
    spans: dict[str, list[Span]] = {}
    labels: dict[str, str] = {}
    owners: set[str] = set()
    for row in rows:
        for one in _people(row):
            name = row.owner_name if one["is_owner"] else one["name"]
            key = normal_form(one["number"]) or name
            labels[key] = labels.get(key) or name
            owners |= {key} if one["is_owner"] else set()
            start = row.started_at + timedelta(milliseconds=one["from_ms"])
            end = row.started_at + timedelta(milliseconds=one["until_ms"])
            told = phrases.from_to(one["from_ms"], one["until_ms"])
            spans.setdefault(key, []).append(scale.span(start, end, "there", told))
    for key, drawn in spans.items():
        label = labels[key] or phrases.number_shown(key)
        yield Lane(label, "owner" if key in owners else "remote", tuple(dict.fromkeys(drawn)))


def _drawn(lanes: tuple[Lane, ...]) -> tuple[Lane, ...]:
    """Return the lanes that there is room for: owners first, else in order of arrival."""
    by_weight = sorted(range(len(lanes)), key=lambda place: (lanes[place].role != "owner", place))
    chosen = set(by_weight[:MOST_LANES])
    return tuple(lane for place, lane in enumerate(lanes) if place in chosen)


def _bars(parts: Sequence[Part], rows: Sequence[Recording], scale: _Scale) -> Iterator[Span]:
    kinds: dict[str, str] = {"held": "hold", "paused": "pause"}
    for part, row in zip(parts, rows, strict=True):
        told = phrases.from_to(0, row.duration_ms)
        kind = "current" if part.is_current else "part"
        yield scale.span(row.started_at, row.ended_at, kind, told)
        for item in row.timeline:
            if item["kind"] in kinds and item.get("length_ms"):
                start = row.started_at + timedelta(milliseconds=item["offset_ms"])
                end = start + timedelta(milliseconds=item["length_ms"])
                told = phrases.region_label(kinds[item["kind"]], item["length_ms"])
                yield scale.span(start, end, kinds[item["kind"]], told)


def _events(parts: Sequence[Part], rows: Sequence[Recording]) -> list[PartEvent]:
    events = [
        PartEvent(
            at=row.started_at + timedelta(milliseconds=item["offset_ms"]),
            part=part,
            url=f"{part.url}?t={item['offset_ms'] // 1000}",
            entry=phrases.timeline_entry(item),
        )
        for part, row in zip(parts, rows, strict=True)
        for item in row.timeline
    ]
    return sorted(events, key=lambda one: (one.at, one.part.number))


def _someone_came_or_went(row: Recording) -> bool:
    people = _people(row)
    return len(people) > 2 or any(
        one["from_ms"] > 0 or one["until_ms"] < row.duration_ms for one in people
    )
