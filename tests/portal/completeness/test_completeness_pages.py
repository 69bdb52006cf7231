"""Pages of completeness: a file comes in, its records are listed, and it goes again."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.completeness.judging import judge_due
from callvault.portal.completeness.models import CdrCall, CdrImport, CdrMapping
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.gated import GatedViewTest

from .files import cucm

pytestmark = pytest.mark.django_db

MAPPING = {
    "name": "Branch office",
    "start_column": "Start",
    "duration_column": "Seconds",
    "caller_column": "From",
    "callee_column": "To",
    "date_format": "iso",
    "zone": "Europe/Rome",
    "delimiter": ";",
    "version": "0",
}


class TestListGate(GatedViewTest):
    url = "/completeness/"


class TestImportsGate(GatedViewTest):
    url = "/completeness/imports/"


class TestMappingGate(GatedViewTest):
    url = "/completeness/mappings/new"


def upload(client: Client, content: bytes, layout: str = "cucm") -> Any:
    file = SimpleUploadedFile("cdr_Cluster1_01_1_1", content)
    return client.post("/completeness/imports/", {"file": file, "layout": layout})


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_without_records_the_page_says_where_to_get_them(rita_client: Client) -> None:
    told = page(rita_client, "/completeness/")
    assert "No call records were imported yet" in told
    assert "CDR Enabled Flag" in told


def test_a_file_is_imported_judged_listed_and_taken_back(
    rita_client: Client, anns_recording: Recording
) -> None:
    content = cucm({}, {"callingPartyNumber": "+15550199"}, {"dateTimeOrigination": "never"})
    answer = upload(rita_client, content)
    assert answer.status_code == 302
    told = page(rita_client, answer["Location"])
    assert "0 of 2 records have their verdict" in told
    assert "Line 5" in told
    assert "<progress" in told
    judge_due(timezone.now() + timedelta(seconds=1), holder="w")
    assert "<progress" not in page(rita_client, answer["Location"])
    call = anns_recording.call
    assert call is not None
    told = page(rita_client, "/completeness/")
    assert f"/decisions/{call.event_id}" in told
    assert "It would have been a call of ann." in told
    assert "Show its records" in page(rita_client, answer["Location"])
    assert rita_client.post(answer["Location"]).status_code == 302
    assert not CdrCall.objects.exists()
    undone = AuditEntry.objects.get(action=Action.CDR_IMPORT_UNDONE)
    assert undone.detail["rows"] == 2


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("verdict=missing", 1),
        ("verdict=recorded", 1),
        ("q=5550199", 1),
        ("q=%2B1 555 0142", 1),
        ("first=2026-11-24", 0),
        ("first=2026-11-23&last=2026-11-23", 2),
        ("last=2026-11-22", 0),
        ("source=00000000-0000-4000-8000-000000000000", 0),
    ],
)
def test_the_list_is_filtered(
    query: str, count: int, rita_client: Client, anns_recording: Recording
) -> None:
    upload(rita_client, cucm({}, {"callingPartyNumber": "+15550199"}))
    judge_due(timezone.now() + timedelta(seconds=1), holder="w")
    assert page(rita_client, f"/completeness/?{query}").count("cv-status__text") == count


def test_a_range_that_ends_before_it_begins_is_refused(rita_client: Client) -> None:
    told = page(rita_client, "/completeness/?first=2026-11-24&last=2026-11-23")
    assert "The last day is before the first." in told


def test_pages_are_turned_by_the_last_record(rita_client: Client) -> None:
    upload(rita_client, cucm(*({"pkid": f"many-{number}"} for number in range(60))))
    told = page(rita_client, "/completeness/")
    assert told.count("cv-status__text") == 50
    last = CdrCall.objects.order_by("-began_at", "-pk")[49]
    assert (
        page(rita_client, f"/completeness/?after={last.public_id}").count("cv-status__text") == 10
    )


def test_what_is_no_such_file_is_refused_with_the_reason(rita_client: Client) -> None:
    answer = upload(rita_client, b"Name,Number\nAnn,2014\n")
    assert answer.status_code == 422
    assert "does not name these columns: datetimeorigination" in answer.content.decode()
    assert not CdrImport.objects.exists()
    assert upload(rita_client, cucm({}), layout="other").status_code == 422


def test_a_mapping_is_added_used_changed_and_deleted(rita_client: Client, ann: User) -> None:
    assert rita_client.post("/completeness/mappings/new", MAPPING).status_code == 302
    row = CdrMapping.objects.get()
    content = b"Start;From;To;Seconds\n2026-11-23 14:25:30;+15550142;2014;372\n"
    assert upload(rita_client, content, str(row.public_id)).status_code == 302
    assert CdrCall.objects.get().began_at.isoformat() == "2026-11-23T13:25:30+00:00"
    address = f"/completeness/mappings/{row.public_id}"
    changed = MAPPING | {"zone": "Europe/London", "version": "1"}
    assert rita_client.post(address, changed).status_code == 302
    assert rita_client.post(address, changed).status_code == 422  # it is version 2 by now
    entry = AuditEntry.objects.filter(object_kind="cdr_mapping").latest("id")
    assert (entry.detail["old"], entry.detail["new"]) == (
        {"zone": "Europe/Rome"},
        {"zone": "Europe/London"},
    )
    assert "Delete the mapping Branch office?" in page(rita_client, f"{address}/delete")
    assert rita_client.post(f"{address}/delete").status_code == 302
    assert not CdrMapping.objects.exists()
    assert CdrCall.objects.count() == 1


@pytest.mark.parametrize(
    "typed",
    [
        {"zone": "Rome"},
        {"duration_column": ""},
        {"callee_column": "from"},
        {"start_column": ""},
        {"date_format": "other"},
        {"name": ""},
    ],
)
def test_a_mapping_that_cannot_work_is_refused(typed: dict[str, str], rita_client: Client) -> None:
    assert rita_client.post("/completeness/mappings/new", MAPPING | typed).status_code == 422
    assert not CdrMapping.objects.exists()


def test_two_mappings_of_one_name_are_refused(rita_client: Client) -> None:
    for status in (302, 422):
        assert rita_client.post("/completeness/mappings/new", MAPPING).status_code == status


def test_no_number_stands_in_the_audit_log(rita_client: Client) -> None:
    file = SimpleUploadedFile("calls of +15550142.csv", cucm({}))
    rita_client.post("/completeness/imports/", {"file": file, "layout": "cucm"})
    entry = AuditEntry.objects.get(action=Action.CDR_IMPORTED)
    assert entry.detail["rows"] == 1
    assert "5550142" not in str(entry.detail)
