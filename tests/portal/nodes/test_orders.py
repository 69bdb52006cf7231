"""Start, drain and stop of a node: who may, what it says, and that the worker gets it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.portal.audit.models import AuditEntry
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.orders import Order, carried_out, order_for
from callvault.portal.nodes.reports import Report, put_report
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.status import Heartbeat, ProgramBeat
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db


def reported(
    node: str = "rec-1",
    *,
    trouble: str = "",
    calls: int = 0,
    is_draining: bool = False,
    is_stopped: bool = False,
) -> None:
    now_ns = ns_from_utc(timezone.now())
    put_report(
        node,
        Report(
            now_ns,
            recorder=Heartbeat(
                now_ns,
                calls=calls,
                is_draining=is_draining,
                is_stopped=is_stopped,
                version="0.9.1",
                since_ns=now_ns,
            ),
            worker=ProgramBeat(now_ns, now_ns, "0.9.2"),
            clock_offset_ms=3400,
            is_clock_synchronised=False,
            order_trouble=trouble,
        ),
    )


class TestDrainGate(GatedViewTest):
    url = "/nodes/rec-1/drain"

    def address(self, recording: Recording) -> str:
        """The page of a node that reports."""
        reported()
        return self.url


class TestStopGate(TestDrainGate):
    url = "/nodes/rec-1/stop"


@pytest.mark.parametrize("deed", ["start", "drain", "stop"])
def test_a_supervisor_orders_nothing(client: Client, sam: User, deed: str) -> None:
    client.force_login(sam)
    reported()
    assert client.post(f"/nodes/rec-1/{deed}", {"wait": "0"}).status_code == 403
    assert order_for("rec-1") is None


def test_the_page_asks_with_the_calls_in_progress(rita_client: Client) -> None:
    reported(calls=3)
    for deed in ("drain", "stop"):
        page = rita_client.get(f"/nodes/rec-1/{deed}")
        check_policy(page)
        text = page.content.decode()
        assert "3 calls are in progress there." in text
        assert "No other node records." in text
    reported("rec-2")
    assert "No other node" not in rita_client.get("/nodes/rec-1/stop").content.decode()


def test_a_stop_reaches_the_worker_and_is_gone_when_it_is_carried_out(rita_client: Client) -> None:
    reported(calls=3)
    assert rita_client.post("/nodes/rec-1/stop", {"wait": "7"}).status_code == 422
    assert rita_client.post("/nodes/rec-1/stop", {"wait": "15"})["Location"] == "/nodes/#rec-1"
    order = order_for("rec-1")
    assert order is not None
    assert (order.kind, order.by, order.wait_minutes) == ("stop", "rita", 15)
    (entry,) = AuditEntry.objects.filter(action="node_stopped")
    told = {name: entry.detail[name] for name in ("old", "new", "calls", "wait_minutes")}
    assert told == {
        "old": {"state": "recording"}, "new": {"state": "stopped"}, "calls": 3, "wait_minutes": 15,
    }  # fmt: skip
    assert "Ordered by rita" in rita_client.get("/nodes/").content.decode()
    carried_out("rec-1", Order("drain", 5, "rita"))  # another one: the newer stays
    assert order_for("rec-1") == order
    carried_out("rec-1", order)
    assert order_for("rec-1") is None


def test_a_report_of_the_worker_does_not_lose_an_order(rita_client: Client) -> None:
    reported()
    rita_client.post("/nodes/rec-1/drain")
    reported()
    assert order_for("rec-1") is not None


def test_a_node_that_is_down_says_so_and_is_ordered_nothing(rita_client: Client) -> None:
    reported()
    NodeReport.objects.update(at=timezone.now() - timedelta(minutes=2))
    page = rita_client.get("/nodes/").content.decode()
    assert "the machine or its worker is down" in page
    assert "/nodes/rec-1/drain" not in page
    assert "does not report" in rita_client.get("/nodes/rec-1/stop").content.decode()
    answer = rita_client.post("/nodes/rec-1/drain", follow=True).content.decode()
    assert "Nothing was ordered." in answer
    assert order_for("rec-1") is None


@pytest.mark.parametrize(
    ("draining", "stopped", "offered", "told"),
    [
        (False, False, {"drain", "stop"}, "0 calls in progress"),
        (True, False, {"start", "stop"}, "Drained: no call is left"),
        (True, True, {"start"}, "Stopped: takes no calls"),
    ],
)
def test_only_what_changes_something_is_offered(
    rita_client: Client, draining: bool, stopped: bool, offered: set[str], told: str
) -> None:
    reported(is_draining=draining, is_stopped=stopped)
    page = rita_client.get("/nodes/").content.decode()
    assert {
        deed for deed in ("start", "drain", "stop") if f"/nodes/rec-1/{deed}" in page
    } == offered
    assert told in page
    refused = ({"start", "drain", "stop"} - offered).pop()
    answer = rita_client.post(f"/nodes/rec-1/{refused}", {"wait": "0"}, follow=True)
    assert "does that already" in answer.content.decode()
    assert order_for("rec-1") is None


def test_a_drain_tells_how_many_calls_are_left(rita_client: Client) -> None:
    reported(calls=2, is_draining=True)
    page = rita_client.get("/nodes/").content.decode()
    assert "Draining: 2 calls left" in page
    assert 'hx-trigger="every 3s"' in page


def test_an_order_that_the_node_cannot_follow_says_why(rita_client: Client) -> None:
    reported()
    rita_client.post("/nodes/rec-1/drain")
    reported(trouble="[Errno 28] No space left on device")
    assert "No space left on device" in rita_client.get("/nodes/").content.decode()


def test_versions_and_the_clock_of_a_node_are_shown(rita_client: Client) -> None:
    reported()
    page = rita_client.get("/nodes/").content.decode()
    for told in ("version 0.9.1", "version 0.9.2", "3.4 s apart", "not kept right by NTP", "Wrong"):
        assert told in page


def test_an_unknown_node_is_not_found(rita_client: Client) -> None:
    for deed in ("start", "drain", "stop"):
        assert rita_client.post(f"/nodes/nowhere/{deed}", {"wait": "0"}).status_code == 404
