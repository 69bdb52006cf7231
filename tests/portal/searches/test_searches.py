"""Saved searches: kept, opened, shared, changed and deleted, each by right."""

from pathlib import Path
from typing import ClassVar

import pytest
from django.http import QueryDict
from django.test import Client

from callvault.portal.audit.models import AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.searches.finding import kept_of, shared_with
from callvault.portal.searches.models import ListName, SavedSearch, Sharing
from callvault.portal.searches.saving import MOST
from tests.portal.catalogue_facts import list_recording
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(data_folder: Path) -> None:
    """Keep the recorder's heartbeat of the test apart."""


class TestSavedSearches(GatedViewTest):
    url: ClassVar[str] = "/searches/"
    ann_may = sam_may = otto_may = True


class TestSavingASearchOfAll(GatedViewTest):
    url: ClassVar[str] = "/searches/new?list=all&query=q%3Dann"
    sam_may = otto_may = True


@pytest.fixture
def sam_client(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def keep(person: User, name: str = "Long calls", **more: str) -> SavedSearch:
    """Keep a search of somebody's."""
    facts = {"of_list": ListName.ALL, "query": "over=10", **more}
    return SavedSearch.objects.create(person=person, name=name, **facts)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_search_is_kept_as_its_address_and_opens_the_list_by_it(
    sam_client: Client, anns_recording: Recording
) -> None:
    page = sam_client.get("/recordings/?over=1&direction=in&sort=-duration&after=x")
    kept = page.context["saved"].query
    assert kept == "direction=in&over=1&sort=-duration"
    form = {"list": "all", "query": kept, "name": "Longer than a minute"}
    saved = sam_client.post("/searches/new", form, follow=True)
    assert [row.recording_id for row in saved.context["rows"]] == [anns_recording.recording_id]
    assert saved.context["saved"].current.name == "Longer than a minute"
    assert not saved.context["saved"].is_changed
    assert "Longer than a minute” is saved" in saved.content.decode()
    check_policy(saved)


def test_a_changed_search_is_said_to_be_changed_and_can_replace_the_kept_one(
    sam_client: Client, sam: User
) -> None:
    search = keep(sam)
    page = sam_client.get(f"/recordings/?over=20&saved={search.search_id}")
    assert page.context["saved"].is_changed
    assert "Replace “Long calls”" in page.content.decode()
    sam_client.post(f"/searches/{search.search_id}/replace", {"query": "over=20&after=x"})
    search.refresh_from_db()
    assert (search.query, search.version) == ("over=20", 2)


def test_a_default_opens_the_list_until_it_is_cleared(sam_client: Client, sam: User) -> None:
    search = keep(sam)
    sam_client.post(f"/searches/{search.search_id}/default", {"chosen": "1"})
    assert sam_client.get("/recordings/")["Location"] == search.url
    opened = sam_client.get(search.url)
    assert opened.context["clear_url"] == "/recordings/?saved=none"
    assert sam_client.get("/recordings/?saved=none").status_code == 200
    assert sam_client.get("/recordings/mine/").status_code == 200
    sam_client.post(f"/searches/{search.search_id}/default", {})
    assert sam_client.get("/recordings/").status_code == 200


def test_a_shared_search_shows_each_what_each_may_see(
    ann: User, sam: User, rita: User, otto: User
) -> None:
    colleague = User.objects.create_user("cleo", group="claims", level=Level.GROUP_SUPERVISOR)
    mine, hidden = list_recording(ann), list_recording(otto)
    keep(sam, query="over=1", sharing=Sharing.GROUPS)
    assert [one.name for one in shared_with(colleague)] == ["Long calls"]
    assert shared_with(otto) == []
    by_rita = keep(rita, "All long ones", query="over=1", sharing=Sharing.EVERYONE)
    assert [one.name for one in shared_with(otto)] == ["All long ones"]
    shown = {
        person.username: [
            row.recording_id for row in signed_in(person).get(by_rita.url).context["rows"]
        ]
        for person in (sam, otto, colleague)
    }
    assert shown == {"sam": [mine.recording_id], "otto": [hidden.recording_id], "cleo": []}


def test_an_agent_finds_shared_searches_of_the_own_list_alone(ann: User, sam: User) -> None:
    keep(sam, sharing=Sharing.GROUPS)
    keep(sam, "My long ones", of_list=ListName.MINE, sharing=Sharing.GROUPS)
    assert [one.name for one in shared_with(ann)] == ["My long ones"]


def test_who_is_no_supervisor_any_more_shares_nothing(ann: User, sam: User) -> None:
    keep(sam, of_list=ListName.MINE, sharing=Sharing.GROUPS)
    assert shared_with(ann)
    User.objects.filter(pk=sam.pk).update(level=Level.BASE)
    assert shared_with(ann) == []


def test_an_agent_cannot_share(ann: User) -> None:
    form = {"list": "mine", "query": "over=1", "name": "Mine", "sharing": "groups"}
    signed_in(ann).post("/searches/new", form)
    assert SavedSearch.objects.get().sharing == ""
    refused = {**form, "name": "Another", "list": "all"}
    assert signed_in(ann).post("/searches/new", refused).status_code == 404


def test_a_supervisor_cannot_share_with_everyone(sam_client: Client) -> None:
    form = {"list": "all", "query": "over=1", "name": "Mine", "sharing": "everyone"}
    assert sam_client.post("/searches/new", form).status_code == 422


@pytest.mark.parametrize("deed", ["", "/replace", "/delete"])
def test_nobody_else_changes_a_shared_search(rita: User, sam: User, deed: str) -> None:
    search = keep(sam, sharing=Sharing.GROUPS)
    sent = {"name": "Another", "query": "over=1"}
    assert signed_in(rita).post(f"/searches/{search.search_id}{deed}", sent).status_code == 404
    search.refresh_from_db()
    assert (search.name, search.query, search.deleted_at) == ("Long calls", "over=10", None)


def test_a_search_is_deleted_and_that_is_undone(sam_client: Client, sam: User) -> None:
    search = keep(sam)
    page = sam_client.post(f"/searches/{search.search_id}/delete", follow=True)
    assert page.context["own"] == []
    assert f'name="recording" value="{search.search_id.hex}"' in page.content.decode()
    assert sam_client.get(search.url).context["saved"].own == []
    page = sam_client.post("/searches/restore", {"recording": search.search_id.hex}, follow=True)
    assert page.context["own"] == [search]


def test_a_name_is_used_once_also_by_what_comes_back(sam_client: Client, sam: User) -> None:
    search = keep(sam)
    form = {"list": "all", "query": "over=1", "name": "Long calls"}
    refused = sam_client.post("/searches/new", form)
    assert "Another search of yours has this name." in refused.content.decode()
    sam_client.post(f"/searches/{search.search_id}/delete")
    sam_client.post("/searches/new", form)
    page = sam_client.post("/searches/restore", {"recording": search.search_id.hex}, follow=True)
    assert "Another search of yours has this name." in page.content.decode()


def test_who_saves_second_is_told(sam_client: Client, sam: User) -> None:
    search = keep(sam)
    url = f"/searches/{search.search_id}"
    sam_client.post(url, {"name": "First", "version": "1"})
    second = sam_client.post(url, {"name": "Second", "version": "1"})
    assert "changed meanwhile" in second.content.decode()
    search.refresh_from_db()
    assert search.name == "First"


def test_one_person_keeps_a_bounded_number(sam_client: Client, sam: User) -> None:
    for number in range(MOST):
        keep(sam, f"Search {number}")
    form = {"list": "all", "query": "over=1", "name": "One more"}
    assert "100 searches already" in sam_client.post("/searches/new", form).content.decode()


def test_sharing_changing_and_withdrawing_enter_the_log_without_numbers(
    sam_client: Client, sam: User
) -> None:
    search = keep(sam, query="q=%2B15550142&first=2026-11-01")
    url = f"/searches/{search.search_id}"
    sam_client.post(url, {"name": "Vega", "sharing": "groups", "version": "1"})
    sam_client.post(url, {"name": "Tom Vega", "sharing": "groups", "version": "2"})
    sam_client.post(f"{url}/delete")
    shared, renamed, withdrawn = AuditEntry.objects.filter(object_kind="saved_search").order_by(
        "pk"
    )
    assert (shared.action, withdrawn.action) == ("search_shared", "search_withdrawn")
    assert shared.detail["new"]["asked.first"] == "2026-11-01"
    assert "5550142" not in str(shared.detail)
    assert renamed.detail == {
        "fields": ["name"], "old": {"name": "Vega"}, "new": {"name": "Tom Vega"},
    }  # fmt: skip
    assert withdrawn.detail["old"]["with"] == "groups"


def test_what_is_not_shared_leaves_no_entry(sam_client: Client, sam: User) -> None:
    search = keep(sam)
    sam_client.post(f"/searches/{search.search_id}", {"name": "Mine", "version": "1"})
    sam_client.post(f"/searches/{search.search_id}/delete")
    assert not AuditEntry.objects.filter(object_kind="saved_search").exists()


def test_nothing_is_kept_of_a_list_that_is_not_filtered(sam_client: Client) -> None:
    assert sam_client.get("/searches/new?list=all&query=after%3Dx").status_code == 404
    page = sam_client.get("/recordings/").content.decode()
    assert "Save this search…" not in page


def test_what_is_too_long_for_an_address_is_not_kept() -> None:
    assert kept_of(QueryDict("q=" + "a" * 2001)) == ""
