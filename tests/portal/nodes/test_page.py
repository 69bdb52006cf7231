"""The page Service and nodes."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.portal.decisions.models import NodeEvent
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import Report, put_report, read_report
from callvault.portal.people.models import User
from callvault.portal.status import Heartbeat
from tests.portal.catalogue_facts import list_recording
from tests.portal.gated import GatedViewTest

GIB = 1 << 30


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


def report(**changed: object) -> Report:
    now_ns = ns_from_utc(timezone.now())
    known: dict[str, object] = {
        "at_ns": now_ns,
        "recorder": Heartbeat(now_ns, calls=3, free_bytes=50 * GIB, total_bytes=100 * GIB),
        "vault_free_bytes": 10 * GIB,
        "vault_total_bytes": 100 * GIB,
    }
    return Report(**(known | changed))  # type: ignore[arg-type]


def page(client: Client) -> str:
    return client.get("/nodes/").content.decode()


class TestGate(GatedViewTest):
    url = "/nodes/"


def test_without_reports_the_page_says_who_would_report(rita_client: Client) -> None:
    assert "No node has reported yet" in page(rita_client)


def test_a_node_is_shown_with_calls_disks_and_what_waits(rita_client: Client) -> None:
    put_report("node-1", report(waiting_journals=2, waiting_bytes=3 << 20))
    text = page(rita_client)
    assert "node-1" in text
    assert "3 calls in progress" in text
    assert "(50%)" in text
    assert "(10%), filling" in text
    assert "2 calls, 3.0" in text


def test_a_report_is_replaced_and_one_a_node_is_kept(rita_client: Client) -> None:
    put_report("node-1", report())
    put_report("node-1", report(vault_trouble="no space left on device"))
    assert NodeReport.objects.count() == 1
    assert "Takes no recordings: no space left on device." in page(rita_client)


def test_a_node_that_drains_says_so(rita_client: Client) -> None:
    beat = Heartbeat(1, calls=1, refusal="draining", is_draining=True)
    put_report("node-1", report(recorder=beat))
    assert "1 call in progress, draining: no new calls" in page(rita_client)


def test_a_node_that_fell_silent_is_told_from_one_that_is_well(rita_client: Client) -> None:
    put_report("node-1", report())
    NodeReport.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert "No report any more" in page(rita_client)


def test_the_forecast_goes_by_what_was_listed(rita_client: Client, ann: User) -> None:
    recording = list_recording(ann)
    yesterday = timezone.now() - timedelta(days=1)
    type(recording).objects.filter(pk=recording.pk).update(started_at=yesterday, size_bytes=GIB)
    put_report("node-1", report())
    text = page(rita_client)
    assert "1.0" in text
    assert "about 10 days" in text


def test_events_are_told_in_words_with_short_numbers(rita_client: Client) -> None:
    NodeEvent.objects.create(
        event_id="3f0a8a52-14d7-4e0a-9d7e-50d4ab0f0001",
        at=timezone.now(),
        node="node-1",
        kind="disk_filling",
        severity="warning",
        values={"free_bytes": str(5 * GIB)},
    )
    text = page(rita_client)
    assert "less than a fifth is free" in text
    assert "free 5.0" in text


def test_a_report_of_another_version_is_as_good_as_empty(db: None) -> None:
    row = NodeReport(node="n", at=timezone.now(), document={"at_ns": "never"})
    assert read_report(row) == Report(at_ns=0)
