"""Keyset paging: no row twice, none lost, both ways."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from callvault.portal.decisions.models import Call
from callvault.portal.paging import (
    CAP,
    Count,
    Order,
    Page,
    counted,
    neighbours_of,
    page_of,
    rows_before,
)
from tests.portal.catalogue_facts import STARTED

pytestmark = pytest.mark.django_db

NEWEST_FIRST = Order("at", "id", descending=True)
SHORTEST_FIRST = Order("duration_ms", "id", descending=False)


@pytest.fixture
def calls() -> QuerySet[Call]:
    """Twenty-three calls, several of them at the same moment and equally long."""
    for number in range(23):
        Call.objects.create(
            event_id=uuid4(),
            at=STARTED + timedelta(seconds=number // 4),
            verdict="recorded",
            node="rec-1",
            peer="192.0.2.14:5060",
            duration_ms=number % 5,
            decision={},
        )
    return Call.objects.all()


def turn(rows: QuerySet[Call], order: Order, **cursor: UUID | None) -> Page[Call]:
    return page_of(rows, order, id_field="event_id", size=5, **cursor)


@pytest.mark.parametrize("order", [NEWEST_FIRST, SHORTEST_FIRST])
def test_older_leads_through_every_row_once_and_newer_leads_back(
    calls: QuerySet[Call], order: Order
) -> None:
    forward = [turn(calls, order)]
    while forward[-1].older:
        forward.append(turn(calls, order, after=forward[-1].older))
    walked = [row.pk for page in forward for row in page.rows]
    assert walked == list(calls.order_by(*order.columns).values_list("pk", flat=True))
    assert [len(page.rows) for page in forward] == [5, 5, 5, 5, 3]
    back = turn(calls, order, before=forward[-1].newer)
    assert [row.pk for row in back.rows] == [row.pk for row in forward[-2].rows]


def test_the_ends_have_no_way_on(calls: QuerySet[Call]) -> None:
    first = turn(calls, NEWEST_FIRST)
    assert first.newer is None
    second = turn(calls, NEWEST_FIRST, after=first.older)
    again = turn(calls, NEWEST_FIRST, before=second.newer)
    assert again.newer is None
    assert [row.pk for row in again.rows] == [row.pk for row in first.rows]


def test_a_page_stays_where_it_is_while_newer_rows_arrive(calls: QuerySet[Call]) -> None:
    first = turn(calls, NEWEST_FIRST)
    before = [row.pk for row in turn(calls, NEWEST_FIRST, after=first.older).rows]
    Call.objects.create(
        event_id=uuid4(), at=STARTED + timedelta(days=1), verdict="recorded", node="n", decision={}
    )
    assert [row.pk for row in turn(calls, NEWEST_FIRST, after=first.older).rows] == before


def test_a_cursor_whose_row_is_gone_leads_to_the_first_page(calls: QuerySet[Call]) -> None:
    assert turn(calls, NEWEST_FIRST, after=uuid4()).newer is None


def test_a_page_costs_two_queries(
    calls: QuerySet[Call], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = turn(calls, NEWEST_FIRST)
    with django_assert_num_queries(2):
        turn(calls, NEWEST_FIRST, after=first.older)


def test_counts_stop_behind_the_cap(calls: QuerySet[Call]) -> None:
    assert counted(calls) == Count(23)
    assert not Count(CAP).capped
    assert Count(CAP + 1).capped


@pytest.mark.parametrize("order", [NEWEST_FIRST, SHORTEST_FIRST])
def test_neighbours_lead_through_every_row_in_the_order_of_the_list(
    calls: QuerySet[Call], order: Order
) -> None:
    rows = list(calls.order_by(*order.columns))
    ids = [None, *(row.event_id for row in rows), None]
    for place, row in enumerate(rows):
        beside = neighbours_of(calls, order, id_field="event_id", row_id=row.event_id)
        assert beside == (ids[place], ids[place + 2])
        assert rows_before(calls, order, row).count() == place


def test_a_row_that_is_not_among_them_has_no_neighbours(calls: QuerySet[Call]) -> None:
    assert neighbours_of(calls, NEWEST_FIRST, id_field="event_id", row_id=uuid4()) is None
