"""The pages of directories: settings, test, runs, and what an administrator sees of them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from msgspec import to_builtins
from pytest_django import Settings

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.directory.credentials import credentials_of
from callvault.portal.directory.faults import SourceFault
from callvault.portal.directory.models import (
    DirectoryPerson,
    DirectoryRun,
    DirectorySource,
    Kind,
    Purpose,
    RunState,
)
from callvault.portal.directory.planning import Row, RowKind
from callvault.portal.directory.states import attention
from callvault.portal.people.models import User
from tests.flows.authority import Authority
from tests.portal.directory.conftest import sync
from tests.portal.directory.slapd import PASSWORD, PEOPLE, READER, Slapd
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db

SECRET = "a secret that nobody sees"
NEW = "/settings/directory/new/openldap"


class TestTheList(GatedViewTest):
    url = "/settings/directory/"


class TestANewDirectory(GatedViewTest):
    url = "/settings/directory/new/active_directory"


class TestANewWebex(GatedViewTest):
    url = "/settings/directory/new/webex"


def typed(**changed: Any) -> dict[str, Any]:
    """Return a form as a browser sends it: OpenLDAP's attributes."""
    return {
        "name": "Head office",
        "uris": "ldaps://dc1.example.com\nldaps://dc2.example.com:1636",
        "security": "ldaps",
        "bind_dn": READER,
        "password": SECRET,
        "base_dns": PEOPLE,
        "search_filter": "(objectClass=inetOrgPerson)",
        "id_attribute": "entryUUID",
        "membership_attribute": "memberOf",
        "signs_in": "on",
        "map_username": "uid",
        "map_extension": "ipPhone, telephoneNumber",
        "group_by": "hand",
        "additional_groups_by": "hand",
        "new_level": "20",
        "adopts": "on",
        "gone": "delete",
        "max_removed_percent": "10",
        "rhythm": "off",
        "every_minutes": "60",
        **changed,
    }


def added(client: Client, **changed: Any) -> DirectorySource:
    response = client.post(NEW, typed(**changed))
    assert response.status_code == 302, response.context["form"].errors
    return DirectorySource.objects.get(name=changed.get("name", "Head office"))


def address(source: DirectorySource, page: str = "") -> str:
    return f"/settings/directory/{source.public_id}{page}"


def test_a_directory_is_added_with_its_password_sealed(rita_client: Client) -> None:
    source = added(rita_client)
    assert source.mapping["extension"] == ["ipPhone", "telephoneNumber"]
    assert credentials_of(source).password == SECRET
    assert SECRET not in source.sealed
    for page in ("", "/edit", "/delete"):
        response = rita_client.get(address(source, page))
        assert response.status_code == 200
        assert SECRET not in response.content.decode()
        assert source.sealed not in response.content.decode()
        check_policy(response)
    entry = AuditEntry.objects.get(action=Action.DIRECTORY_CREATED)
    assert SECRET not in str(entry.detail)
    assert "sealed" not in str(entry.detail)


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"name": ""}, "name", "required"),
        ({"uris": "https://dc1"}, "uris", "Line 1"),
        ({"uris": "ldap://dc1.example.com"}, "uris", "ldaps://"),
        ({"uris": "ldaps://user:pw@dc1"}, "uris", "Line 1"),
        ({"base_dns": "Staff"}, "base_dns", "DN"),
        ({"bind_dn": "reader"}, "bind_dn", "DN"),
        ({"password": ""}, "password", "password"),
        ({"search_filter": "((x=y)"}, "search_filter", "bracket"),
        ({"id_attribute": ""}, "id_attribute", "objectGUID"),
        ({"map_username": ""}, "map_username", "user name"),
        ({"map_email": "no name!"}, "map_email", "attribute"),
        ({"group_by": "membership"}, "group_rules", "rule"),
        ({"group_rules": "cn=x"}, "group_rules", "Line 1"),
        ({"group_by": "attribute"}, "map_group", "attribute"),
        ({"max_removed_percent": "101"}, "max_removed_percent", "100"),
        ({"rhythm": "every", "every_minutes": "1"}, "every_minutes", "5"),
        ({"rhythm": "daily"}, "daily_at", "time"),
        ({"security": "plain", "uris": "ldap://dc1"}, "accept_plain", "LDAPS"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_typed(
    rita_client: Client, changed: dict[str, Any], field: str, told: str
) -> None:
    response = rita_client.post(NEW, typed(**changed))
    assert response.status_code == 422
    assert told in str(response.context["form"].errors[field])
    assert not DirectorySource.objects.exists()
    assert SECRET not in response.content.decode()
    if field != "name":
        assert "Head office" in response.content.decode()


def test_a_saved_password_stays_and_never_goes_to_another_server(rita_client: Client) -> None:
    source = added(rita_client)
    kept = typed(password="", version="1", max_removed_percent="20")
    assert rita_client.post(address(source, "/edit"), kept).status_code == 302
    source.refresh_from_db()
    assert (source.max_removed_percent, credentials_of(source).password) == (20, SECRET)
    elsewhere = typed(password="", version="2", uris="ldaps://evil.example")
    for button in ({}, {"test": "1"}):
        response = rita_client.post(address(source, "/edit"), elsewhere | button)
        assert "password" in response.context["form"].errors
    entry = AuditEntry.objects.get(action=Action.DIRECTORY_CHANGED)
    assert entry.detail["new"] == {"max_removed_percent": 20}


def test_who_saves_an_older_form_is_told(rita_client: Client) -> None:
    source = added(rita_client)
    rita_client.post(address(source, "/edit"), typed(version="1", name="Changed"))
    response = rita_client.post(address(source, "/edit"), typed(version="1", name="Mine"))
    assert response.status_code == 422
    assert "meanwhile" in response.content.decode()
    again = typed(version=response.context["form"].data["version"], name="Mine")
    assert rita_client.post(address(source, "/edit"), again).status_code == 302


def test_a_certificate_is_taken_and_a_private_key_is_not(
    rita_client: Client, tmp_path: Any
) -> None:
    authority = Authority(tmp_path / "a")
    key = authority.issue("server").key
    with authority.file.open("rb") as file:
        source = added(rita_client, ca_file=file)
    assert source.ca_pem.startswith("-----BEGIN CERTIFICATE")
    assert "Test authority" in rita_client.get(address(source, "/edit")).content.decode()
    with key.open("rb") as file:
        refused = rita_client.post(NEW, typed(name="Other", ca_file=file))
    assert "private key" in str(refused.context["form"].errors["ca_file"])


def test_a_schedule_sets_the_next_run(rita_client: Client) -> None:
    source = added(rita_client, rhythm="every", every_minutes="30")
    assert source.next_run_at is not None
    assert timedelta(minutes=29) < source.next_run_at - timezone.now() < timedelta(minutes=31)
    rita_client.post(address(source, "/edit"), typed(version="1", rhythm="off"))
    source.refresh_from_db()
    assert source.next_run_at is None


def test_deleting_a_directory_keeps_its_people(rita_client: Client, ann: User) -> None:
    source = added(rita_client)
    DirectoryPerson.objects.create(person=ann, source=source, external_id="1")
    assert "1 person stays" in rita_client.get(address(source, "/delete")).content.decode()
    rita_client.post(address(source, "/delete"))
    assert not DirectorySource.objects.exists()
    assert User.objects.filter(pk=ann.pk).exists()


# --- runs


def a_run(source: DirectorySource, state: RunState, *rows: Row, **facts: Any) -> DirectoryRun:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    return DirectoryRun.objects.create(
        source=source, state=state, rows=to_builtins(rows), counts=counts,
        **({"purpose": Purpose.SYNC} | facts),
    )  # fmt: skip


def gone(number: int) -> Row:
    return Row(
        RowKind.DELETE,
        key=str(User().public_id),
        username=f"p{number}",
        removes=True,
        reason="gone",
    )


@pytest.fixture
def source(rita_client: Client) -> DirectorySource:
    return added(rita_client)


def run_page(client: Client, run: DirectoryRun, query: str = "") -> str:
    response = client.get(f"/settings/directory/runs/{run.public_id}{query}")
    assert response.status_code == 200
    check_policy(response)
    return response.content.decode()


def test_a_run_is_asked_for_once(rita_client: Client, source: DirectorySource, rita: User) -> None:
    for _ in range(2):
        response = rita_client.post(address(source, "/run"), {"purpose": "sync"})
        run = DirectoryRun.objects.get()
        assert response["Location"].endswith(str(run.public_id))
    assert (run.purpose, run.state, run.asked_by) == (Purpose.SYNC, RunState.WAITING, rita)
    assert AuditEntry.objects.filter(action=Action.DIRECTORY_RUN_ASKED).count() == 1
    assert "It goes on when you leave this page." in run_page(rita_client, run)
    rita_client.post(f"/settings/directory/runs/{run.public_id}/cancel")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_the_safety_stop_is_shown_everywhere_and_applied_after_a_look(
    rita_client: Client, source: DirectorySource
) -> None:
    rows = [gone(number) for number in range(3)]
    run = a_run(source, RunState.STOPPED, *rows, linked_count=5)
    told = "It would take away 3 of 5 people, more than 10%: nothing was changed."
    for page in ("/settings/directory/", "/nodes/", address(source)):
        assert told in rita_client.get(page).content.decode()
    page = run_page(rita_client, run)
    assert told in page
    assert "Apply, and take 3 people away" in page
    rita_client.post(f"/settings/directory/runs/{run.public_id}/apply")
    asked = DirectoryRun.objects.get(state=RunState.WAITING)
    assert asked.approved == sorted(row.key for row in rows)


def test_a_fault_is_told_with_the_way_out(rita_client: Client, source: DirectorySource) -> None:
    run = a_run(
        source,
        RunState.FAILED,
        fault_code="tls_expired",
        fault_values={"server": "dc1.example.com:636"},
    )
    page = run_page(rita_client, run)
    assert "The certificate of dc1.example.com:636 has expired." in page
    assert "Nobody was changed" in page
    assert "<dt>Server</dt><dd>dc1.example.com:636</dd>" in page
    (notice,) = attention()
    assert notice.strong == "Head office could not be read."


def test_an_ended_trouble_needs_nobody(rita_client: Client, source: DirectorySource) -> None:
    a_run(source, RunState.FAILED, fault_code="gone")
    a_run(source, RunState.DONE)
    a_run(source, RunState.FAILED, purpose=Purpose.PREVIEW, fault_code="gone")
    assert attention() == []


def test_rows_are_found_by_kind_and_name_and_come_in_pages(
    rita_client: Client, source: DirectorySource
) -> None:
    changed = Row(
        RowKind.CHANGE, key=str(User().public_id), username="ann", name="Ann <b>Keller</b>",
        changes={"extension": ("2014", "2015"), "is_active": (True, False)},
    )  # fmt: skip
    told = {"field": "extension", "value": "7", "why": "7 already belongs to Eve."}
    odd = Row(RowKind.ERROR, username="x", reason="value", told=told)
    run = a_run(source, RunState.PREVIEWED, changed, odd, *[gone(number) for number in range(60)])
    page = run_page(rita_client, run)
    assert "1 to 50 of 62" in page
    assert "Extension 7: 7 already belongs to Eve." in page
    assert "51 to 62 of 62" in run_page(rita_client, run, "?from=50")
    page = re.sub(r"\s+", " ", run_page(rita_client, run, "?kind=change&q=keller"))
    assert "Ann &lt;b&gt;Keller&lt;/b&gt;" in page
    assert "2014 → 2015" in page
    assert "yes → no" in page
    assert "Nobody in this run matches." in run_page(rita_client, run, "?q=nobody")


# --- the test button


@pytest.mark.flow
def test_the_test_says_which_step_failed_and_shows_five_people(
    rita_client: Client, slapd: Slapd, ann: User
) -> None:
    with slapd.authority.file.open("rb") as file:
        wrong = typed(uris=slapd.ldaps_uri, test="1", ca_file=file)
        page = rita_client.post(NEW, wrong).content.decode()
    assert "does not accept the account that reads" in page
    with slapd.authority.file.open("rb") as file:
        right = typed(uris=slapd.ldaps_uri, test="1", ca_file=file, password=PASSWORD)
        response = rita_client.post(NEW, right)
    trial = response.context["trial"]
    assert [step.outcome for step in trial.steps] == ["passed"] * 4
    assert [sample.shown["extension"] for sample in trial.samples] == [
        "10001", "10002", "10003", "10004", "10005",
    ]  # fmt: skip
    assert not DirectorySource.objects.exists()
    assert PASSWORD not in response.content.decode()


@pytest.mark.flow
def test_a_directory_of_webex_is_tested_and_synced(rita_client: Client) -> None:
    from tests.portal.directory.webex_stand_in import (
        CLIENT_ID,
        CLIENT_SECRET,
        FIRST_REFRESH_TOKEN,
        serving,
        webex_person,
    )

    with serving() as webex:
        webex.people = [webex_person(number) for number in range(1, 4)]
        form = {
            "name": "Webex", "webex_access": "app", "api_url": webex.url, "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET, "refresh_token": FIRST_REFRESH_TOKEN,
            "calling_only": "on", "map_username": "email", "map_extension": "extension",
            "active_attribute": "loginEnabled", "group_by": "hand", "additional_groups_by": "hand",
            "new_level": "20", "gone": "delete", "max_removed_percent": "10", "rhythm": "off",
            "every_minutes": "60",
        }  # fmt: skip
        url = "/settings/directory/new/webex"
        tested = rita_client.post(url, form | {"test": "1"})
        assert [sample.shown["username"] for sample in tested.context["trial"].samples] == [
            "w1@example.com", "w2@example.com", "w3@example.com",
        ]  # fmt: skip
        assert rita_client.post(url, form).status_code == 302
        assert sync(DirectorySource.objects.get(kind=Kind.WEBEX)).counts["create"] == 3


def test_a_person_of_a_directory_changes_no_password_here(client: Client, ann: User) -> None:
    ann.set_unusable_password()
    ann.save()
    client.force_login(ann)
    assert "Change your password there" in client.get("/password/").content.decode()


def test_the_page_of_a_person_says_which_directory_decides(
    rita_client: Client, source: DirectorySource, ann: User
) -> None:
    ann.set_unusable_password()
    ann.save()
    url = f"/people/{ann.public_id}"
    assert "Comes from" not in rita_client.get(url).content.decode()
    DirectoryPerson.objects.create(
        person=ann, source=source, external_id="1", reference="uid=ann,dc=example"
    )
    page = rita_client.get(url).content.decode()
    assert "Comes from Head office." in page
    assert "Signs in with the password of the directory." in page


def test_the_audit_log_tells_of_a_directory_by_its_name(
    rita_client: Client, source: DirectorySource
) -> None:
    page = rita_client.get("/audit/").content.decode()
    assert "directory Head office" in page


def test_a_password_sealed_by_another_key_is_told_and_typed_anew(
    rita_client: Client, rita: User, source: DirectorySource, settings: Settings
) -> None:
    settings.SECRET_KEY = "of another node, whose file is not the same"
    with pytest.raises(SourceFault, match="sealed"):
        credentials_of(source)
    rita_client.force_login(rita)  # its sessions are sealed by that key, too
    form = typed(version="1", password="typed anew")
    assert rita_client.post(address(source, "/edit"), form).status_code == 302
    source.refresh_from_db()
    assert credentials_of(source).password == "typed anew"
