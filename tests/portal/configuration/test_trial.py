"""Drafts of filters and numbering plan, tried from their forms: shown, and not saved."""

import pytest
from django.test import Client
from django.utils import timezone

from callvault.policy.decision import Party
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.filter_models import NumberingPlan, RecordingFilter
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.decisions.trial_page import ROWS_SHOWN
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import Spoken, list_recording
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db

FILTERS = "/settings/filters/"
PLAN = "/settings/numbering-plan"
RULES = {"directions": "both", "traffic": "both", "black_list": "", "version": "0"}
TRY = {"try": "1", "days": "7"}


@pytest.fixture
def todays(ann: User) -> Recording:
    return list_recording(ann, Spoken(remote=Party("+15550142"), started_at=timezone.now()))


def test_a_draft_is_shown_and_not_saved(rita_client: Client, todays: Recording) -> None:
    answer = rita_client.post(FILTERS, RULES | TRY | {"black_list": "+1555!"})
    assert answer.status_code == 200
    check_policy(answer)
    trial = answer.context["trial"]
    assert (trial.calls, trial.newly_filtered, trial.unchanged) == (1, 1, 0)
    page = answer.content.decode()
    assert todays.call is not None
    assert f"/decisions/{todays.call.event_id}" in page
    assert "Black list: +1555!" in page
    assert "+1555!</textarea>" in page
    assert not RecordingFilter.objects.exists()
    assert PolicyRevision.current() == 0
    searched = AuditEntry.objects.get(action=Action.SEARCHED)
    assert searched.detail["asked"] == {"days": 7}
    assert not AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).exists()


def test_of_many_calls_that_change_some_are_shown_and_the_rest_counted(
    rita_client: Client, ann: User
) -> None:
    for _call in range(ROWS_SHOWN + 2):
        list_recording(ann, Spoken(remote=Party("+15550142"), started_at=timezone.now()))
    answer = rita_client.post(FILTERS, RULES | TRY | {"directions": "out"})
    trial = answer.context["trial"]
    assert (trial.newly_filtered, len(trial.rows), trial.hidden) == (12, ROWS_SHOWN, 2)
    assert "2 more calls change." in answer.content.decode()


def test_what_was_tried_is_saved_when_it_is_sent_to_be_saved(
    rita_client: Client, todays: Recording
) -> None:
    draft = RULES | {"directions": "in"}
    rita_client.post(FILTERS, draft | TRY)
    assert rita_client.post(FILTERS, draft).status_code == 302
    assert RecordingFilter.of_system().directions == "in"


def test_a_bad_pattern_is_not_tried(rita_client: Client) -> None:
    answer = rita_client.post(FILTERS, RULES | TRY | {"black_list": "7!0"})
    assert (answer.status_code, answer.context["trial"]) == (422, None)
    assert set(answer.context["form"].errors) == {"black_list"}


def test_rules_of_one_person_are_tried_beside_those_in_force(
    rita_client: Client, todays: Recording
) -> None:
    rita_client.post(FILTERS, RULES | {"directions": "out"})
    mine = RULES | {"username": "ann", "group": ""}
    for path, draft, unchanged in (
        (FILTERS, RULES | {"directions": "out", "version": "1"}, 0),
        (f"{FILTERS}new", mine, 1),
        (f"{FILTERS}new", mine | {"traffic": "internal"}, 0),
    ):
        trial = rita_client.post(path, draft | TRY).context["trial"]
        assert (trial.calls, trial.unchanged) == (1, unchanged)
    assert RecordingFilter.objects.count() == 1


def test_a_plan_is_tried_with_the_filters_in_force(rita_client: Client, todays: Recording) -> None:
    rita_client.post(FILTERS, RULES | {"traffic": "external"})
    plan = {"international_prefixes": "00", "internal_patterns": "+1555!", "version": "0"}
    answer = rita_client.post(PLAN, plan | TRY)
    assert answer.context["trial"].newly_filtered == 1
    assert "Only external calls are recorded" in answer.content.decode()
    assert not NumberingPlan.objects.exists()


@pytest.mark.parametrize(("sent", "days"), [("30", 30), ("5", 7), ("", 7), ("x", 7)])
def test_as_many_days_are_tried_as_the_form_offers(
    rita_client: Client, sent: str, days: int
) -> None:
    answer = rita_client.post(FILTERS, RULES | {"try": "1", "days": sent})
    assert answer.context["trial"].days == days
    assert "of which filters were asked" in answer.content.decode()


def test_only_administrators_try(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert client.post(FILTERS, RULES | TRY).status_code == 403
