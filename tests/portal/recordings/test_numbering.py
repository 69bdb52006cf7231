"""The numbering plan on recordings: found and shown as one number, however it was dialled."""

import pytest
from django.test import Client

from callvault.policy.decision import Direction, Party
from callvault.portal.configuration.models import NumberingPlan, SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.filters import Filter
from callvault.portal.recordings.matching import apply
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from tests.portal.catalogue_facts import Spoken, list_recording

DIALLED = {
    "outside line": "9027654321",  # 9 for a line, then 02 7654321
    "national": "027654321",
    "international": "0039027654321",
    "full": "+39027654321",
}


@pytest.fixture
def calls(ann: User) -> dict[str, Recording]:
    """Four calls to one number in Milan, and one to another."""
    found = {
        name: list_recording(ann, Spoken(remote=Party(number), direction=Direction.OUT))
        for name, number in DIALLED.items()
    }
    list_recording(ann, Spoken(remote=Party("027654322"), direction=Direction.OUT))
    return found


def set_plan(**plan: object) -> None:
    SystemSettings.objects.update_or_create(defaults={"zone": "Europe/Rome", "country_code": "39"})
    NumberingPlan.objects.update_or_create(defaults=plan)


def found_by(typed: str) -> set[str]:
    rows = apply(recordings_in_catalogue(), Filter(text=typed))
    return set(rows.values_list("remote_number", flat=True))


@pytest.mark.parametrize("typed", ["+39 02 7654321", "02 7654321", "0039 02 7654321"])
def test_each_writing_finds_all_calls_of_the_number(
    calls: dict[str, Recording], typed: str
) -> None:
    set_plan(outgoing_prefixes=["9"])
    assert found_by(typed) == set(DIALLED.values())


def test_what_was_dialled_is_found_as_it_was_dialled(calls: dict[str, Recording]) -> None:
    set_plan(outgoing_prefixes=["9"])
    assert DIALLED["outside line"] in found_by("9027654321")


def test_a_plan_that_is_changed_holds_for_the_calls_before(
    client: Client, ann: User, calls: dict[str, Recording]
) -> None:
    client.force_login(ann)
    set_plan(outgoing_prefixes=[])
    assert DIALLED["outside line"] not in found_by("+39027654321")
    before = client.get("/recordings/mine/").content.decode()
    set_plan(outgoing_prefixes=["9"])
    assert DIALLED["outside line"] in found_by("+39027654321")
    after = client.get("/recordings/mine/").content.decode()
    copied = 'data-cv-copy="+39027654321"'
    assert after.count(copied) == before.count(copied) + 1 == len(DIALLED)


def test_the_page_of_a_recording_shows_the_normal_form(
    client: Client, ann: User, calls: dict[str, Recording]
) -> None:
    client.force_login(ann)
    set_plan(outgoing_prefixes=["9"])
    page = client.get(f"/recordings/{calls['outside line'].recording_id}/").content.decode()
    assert "+39\u00a002\u00a0765\u00a04321" in page
