"""The address of a node on its page, and the button that has it tested."""

import pytest
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.monitoring.reachability import NodeAddress, NodeCheck, Outcome
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import (
    Report,
    TestReport,
    is_test_due,
    put_report,
    put_test,
    read_test,
)
from callvault.portal.nodes.wording import check_view
from callvault.portal.people.models import User
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db

ADDRESS = NodeAddress(("192.0.2.200",), False, 5060, 5061, 10000, 32767)
TARGET = {"target": "192.0.2.200:5060"}


@pytest.fixture
def node(db: None) -> NodeReport:
    put_report("rec-1", Report(ns_from_utc(timezone.now()), address=ADDRESS))
    return NodeReport.objects.get()


def test_the_address_that_peers_see_is_on_the_page(rita_client: Client, node: NodeReport) -> None:
    text = rita_client.get("/nodes/").content.decode()
    for told in ("192.0.2.200", "(found by itself)", "UDP and TCP 5060", "UDP 10000"):
        assert told in text


def test_it_stands_beside_the_guides_of_a_trunk(rita_client: Client, node: NodeReport) -> None:
    text = rita_client.get("/settings/trunks/new").content.decode()
    assert "rec-1" in text
    assert "UDP and TCP 5060, TLS 5061" in text


def test_a_test_is_asked_for_done_by_the_worker_and_shown(
    rita_client: Client, node: NodeReport
) -> None:
    assert not is_test_due("rec-1")
    response = rita_client.post("/nodes/rec-1/test")
    assert response["Location"] == "/nodes/#rec-1"
    assert is_test_due("rec-1")
    pending = rita_client.get("/nodes/").content.decode()
    assert "The test runs…" in pending
    assert 'hx-trigger="every 3s"' in pending
    check = NodeCheck("tcp", Outcome.PASSED, TARGET | {"status": "200"})
    done = TestReport(ns_from_utc(timezone.now()), (check,))
    put_test("rec-1", done)
    node.refresh_from_db()
    assert (read_test(node), is_test_due("rec-1")) == (done, False)
    page = rita_client.get("/nodes/")
    check_policy(page)
    text = page.content.decode()
    assert "TCP 192.0.2.200:5060 is reached" in text


def test_a_later_report_keeps_what_a_test_found(node: NodeReport) -> None:
    put_test("rec-1", TestReport(1))
    put_report("rec-1", Report(ns_from_utc(timezone.now())))
    node.refresh_from_db()
    assert read_test(node) == TestReport(1)


def test_only_administrators_test_and_only_nodes_that_there_are(
    client: Client, rita_client: Client, ann: User, node: NodeReport
) -> None:
    assert rita_client.post("/nodes/nowhere/test").status_code == 404
    assert rita_client.get("/nodes/rec-1/test").status_code == 405
    client.force_login(ann)
    assert client.post("/nodes/rec-1/test").status_code == 403
    assert not is_test_due("rec-1")


@pytest.mark.parametrize(
    ("check", "title", "text"),
    [
        (
            NodeCheck("udp", Outcome.PASSED, TARGET | {"status": "503"}),
            "UDP 192.0.2.200:5060 is reached",
            "It says 503: no new calls now.",
        ),
        (
            NodeCheck("tls", Outcome.PASSED, TARGET | {"found": "certificate"}),
            "TLS 192.0.2.200:5060 is reached",
            "It asks for a certificate, as it does of peers.",
        ),
        (
            NodeCheck("udp", Outcome.UNKNOWN, TARGET | {"found": "silent"}),
            "UDP 192.0.2.200:5060 gives no answer",
            "The node cannot reach itself there. A router that does not turn packets round hides "
            "the address from it; peers may still reach it.",
        ),
        (
            NodeCheck("tcp", Outcome.FAILED, TARGET | {"found": "refused"}),
            "TCP 192.0.2.200:5060 is not reached",
            "Nobody listens there.",
        ),
        (
            NodeCheck("tls", Outcome.FAILED, TARGET | {"found": "tls", "reason": "wrong version"}),
            "TLS 192.0.2.200:5060 is not reached",
            "Wrong version.",
        ),
        (
            NodeCheck("media_ports", Outcome.PASSED, {"free": "30", "taken": "2"}),
            "Media ports can be had",
            "30 pairs are free, 2 are in use.",
        ),
        (
            NodeCheck("test", Outcome.FAILED, {"reason": "no key"}),
            "The node could not be tested",
            "No key.",
        ),
        (
            NodeCheck(
                "open_files",
                Outcome.REMARK,
                {"limit": "1024", "calls": "104", "calls_by_ports": "5692"},
            ),
            "Open files are fewer than the ports need",
            "1,024 are allowed, for 104 calls; the ports do for 5,692.",
        ),
        (NodeCheck("flux", Outcome.PASSED, {}), "flux", ""),
    ],
)
def test_each_check_is_worded(check: NodeCheck, title: str, text: str) -> None:
    view = check_view(check)
    assert (view.title, view.text) == (title, text)
