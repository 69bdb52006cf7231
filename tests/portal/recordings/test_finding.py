"""Finding by either way, few or walked: the same recordings as by the conditions alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from uuid import UUID

import pytest

from callvault.policy.decision import Direction, Party
from callvault.portal.paging import Count, Order
from callvault.portal.people.models import User
from callvault.portal.recordings import finding, found
from callvault.portal.recordings.filters import Filter
from callvault.portal.recordings.finding import Asked, find, most_hiding
from callvault.portal.recordings.found import Few, Many
from callvault.portal.recordings.models import Note, Recording
from callvault.portal.recordings.pages import Pages
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NEWEST = Order("started_at", "record_number", descending=True)
ORDERS = [
    Order(column, "record_number", descending=descending)
    for column in ("started_at", "duration_ms")
    for descending in (True, False)
]
SEARCHES = {
    "nothing": Filter(),
    "a number": Filter(text="+390212340"),
    "a part of it": Filter(text="1234"),
    "two digits": Filter(text="12"),
    "an extension": Filter(text="2014"),
    "a name": Filter(text="vega"),
    "two words": Filter(text="to vega"),
    "a percent sign": Filter(text="100%"),
    "nobody": Filter(text="zzyzx"),
    "a text of a note": Filter(text="invoice"),
    "a note": Filter(note="invoice late"),
    "days": Filter(first_day=START.date(), last_day=START.date()),
    "moments": Filter(since=START + timedelta(hours=1), until=START + timedelta(hours=30)),
    "a group": Filter(groups=("claims",)),
    "groups": Filter(groups=("claims", "depot", "-")),
    "a direction": Filter(directions=("out",)),
    "lengths": Filter(over_s=62, under_s=65),
    "a length that none has": Filter(over_s=3600),
    "preserved": Filter(preserved="yes"),
    "not preserved": Filter(preserved="no"),
    "a remark": Filter(remark="any"),
    "one remark": Filter(remark="loss"),
    "a trunk": Filter(trunk="nowhere"),
    "all at once": Filter(
        text="1234", first_day=START.date(), directions=("in",), groups=("sales", "claims"),
        over_s=60, under_s=66, preserved="no",
    ),
}  # fmt: skip


@pytest.fixture
def everything(ann: User, sam: User, otto: User) -> list[Recording]:
    """Sixty recordings of three people in four groups, some at the same moment."""
    made = []
    for number in range(60):
        owner = (ann, sam, otto)[number % 3]
        row = list_recording(
            owner,
            Spoken(
                Party(f"+39021234{number:03}", ("Tomás Vega", "100% Ferri", "")[number % 3]),
                (Direction.IN, Direction.OUT)[number // 2 % 2],
                group=("sales", "claims", "depot", "")[number // 3 % 4],
                started_at=START + timedelta(hours=number // 2),
                duration_ms=60_000 + number * 1000 % 7000,
            ),
        )
        row.preserved_level = 20 if number % 5 == 0 else None
        row.is_flagged, row.flags = number % 4 == 0, ["loss"] if number % 4 == 0 else []
        row.save()
        made.append(row)
    text = "Invoice came late"
    Note.objects.bulk_create(
        Note(
            recording=row,
            author_level=20,
            level=20,
            text=text,
            folded=text.lower(),
            written_at=START,
        )
        for row in made[::9]
    )
    return made


@pytest.fixture(params=["few", "walked"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way is taken for every search, the walk in short steps."""
    monkeypatch.setattr(found, "FIRST_STEP", 3)
    monkeypatch.setattr(found, "GROWTH", 2)
    if request.param == "walked":
        monkeypatch.setattr(finding, "_few", lambda asked, order: None)
    return str(request.param)


def expected(asked: Asked, order: Order) -> list[int]:
    return list(asked.matching.order_by(*order.columns).values_list("pk", flat=True))


def turned(pages: Pages, size: int = 7) -> Iterator[list[int]]:
    """Turn to the end by Older, and see that Newer leads back."""
    after: UUID | None = None
    while True:
        page = pages.page(size=size, after=after)
        yield [row.pk for row in page.rows]
        if page.older is None:
            return
        after = page.older


@pytest.mark.parametrize("who", ["rita", "sam"])
def test_every_search_finds_what_its_conditions_say(
    who: str, way: str, everything: list[Recording], rita: User
) -> None:
    user = User.objects.get(username=who)
    for (told, searched), order in zip(SEARCHES.items(), cycle(ORDERS), strict=False):
        asked = Asked(user, searched)
        pages, wanted = Pages(asked, order), expected(asked, order)
        assert [pk for page in turned(pages, 25) for pk in page] == wanted, (told, order)
        assert pages.count() == Count(len(wanted)), (told, order)


@pytest.mark.parametrize("order", ORDERS[1:3])
def test_newer_leads_back_and_neighbours_stand_beside(
    order: Order, way: str, everything: list[Recording], sam: User
) -> None:
    asked = Asked(sam, Filter(directions=("in",)))
    pages = Pages(asked, order)
    first = pages.page(size=7)
    second = pages.page(size=7, after=first.older)
    back = pages.page(size=7, before=second.newer)
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert back.newer is None
    for place, (one, other) in list(enumerate(pairwise(expected(asked, order))))[::3]:
        beside = pages.beside(Recording.objects.get(pk=one))
        assert beside is not None
        assert beside.next == Recording.objects.get(pk=other).recording_id
        assert beside.before == Count(place)


def test_own_recordings_only(everything: list[Recording], sam: User, way: str) -> None:
    asked = Asked(sam, Filter(text="vega"), own_only=True)
    assert [pk for page in turned(Pages(asked, NEWEST)) for pk in page] == expected(asked, NEWEST)
    assert Pages(asked, NEWEST).beside(everything[0]) is None  # Ann's


def test_a_walk_ends_and_goes_on_from_there(everything: list[Recording], rita: User) -> None:
    """Two in sixty, of ten that are looked at: most pages are empty, and all are found."""
    asked = Asked(rita, Filter(remark="loss", text="12"))
    walks = tuple(finding._walks(replace(asked, wanted=Filter(over_s=66)), NEWEST))
    many = Many(walks, NEWEST, most=10, most_counted=10)
    stretch, steps = many.past(None, 20, forward=True), 1
    keys = stretch.keys
    while stretch.edge is not None:
        stretch, steps = many.past(stretch.edge, 20, forward=True), steps + 1
        keys += stretch.keys
    wanted = [row.pk for row in reversed(everything) if row.duration_ms >= 66_000]
    assert [pk for _started, pk in keys] == wanted
    assert steps > 5
    counted = many.counted()
    assert counted.at_least
    assert counted.number < len(wanted)


def test_an_unfinished_page_says_where_it_stands(
    everything: list[Recording], sam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "MOST_LOOKED_AT", 6)
    monkeypatch.setattr(finding, "_few", lambda asked, order: None)
    asked = Asked(sam, Filter(text="Invoice"))
    walk = find(asked, NEWEST)
    assert isinstance(walk, Many)
    monkeypatch.setattr("callvault.portal.recordings.pages.find", lambda *_: replace(walk, most=6))
    pages = Pages(asked, NEWEST)
    first = pages.page(size=50)
    assert first.is_short
    assert isinstance(first.reached, datetime)
    assert first.older is not None
    found_at_last = [pk for page in turned(pages, 50) for pk in page]
    assert found_at_last == expected(asked, NEWEST)


def test_what_few_rows_have_is_found_in_memory(everything: list[Recording], sam: User) -> None:
    for wanted in (SEARCHES["a name"], SEARCHES["a note"], SEARCHES["lengths"]):
        assert isinstance(find(Asked(sam, wanted), NEWEST), Few)
    assert isinstance(find(Asked(sam, Filter(groups=("sales",))), NEWEST), Many)


def test_the_filter_that_hides_most_is_named(everything: list[Recording], sam: User) -> None:
    assert most_hiding(Asked(sam, Filter(text="zzyzx", directions=("in",)))) == "text"
    assert most_hiding(Asked(sam, Filter(text="zzyzx", note="zzyzx"))) == ""
