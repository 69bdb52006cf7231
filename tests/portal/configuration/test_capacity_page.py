"""The page *Capacity*: what is limited, and who owns what is nobody's (CAP-8, IDENT-4)."""

from typing import ClassVar
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from callvault.policy.capacity import CapacityModel, CapacityRules
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision, SystemCapacity
from callvault.portal.nodes.models import NodeReport
from callvault.portal.people.csv_import import bring_in
from callvault.portal.people.models import User
from callvault.portal.people.people_audit import Actor
from callvault.portal.people.planning import Outcome
from callvault.portal.people.sources import Source
from callvault.portal.snapshot import build_snapshot
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
CAPACITY = "/settings/capacity"
CHANNELS = {
    "version": "0",
    "model": "channels",
    "most_channels": "10",
    "keeps": "on",
    "catch_all_username": "catch-all",
    "catch_all_name": "Without assignee",
}
NO_ROOM = b"all places are taken"


class TestCapacity(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = CAPACITY


@pytest.fixture
def full(rita: User, ann: User) -> int:
    """Have a capacity of as many people as are enabled."""
    enabled = User.objects.filter(is_active=True).count()
    SystemCapacity.objects.create(model="users", most_users=enabled)
    return enabled


@pytest.fixture
def catch_all(rita_client: Client) -> User:
    """Have recordings without assignee kept."""
    assert rita_client.post(CAPACITY, CHANNELS).status_code == 302
    return User.objects.get(source=Source.CATCH_ALL)


def test_a_model_is_saved_audited_and_told_to_recorders(rita_client: Client) -> None:
    assert build_snapshot().capacity == CapacityRules()
    sent = {"version": "0", "model": "users", "most_users": "1"}
    assert rita_client.post(CAPACITY, sent).status_code == 302
    assert build_snapshot().capacity == CapacityRules(CapacityModel.USERS, 1)
    assert PolicyRevision.current() == 1
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.object_kind == "capacity"
    assert entry.detail["old"] == {"model": "unlimited", "most_users": None}
    assert entry.detail["new"] == {"model": "users", "most_users": 1}
    again = rita_client.post(CAPACITY, sent | {"most_users": "2"})
    assert again.status_code == 422  # opened before the first change
    assert b"Rita" in again.content


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"model": "users"}, "most_users"),
        ({"model": "users", "most_users": "0"}, "most_users"),
        ({"model": "channels"}, "most_channels"),
        ({"model": "channels", "most_channels": "-1"}, "most_channels"),
        ({"model": "many"}, "model"),
        ({"model": "users", "most_users": "5", "keeps": "on"}, "keeps"),
        (CHANNELS | {"catch_all_username": "ANN"}, "catch_all_username"),
        (CHANNELS | {"catch_all_username": ""}, "catch_all_username"),
        (CHANNELS | {"catch_all_name": " "}, "catch_all_name"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    rita_client: Client, ann: User, sent: dict[str, str], field: str
) -> None:
    User.objects.filter(pk=ann.pk).update(username="ann")
    answer = rita_client.post(CAPACITY, {"version": "0"} | sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not SystemCapacity.objects.exists()


def test_what_is_in_use_is_shown(rita_client: Client, full: int) -> None:
    report = {"at_ns": 1, "recorder": {"at_ns": 1, "recordings": 7, "most_recordings": 31}}
    NodeReport.objects.create(node="rec-1", at=timezone.now(), document=report)
    page = rita_client.get(CAPACITY)
    check_policy(page)
    assert f"{full} of {full}".encode() in page.content
    assert b"7 recordings now" in page.content
    assert b"at most 31 at a time" in page.content
    SystemCapacity.objects.update(most_users=full - 1)
    assert b"nobody more can be enabled" in rita_client.get(CAPACITY).content


def test_recordings_of_all_nodes_are_counted_together(rita_client: Client) -> None:
    SystemCapacity.objects.create(model="channels", most_channels=9)
    for number in (1, 2):
        report = {"at_ns": 1, "recorder": {"at_ns": 1, "recordings": 4, "most_recordings": 5}}
        NodeReport.objects.create(node=f"rec-{number}", at=timezone.now(), document=report)
    text = rita_client.get(CAPACITY).content.decode()
    assert "8 of 9" in text
    assert "Full: new calls are refused" not in text
    SystemCapacity.objects.update(most_channels=8)
    assert "Full: new calls are refused" in rita_client.get(CAPACITY).content.decode()


def test_nobody_is_enabled_beyond_the_capacity_by_the_form(
    rita_client: Client, full: int, ann: User
) -> None:
    new = {"username": "new", "level": "20", "is_active": "on"}
    refused = rita_client.post("/people/new", new)
    assert refused.status_code == 422
    assert NO_ROOM in refused.content
    del new["is_active"]
    assert rita_client.post("/people/new", new).status_code == 302  # not enabled
    SystemCapacity.objects.update(most_users=full - 1)
    url = f"/people/{ann.public_id}"
    form = rita_client.get(url).context["form"]
    kept = {name: form[name].value() for name in form.fields if form[name].value()}
    assert rita_client.post(url, kept | {"last_name": "Vega"}).status_code == 302
    assert User.objects.get(pk=ann.pk).is_active  # who is enabled stays


@pytest.mark.usefixtures("full")
def test_nobody_is_enabled_beyond_the_capacity_by_csv_and_each_row_is_told() -> None:
    content = b"Username;Active\r\nann;no\r\none;yes\r\ntwo;yes\r\nthree;no\r\n"
    preview, done = bring_in(content, seen=None, actor=Actor.of_command(), file_name="people.csv")
    assert done
    assert [row.outcome for row in preview.plan.rows] == [
        Outcome.CHANGED,
        Outcome.CREATED,  # in the place that was left
        Outcome.ERROR,
        Outcome.CREATED,
    ]
    (problem,) = preview.plan.rows[2].problems
    assert NO_ROOM.decode() in problem.message
    assert not User.objects.filter(username="two").exists()


@pytest.mark.usefixtures("full")
def test_nobody_is_enabled_beyond_the_capacity_in_bulk(rita_client: Client, otto: User) -> None:
    User.objects.filter(pk=otto.pk).update(is_active=False)
    SystemCapacity.objects.update(most_users=User.objects.filter(is_active=True).count())
    sent = {"deed": "activate", "person": str(otto.public_id), "confirmed": "1"}
    assert NO_ROOM in rita_client.post("/people/several", sent).content
    assert not User.objects.get(pk=otto.pk).is_active


def test_a_catch_all_user_is_created_for_the_purpose(rita_client: Client, catch_all: User) -> None:
    assert (catch_all.is_active, catch_all.has_usable_password()) == (False, False)
    snapshot = build_snapshot()
    assert snapshot.catch_all == UUID(str(catch_all.public_id))
    assert snapshot.capacity == CapacityRules(CapacityModel.CHANNELS, 10)
    page = rita_client.get(f"/people/{catch_all.public_id}")
    check_policy(page)
    assert b"It owns the recordings without assignee" in page.content
    assert b"one-time-password" not in page.content
    assert b"Catch-all user" in rita_client.get("/people/").content


def test_the_catch_all_user_becomes_nobody(rita_client: Client, catch_all: User) -> None:
    url = f"/people/{catch_all.public_id}"
    sent = {"username": "catch-all", "level": "40", "is_active": "on", "version": "1"}
    assert rita_client.post(url, sent).status_code == 422
    assert rita_client.post(f"{url}/password").status_code == 302
    assert rita_client.post(f"{url}/delete").status_code == 422
    bulk = {"deed": "activate", "person": str(catch_all.public_id), "confirmed": "1"}
    assert rita_client.post("/people/several", bulk).status_code == 200
    content = b"Username;Active\r\ncatch-all;yes\r\n"
    preview, _done = bring_in(content, seen=None, actor=Actor.of_command(), file_name="a.csv")
    assert [row.outcome for row in preview.plan.rows] == [Outcome.ERROR]
    stored = User.objects.get(pk=catch_all.pk)
    assert (stored.is_active, stored.has_usable_password(), stored.version) == (False, False, 1)


def test_another_model_takes_the_catch_all_user_out_of_use_with_a_warning(
    rita_client: Client, catch_all: User
) -> None:
    sent = {"version": "1", "model": "unlimited", "keeps": "on"}
    page = rita_client.post(CAPACITY, sent, follow=True)
    assert b"are discarded from the next call on" in page.content
    assert b"Not in use now" in page.content
    assert build_snapshot().catch_all is None
    again = {"version": "2", "model": "channels", "most_channels": "3", "keeps": "on"}
    assert rita_client.post(CAPACITY, again).status_code == 302
    assert build_snapshot().catch_all == UUID(str(catch_all.public_id))
    rita_client.post(CAPACITY, again | {"version": "3", "keeps": ""})
    assert rita_client.post(f"/people/{catch_all.public_id}/delete").status_code == 302
