"""The dashboard: each figure is as many as the list behind it has, for who may see that list."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.policy.decision import Verdict
from callvault.portal.decisions.apps import TALLY
from callvault.portal.decisions.models import Call, CallTally
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import Report, put_report
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording, RecordingTally
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.status import Heartbeat
from callvault.portal.tallies import put_up
from tests.portal.catalogue_facts import Spoken, list_recording
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db


class TestGate(GatedViewTest):
    url = "/dashboard/"
    sam_may = otto_may = True


def text_of(client: Client, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200, path
    check_policy(page)
    return unescape(page.content.decode())


def decided(verdict: Verdict, at: datetime) -> Call:
    event_id = uuid4()
    document: dict[str, object] = {"verdict": verdict.value, "steps": []}
    return Call.objects.create(
        event_id=event_id, at=at, verdict=verdict.value, node="rec-1", peer="192.0.2.14",
        decision=document,
    )  # fmt: skip


def links(page: str, path: str) -> list[tuple[str, int]]:
    """Return address and figure of each link to a list that ends in a number."""
    main = page[page.index('id="dashboard"') :]
    found = re.findall(rf'<a [^>]*href="({path}\?[^"]+)"[^>]*>(.*?)</a>', main, re.S)
    told = [(url, re.sub(r"<[^>]+>", " ", text).strip()) for url, text in found]
    counted = [(url, re.search(r"(?:^|\s)([\d,]+)$", text)) for url, text in told]
    return [(url, int(hit[1].replace(",", ""))) for url, hit in counted if hit]


def rows_behind(client: Client, url: str) -> int:
    return text_of(client, url).count("data-cv-open=")


@pytest.mark.parametrize("days", ["today", "week", "month"])
def test_each_figure_of_calls_is_the_count_of_the_list_behind_it(
    rita_client: Client, days: str
) -> None:
    now = timezone.now()
    for verdict, hours in (
        (Verdict.RECORDED, 0), (Verdict.RECORDED, 0), (Verdict.FAILED, 0), (Verdict.FILTERED, 0),
        (Verdict.RECORDED, 30), (Verdict.FAILED, 30), (Verdict.REFUSED, 24 * 20),
    ):  # fmt: skip
        decided(verdict, now - timedelta(hours=hours))
    found = links(text_of(rita_client, f"/dashboard/?range={days}"), "/decisions/")
    assert len(found) > 4
    assert any(count for _url, count in found)
    for url, count in found:
        assert rows_behind(rita_client, url) == count, url


def test_the_capture_rate_is_what_is_stored_of_what_was_to_be(rita_client: Client) -> None:
    now = timezone.now()
    for verdict in (*[Verdict.RECORDED] * 6, Verdict.FAILED, Verdict.FILTERED):
        decided(verdict, now)
    page = text_of(rita_client, "/dashboard/")
    assert "85.71 %" in page  # 6 of 7, cut
    assert "1 of 7 calls failed" in page
    assert "A call that no recorder heard of is not in it." in page


def test_a_remark_leads_to_the_recordings_that_have_it(rita_client: Client, ann: User) -> None:
    now = timezone.now()
    list_recording(ann, Spoken(started_at=now, flags=("loss", "one_way")))
    list_recording(ann, Spoken(started_at=now, flags=("loss",)))
    list_recording(ann, Spoken(started_at=now))
    page = text_of(rita_client, "/dashboard/")
    found = dict(links(page, "/recordings/"))
    counts = {url.rpartition("remark=")[2]: count for url, count in found.items()}
    assert (counts["loss"], counts["one_way"]) == (2, 1)
    assert "33.33 %" in page
    for url, count in found.items():
        assert rows_behind(rita_client, url) == count, url


def test_a_supervisor_sees_figures_of_the_own_groups_alone(
    client: Client, sam: User, otto: User, ann: User
) -> None:
    now = timezone.now()
    list_recording(ann, Spoken(started_at=now, flags=("silent",)))
    list_recording(ann, Spoken(started_at=now))
    list_recording(otto, Spoken(started_at=now, flags=("loss",)))
    list_recording(sam, Spoken(started_at=now, group="depot"))  # of before the group changed
    decided(Verdict.FAILED, now)
    client.force_login(sam)
    page = text_of(client, "/dashboard/")
    assert "/decisions/" not in page
    assert "Needs attention" not in page
    assert "Packets lost" not in page
    found = links(page, "/recordings/")
    assert max(count for _url, count in found) == 3
    for url, count in found:
        assert rows_behind(client, url) == count, url


def test_a_new_install_says_what_comes_first(rita_client: Client, client: Client) -> None:
    page = text_of(rita_client, "/dashboard/")
    assert "The first recording will appear here" in page
    assert 'id="dashboard"' not in page


def test_what_wants_somebody_is_told_with_the_way_to_it(rita_client: Client) -> None:
    now = timezone.now()
    decided(Verdict.RECORDED, now)
    assert "every node is well" in text_of(rita_client, "/dashboard/")
    beat = Heartbeat(ns_from_utc(now), calls=3, max_calls=50, free_bytes=1, total_bytes=100)
    report = Report(
        ns_from_utc(now), recorder=beat, waiting_journals=7, waiting_bytes=5_000_000,
        oldest_age_s=3600.0, vault_trouble="No space left",
    )  # fmt: skip
    put_report("rec-1", report)
    put_report("rec-2", report)
    NodeReport.objects.filter(node="rec-2").update(at=now - timedelta(minutes=5))
    page = text_of(rita_client, "/dashboard/")
    for told in (
        "The vault of rec-1 takes nothing", "The worker of rec-1 is behind",
        "A disk of rec-1 is filling", "rec-2 does not report", "3 of 50", "0 of 2 well",
    ):  # fmt: skip
        assert told in page, told
    assert '<a class="cv-name" href="/nodes/#rec-2">' in page


def test_figures_follow_each_change_of_a_call_and_of_a_recording(ann: User) -> None:
    at = datetime(2026, 11, 23, 13, 25, tzinfo=UTC)
    call = decided(Verdict.FAILED, at)
    call.verdict = Verdict.RECORDED.value
    call.save()
    counts = CallTally.objects.filter(count__gt=0).values_list("verdict", "count")
    assert list(counts) == [("recorded", 1)]
    Call.objects.all().delete()
    assert not CallTally.objects.filter(count__gt=0).exists()
    list_recording(ann, Spoken(started_at=at, flags=("loss",)))
    tally = RecordingTally.objects.get(count__gt=0)
    assert (tally.count, tally.flagged) == (1, 1)
    assert tally.size_bytes == recordings_in_catalogue().get().size_bytes
    recordings_in_catalogue().delete()
    assert not RecordingTally.objects.filter(count__gt=0).exists()


def test_a_catalogue_that_was_filled_before_is_counted(ann: User) -> None:
    decided(Verdict.RECORDED, timezone.now())
    on = " ON decisions_call" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER call_tally_added{on}")
    decided(Verdict.RECORDED, timezone.now())
    put_up(TALLY, connection)
    decided(Verdict.RECORDED, timezone.now())
    assert sum(CallTally.objects.values_list("count", flat=True)) == 3


def test_administrators_begin_at_the_dashboard_once_a_call_is_recorded(
    client: Client, rita: User, sam: User, anns_recording: Recording
) -> None:
    client.force_login(rita)
    assert client.get("/")["Location"] == "/dashboard/"
    client.force_login(sam)
    assert client.get("/")["Location"] == "/recordings/"
