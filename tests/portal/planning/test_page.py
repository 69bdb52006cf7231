"""The page of the storage calculator: figures of a plan, limits of the nodes, measured traffic."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.portal.nodes.reports import Report, put_report
from callvault.portal.people.models import User
from callvault.portal.status import Heartbeat
from tests.portal.catalogue_facts import list_recording
from tests.portal.gated import GatedViewTest

OFFICE = "/calculator/?users=400&calls=38&minutes=4.2&months=24"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


def text_of(client: Client, url: str) -> str:
    return " ".join(client.get(url).content.decode().replace("\xa0", " ").split())


def put_node(*, max_calls: int = 2500, free_bytes: int = 4 * 10**12) -> None:
    now_ns = ns_from_utc(timezone.now())
    beat = Heartbeat(now_ns, max_calls=max_calls, max_calls_per_second=300)
    put_report(
        "node-1",
        Report(now_ns, beat, vault_free_bytes=free_bytes, vault_total_bytes=10**13, cores=4),
    )


class TestGate(GatedViewTest):
    url = "/calculator/"


def test_the_office_of_the_design_is_told_as_in_its_picture(rita_client: Client) -> None:
    put_node()
    page = text_of(rita_client, OFFICE)
    for told in ("7.7 TB", "15.3 GB", "15,200 calls", "Erlang B, 0.1% refused", "7,660,800"):
        assert told in page
    assert "What is free now is full after 12 months." in page
    assert '182 <span class="cv-muted">of 2,500</span>' in page
    assert '0.4 <span class="cv-muted">of 4</span>' in page
    assert "more than this system takes" not in page


def test_a_plan_beyond_the_nodes_says_which_limit_it_passes(rita_client: Client) -> None:
    put_node(max_calls=150)
    page = text_of(rita_client, OFFICE)
    assert "Calls at once: more than this system takes." in page
    assert "Calls per second: more than" not in page


def test_one_node_that_does_not_tell_its_limit_leaves_the_sum_unknown(rita_client: Client) -> None:
    put_node(max_calls=0)
    assert '182 <span class="cv-muted">no limit known</span>' in text_of(rita_client, OFFICE)


def test_channels_are_planned_by_erlang_b(rita_client: Client) -> None:
    page = text_of(rita_client, "/calculator/?by=channels&channels=182&minutes=4.2&months=24")
    assert '<dd class="cv-figures__value">182</dd>' in page
    assert "7.7 TB" in page


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("minutes=0", "Mean length"),
        ("users=-1", "Recorded users"),
        ("users=1e9", "Recorded users"),
        ("channels=999999999&by=channels", "Channels"),
        ("months=nan", "Retention"),
        ("busiest=inf", "Share of the busiest hour"),
        ("by=phones", "Plan"),
    ],
)
def test_what_is_no_plan_is_told_by_field(rita_client: Client, query: str, told: str) -> None:
    page = text_of(rita_client, f"/calculator/?{query}")
    assert f"<strong>{told}</strong>" in page
    assert "The plan is not complete" in page
    assert rita_client.get(f"/calculator/plan.csv?{query}").status_code == 302


def test_a_comma_is_a_decimal_point_in_every_language(rita_client: Client, rita: User) -> None:
    for minutes in ("4.2", "4,2"):
        assert "2.0 GB" in text_of(rita_client, f"/calculator/?minutes={minutes}")
    rita.language = "it"
    rita.save()
    for minutes in ("4.2", "4,2"):
        assert "2,0 GB" in text_of(rita_client, f"/calculator/?minutes={minutes}")


def test_a_plan_that_keeps_nothing_draws_nothing(rita_client: Client) -> None:
    assert "This plan keeps nothing." in text_of(rita_client, "/calculator/?users=0")
    assert "This plan keeps nothing." in text_of(rita_client, "/calculator/?months=0")


def test_the_plan_comes_as_csv(rita_client: Client) -> None:
    answer = rita_client.get(OFFICE.replace("/?", "/plan.csv?"))
    assert answer["Content-Disposition"] == 'attachment; filename="storage-plan.csv"'
    rows = dict(line.split(",") for line in answer.content.decode().splitlines())
    assert rows["calls_at_once"] == "182"
    assert rows["bytes_per_day"] == "15321600000"


def test_measured_traffic_fills_the_fields_and_keeps_the_rest(
    rita_client: Client, ann: User
) -> None:
    day = timezone.localtime(timezone.now() - timedelta(days=2)).replace(hour=10, minute=5)
    for minutes in (0, 5, 130):
        row = list_recording(ann)
        type(row).objects.filter(pk=row.pk).update(
            started_at=day + timedelta(minutes=minutes), duration_ms=90_000, size_bytes=360_000
        )
    answer = rita_client.get("/calculator/measured?months=48&users=7")
    page = text_of(rita_client, answer["Location"])
    for value in ("users=1&", "calls=3.0&", "minutes=1.50&", "busiest=66.7&", "kbit=32"):
        assert value in answer["Location"] + "&"
    assert "months=48" in answer["Location"]
    assert "3 recordings of 1.5 min on average, 66.7% of a day" in page


def test_without_recordings_there_is_nothing_to_fill_in(rita_client: Client) -> None:
    answer = rita_client.get("/calculator/measured", follow=True)
    assert "Nothing was recorded here in the last 30 days." in answer.content.decode()
    assert "Measured here" not in answer.content.decode()
