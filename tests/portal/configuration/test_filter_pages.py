"""The pages *Recording filters* and *Numbering plan*."""

from typing import ClassVar

import pytest
from django.test import Client

from callvault.policy.filters import Directions, FilterRules, Filters, Traffic
from callvault.policy.numbering_plan import NumberingPlan as Plan
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import (
    NumberingPlan,
    PolicyRevision,
    RecordingFilter,
    SystemSettings,
)
from callvault.portal.people.models import User
from callvault.portal.snapshot import build_snapshot
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
FILTERS, NEW, PLAN = "/settings/filters/", "/settings/filters/new", "/settings/numbering-plan"
RULES = {"directions": "in", "traffic": "external", "black_list": "7100\n72.", "version": "0"}
IN_FORCE = FilterRules(Directions.IN, Traffic.EXTERNAL, ("7100", "72."))


class TestFilters(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = FILTERS


class TestNewFilter(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = NEW


class TestPlan(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = PLAN


def test_a_filter_is_saved_audited_and_told_to_recorders(rita_client: Client) -> None:
    assert rita_client.post(FILTERS, RULES).status_code == 302
    assert build_snapshot().filters == Filters(IN_FORCE)
    assert PolicyRevision.current() == 1
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert (entry.object_kind, entry.detail["version"]) == ("filter", 1)
    assert entry.detail["new"]["directions"] == "in"
    reference, pattern = entry.detail["new"]["black_list"]
    assert (reference[:2], pattern) == ("n-", "72.")  # no number stands in the log
    assert b"72.</textarea>" in rita_client.get(FILTERS).content


def test_a_bad_pattern_is_refused_with_its_line_and_the_rest_stays_typed(
    rita_client: Client,
) -> None:
    answer = rita_client.post(FILTERS, RULES | {"black_list": "7100\n7!2\n\n+39x"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 2: “7!2”: ! may only stand at the end." in page
    assert "Line 4: “+39x”: “x” may not stand in a pattern." in page
    assert "7100\n7!2" in page
    assert not RecordingFilter.objects.exists()
    assert PolicyRevision.current() == 0


def test_who_saves_an_older_form_is_told_and_may_save_again(rita_client: Client) -> None:
    rita_client.post(FILTERS, RULES)
    answer = rita_client.post(FILTERS, RULES | {"directions": "out"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Rita Marsh changed this" in page
    assert 'name="version" value="1"' in page
    assert build_snapshot().filters.system == IN_FORCE
    rita_client.post(FILTERS, RULES | {"directions": "out", "version": "1"})
    assert build_snapshot().filters.system.directions is Directions.OUT
    assert RecordingFilter.objects.count() == 1


def test_a_group_and_a_person_get_rules_of_their_own(rita_client: Client, ann: User) -> None:
    assert rita_client.post(NEW, RULES | {"group": ann.group.upper()}).status_code == 302
    assert rita_client.post(NEW, RULES | {"username": "ann", "black_list": ""}).status_code == 302
    filters = build_snapshot().filters
    assert filters.by_group == {ann.group: IN_FORCE}
    assert filters.by_person == {ann.public_id: FilterRules(Directions.IN, Traffic.EXTERNAL)}
    page = rita_client.get(FILTERS)
    check_policy(page)
    assert "2 patterns" in page.content.decode()
    twice = rita_client.post(NEW, RULES | {"group": ann.group})
    assert twice.context["form"].errors["group"] == ["This group has a filter already."]


@pytest.mark.parametrize(
    ("whose", "field"),
    [({}, "group"), ({"group": "a", "username": "ann"}, "group"), ({"username": "x"}, "username")],
)
def test_a_filter_is_of_one_group_or_person(
    rita_client: Client, ann: User, whose: dict[str, str], field: str
) -> None:
    answer = rita_client.post(NEW, RULES | whose)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}


def test_own_rules_are_changed_and_deleted(rita_client: Client, ann: User) -> None:
    rita_client.post(NEW, RULES | {"username": "ann"})
    url = f"/settings/filters/{RecordingFilter.objects.get().public_id}"
    check_policy(rita_client.get(url))
    changed = RULES | {"traffic": "both", "version": "1"}
    assert rita_client.post(url, changed).status_code == 302
    assert build_snapshot().filters.by_person[ann.public_id].traffic is Traffic.BOTH
    assert "Delete the filter of" in rita_client.get(f"{url}/delete").content.decode()
    assert RecordingFilter.objects.exists()
    rita_client.post(f"{url}/delete")
    assert build_snapshot().filters == Filters()
    assert PolicyRevision.current() == 3
    assert AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).count() == 3
    assert rita_client.get(url).status_code == 404


PREFIXES = {
    "international_prefixes": "00\n011",
    "national_prefix": "0",
    "outgoing_prefixes": "9",
    "incoming_prefixes": "",
    "internal_patterns": "2...",
    "version": "0",
}


def test_the_plan_is_saved_and_reaches_recorders(rita_client: Client) -> None:
    SystemSettings.objects.create(country_code="44")
    assert rita_client.post(PLAN, PREFIXES).status_code == 302
    assert build_snapshot().plan == Plan("44", ("00", "011"), "0", ("9",), (), ("2...",))
    assert PolicyRevision.current() == 1
    entry = AuditEntry.objects.get(object_kind="plan")
    assert entry.detail["old"]["international_prefixes"] == ["00"]
    stale = rita_client.post(PLAN, PREFIXES | {"national_prefix": "1"})
    assert stale.status_code == 422
    assert NumberingPlan.load().national_prefix == "0"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outgoing_prefixes", "0\nx"),
        ("national_prefix", "+"),
        ("internal_patterns", "2!."),
        ("incoming_prefixes", "123456789"),
    ],
)
def test_what_is_no_prefix_is_refused(rita_client: Client, field: str, value: str) -> None:
    answer = rita_client.post(PLAN, PREFIXES | {field: value})
    assert set(answer.context["form"].errors) == {field}
    assert not NumberingPlan.objects.exists()


@pytest.mark.parametrize(
    ("number", "heading", "told"),
    [
        ("902079460000", "out", ["+442079460000", "The outgoing prefix 9 is taken off."]),
        ("902079460000", "in", ["+44902079460000", "external"]),
        ("2345", "in", ["It matches the internal pattern 2...", "internal"]),
        ("<b>", "in", ["&lt;b&gt;", "no number"]),
    ],
)
def test_a_number_is_read_by_the_saved_plan(
    rita_client: Client, number: str, heading: str, told: list[str]
) -> None:
    SystemSettings.objects.create(country_code="44")
    rita_client.post(PLAN, PREFIXES)
    answer = rita_client.post(PLAN, {"test": "1", "number": number, "heading": heading})
    assert answer.status_code == 200
    for text in told:
        assert text in answer.content.decode()
    assert PolicyRevision.current() == 1
