"""The audit log by the API."""

import pytest

from callvault.portal.audit.linking import link_waiting
from callvault.portal.people.models import User

from .conftest import Calling

pytestmark = pytest.mark.django_db


def test_entries_come_in_the_order_of_the_chain(rita: User, calling: Calling) -> None:
    caller = calling(rita)
    caller("POST", "/people", {"username": "bea"})
    link_waiting()
    first = caller("GET", "/audit?limit=1").json()
    assert [one["action"] for one in first["items"]] == ["token_created"]
    rest = caller("GET", f"/audit?after={first['next']}").json()
    (entry,) = rest["items"]
    assert (entry["sequence"], entry["action"], entry["actor"]) == (2, "person_created", "rita")
    assert entry["detail"]["token"] == str(caller.row.public_id)
    assert caller("GET", f"/audit?after={rest['next']}").json() == {"items": [], "next": 2}


def test_only_administrators_read_it(sam: User, calling: Calling) -> None:
    assert calling(sam)("GET", "/audit").status_code == 403


def test_places_are_whole_numbers(rita: User, calling: Calling) -> None:
    for query in ("after=-1", "after=99999999999999999999", "limit=5000", "since=1"):
        assert calling(rita)("GET", f"/audit?{query}").status_code == 422
