"""Importing people: looked at, then done exactly so."""

from typing import Any, ClassVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.people.models import PeopleImport, User
from callvault.portal.people.sources import Source
from tests.portal.gated import GatedViewTest

pytestmark = pytest.mark.django_db

FILE = (
    "Username,Extension,Group name,Shoe size\r\nnew,2099,sales,\r\nann,2015,,\r\nbad user,1,,\r\n"
)


class TestUploadPage(GatedViewTest):
    url: ClassVar[str] = "/people/import"


class TestExport(GatedViewTest):
    url: ClassVar[str] = "/people/export.csv"


class TestTemplate(GatedViewTest):
    url: ClassVar[str] = "/people/template.csv"


def text_of(response: Any) -> str:
    """Return what a download holds."""
    return b"".join(response.streaming_content).decode()


def uploaded(client: Client, text: str = FILE) -> str:
    file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
    response = client.post("/people/import", {"file": file})
    assert response.status_code == 302, response.context["form"].errors
    return str(response["Location"])


def test_a_file_is_shown_before_anything_is_done(rita_client: Client, ann: User) -> None:
    page = rita_client.get(uploaded(rita_client))
    text = page.content.decode()
    assert page.context["draft"].counts == {"created": 1, "changed": 1, "unchanged": 0, "error": 1}
    assert "Import 2 people" in text
    assert "Shoe size" in text
    assert "Only letters, digits and . @ + - _ may stand here." in text
    assert User.objects.count() == 2


def test_it_is_done_as_it_was_shown(rita_client: Client, ann: User, rita: User) -> None:
    address = uploaded(rita_client)
    before = PolicyRevision.current()
    assert rita_client.post(address).status_code == 302
    new = User.objects.get(username="new")
    ann.refresh_from_db()
    assert (new.extension, new.group, new.source) == ("2099", "sales", Source.CSV)
    assert (ann.extension, ann.group, ann.version) == ("2015", "", 2)
    assert not new.has_usable_password()
    assert PolicyRevision.current() == before + 1
    whole = AuditEntry.objects.get(action=Action.PEOPLE_IMPORTED)
    assert (whole.actor_id, whole.detail["created"]) == (rita.pk, 1)
    changed = AuditEntry.objects.get(action=Action.PERSON_CHANGED)
    assert changed.detail["fields"] == ["extension", "group"]
    assert (changed.detail["old"], changed.detail["new"]) == ({"group": "sales"}, {"group": ""})
    draft = PeopleImport.objects.get()
    assert (bytes(draft.content), draft.done_at is None) == (b"", False)
    assert "Imported" in rita_client.get(address).content.decode()
    rita_client.post(address)  # again: nothing is done twice
    assert AuditEntry.objects.filter(action=Action.PEOPLE_IMPORTED).count() == 1


def test_a_file_that_would_do_something_else_by_now_is_shown_anew(
    rita_client: Client, ann: User, sam: User
) -> None:
    address = uploaded(rita_client)
    User.objects.filter(pk=sam.pk).update(extension="2099")
    PolicyRevision.bump()
    response = rita_client.post(address)
    assert response.status_code == 409
    assert "people were changed since this file was looked at" in response.content.decode()
    assert not User.objects.filter(username="new").exists()
    assert rita_client.post(address).status_code == 302  # what is shown now
    ann.refresh_from_db()
    assert ann.extension == "2015"


def test_what_does_not_concern_people_does_not_stop_an_import(
    rita_client: Client, ann: User
) -> None:
    address = uploaded(rita_client)
    PolicyRevision.bump()
    assert rita_client.post(address).status_code == 302


def test_two_people_swap_their_numbers(rita_client: Client, ann: User, sam: User) -> None:
    rita_client.post(uploaded(rita_client, "Username,Extension\nann,2001\nsam,2014\n"))
    ann.refresh_from_db()
    sam.refresh_from_db()
    assert (ann.extension, sam.extension) == ("2001", "2014")


def test_a_bad_file_is_refused_where_it_was_chosen(rita_client: Client) -> None:
    for text in ("", "Name\nann\n"):
        file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
        response = rita_client.post("/people/import", {"file": file})
        assert (response.status_code, set(response.context["form"].errors)) == (422, {"file"})
    assert rita_client.post("/people/import").status_code == 422
    assert not PeopleImport.objects.exists()


def test_the_report_is_filtered_paged_and_taken_away(rita_client: Client, ann: User) -> None:
    rows = "".join(f"u{number},{3000 + number}\n" for number in range(150))
    address = uploaded(rita_client, f"Username,Extension\n{rows}ann,wrong\n")
    assert len(rita_client.get(f"{address}?outcome=error").context["page"].lines) == 1
    assert rita_client.get(f"{address}?start=100").context["page"].last == 151
    assert rita_client.get(f"{address}?start=99999&outcome=x").status_code == 200
    report = text_of(rita_client.get(f"{address}/report.csv"))
    assert '152,ann,error,,"Extension: Only digits' in report


def test_an_import_is_its_maker_s_and_can_be_forgotten(
    rita_client: Client, client: Client, ann: User
) -> None:
    address = uploaded(rita_client)
    other = User.objects.create_user("other", level=40)
    second = Client()
    second.force_login(other)
    assert second.get(address).status_code == 404
    assert rita_client.post(f"{address}/discard").status_code == 302
    assert not PeopleImport.objects.exists()


def test_an_export_comes_back_as_unchanged(rita_client: Client, ann: User, sam: User) -> None:
    for separator in ("comma", "semicolon"):
        response = rita_client.get("/people/export.csv", {"separator": separator})
        text = text_of(response)
        counts = rita_client.get(uploaded(rita_client, text)).context["draft"].counts
        assert counts == {"created": 0, "changed": 0, "unchanged": 3, "error": 0}
    assert AuditEntry.objects.filter(action=Action.PEOPLE_EXPORTED).count() == 2
    only = rita_client.get("/people/export.csv", {"group": "sales", "level": "30"})
    assert text_of(only).count("\r\n") == 2
