"""Calls by the API: who may, what is found, and what is told."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from callvault.policy.decision import Decision, Outcome, Step, Verdict
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.decisions.filters import of_person
from callvault.portal.decisions.models import Call
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from tests.portal.catalogue_facts import STARTED, call_facts

from .conftest import Calling

pytestmark = pytest.mark.django_db

NEVER = Decision(
    Verdict.FILTERED,
    (
        Step("known_source", Outcome.PASSED, {"peer": "192.0.2.14", "trunk": "Webex"}),
        Step("room", Outcome.PASSED, {"calls": "1"}),
        Step(
            "owner",
            Outcome.PASSED,
            {"matched_by": "extension", "number": "2014", "name": "A", "username": "bea"},
        ),
        Step("mode", Outcome.STOPPED, {"mode": "never", "trunk": "Webex"}),
    ),
    snapshot_revision=12,
)
UNKNOWN = Decision(
    Verdict.DISCARDED,
    (Step("owner", Outcome.STOPPED, {"reason": "no_match", "number": "2099"}),),
)


def add(decision: Decision, *, hours: int, caller: str = "+15550199") -> UUID:
    facts = call_facts(decision=decision, at=STARTED + timedelta(hours=hours), caller=caller)
    DjangoCatalogue().add_call(facts, ())
    return facts.event_id


@pytest.fixture
def filtered() -> UUID:
    return add(NEVER, hours=1)


def test_every_call_comes_with_its_verdict_the_newest_first(
    rita: User, calling: Calling, anns_recording: Recording, filtered: UUID
) -> None:
    latest, first = calling(rita)("GET", "/calls").json()["items"]
    assert (latest["id"], latest["verdict"], latest["recording_ids"]) == (
        str(filtered),
        "filtered",
        [],
    )
    assert latest["reason"] == "Set on trunk Webex."
    assert (first["verdict"], first["reason"]) == ("recorded", "Always-on on trunk Webex.")
    assert first["recording_ids"] == [str(anns_recording.recording_id)]
    assert first["at"] == "2026-11-23T13:25:30.000Z"


def test_calls_of_a_user_are_found_by_an_index(rita: User, filtered: UUID) -> None:
    rows = of_person(Call.objects.all(), rita.username, recordings_in_catalogue())
    assert not rows.exists()
    if connection.vendor == "sqlite":  # PostgreSQL takes no index where there is but one row
        plan = rows.order_by("-at", "-id").explain()
        assert "call_by_owner" in plan
        assert "SCAN" not in plan


def test_a_call_tells_its_steps_as_codes_and_in_the_callers_language(
    rita: User, calling: Calling, filtered: UUID
) -> None:
    call = calling(rita)("GET", f"/calls/{filtered}").json()
    assert call["policy_revision"] == 12
    assert call["steps"][-1] == {
        "code": "mode",
        "outcome": "stopped",
        "values": {"mode": "never", "trunk": "Webex"},
        "title": "Mode: never",
        "text": "Set on trunk Webex.",
    }
    User.objects.filter(pk=rita.pk).update(language="it")
    said = calling(rita, name="other")("GET", f"/calls/{filtered}").json()
    assert said["steps"][-1]["code"] == "mode"
    assert said["steps"][-1]["text"] == "Impostato sul trunk Webex."
    assert said["verdict_title"] == "Esclusa da un filtro"


@pytest.mark.parametrize(
    ("query", "verdicts"),
    [
        ("verdict=filtered", ["filtered"]),
        ("verdict=filtered&verdict=discarded", ["discarded", "filtered"]),
        ("username=bea", ["filtered"]),
        ("username=ann", ["recorded"]),
        ("username=nobody", []),
        ("q=%2B1+555+0199", ["filtered"]),
        ("q=2014", ["discarded", "filtered", "recorded"]),
        ("trunk=CUBE", []),
        ("since=2026-11-23T14:00:00Z&until=2026-11-23T15:00:00Z", ["filtered"]),
        ("first=2026-11-24", []),
        ("sort=at&limit=2", ["recorded", "filtered"]),
    ],
)
def test_calls_are_found_by_verdict_time_number_trunk_and_person(
    rita: User,
    calling: Calling,
    anns_recording: Recording,
    filtered: UUID,
    query: str,
    verdicts: list[str],
) -> None:
    add(UNKNOWN, hours=2, caller="+15550123")
    found = calling(rita)("GET", f"/calls?{query}").json()["items"]
    assert [one["verdict"] for one in found] == verdicts


def test_pages_follow_each_other_without_a_gap(rita: User, calling: Calling) -> None:
    expected = [str(add(UNKNOWN, hours=hours // 2)) for hours in range(5)][::-1]
    caller, seen = calling(rita), []
    page = caller("GET", "/calls?limit=2").json()
    for _page in range(3):
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        page = caller("GET", f"/calls?limit=2&after={page['next']}").json()
    assert seen == expected


def test_a_page_asks_no_more_for_many_calls_than_for_one(
    rita: User, calling: Calling, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for hours in range(20):
        add(UNKNOWN, hours=hours)
    caller = calling(rita)
    with django_assert_max_num_queries(14):
        assert len(caller("GET", "/calls").json()["items"]) == 20


def test_calls_are_for_administrators_with_the_scope(
    rita: User, sam: User, calling: Calling, filtered: UUID
) -> None:
    for path in ("/calls", f"/calls/{filtered}"):
        assert calling(sam, name=path)("GET", path).status_code == 403
        answer = calling(rita, "recordings:read", name=path)("GET", path)
        assert answer.json()["code"] == "scope_missing"


@pytest.mark.parametrize(
    "query", ["verdict=lost", "since=2026-11-23", "q=%00", "number=1", "limit=0", "username=%00"]
)
def test_what_cannot_be_asked_is_refused(rita: User, calling: Calling, query: str) -> None:
    assert calling(rita)("GET", f"/calls?{query}").status_code == 422


def test_a_call_that_there_is_not_is_not_found(rita: User, calling: Calling) -> None:
    assert calling(rita)("GET", f"/calls/{UUID(int=7)}").status_code == 404


def test_a_search_is_written_down_without_the_number(
    rita: User, calling: Calling, filtered: UUID
) -> None:
    calling(rita)("GET", "/calls?verdict=filtered&q=%2B15550199")
    entry = AuditEntry.objects.get(action=Action.SEARCHED)
    assert entry.detail["where"] == "decisions"
    assert entry.detail["asked"]["verdict"] == ["filtered"]
    assert "15550199" not in str(entry.detail)
