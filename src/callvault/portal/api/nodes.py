"""Nodes by the API: how each is, and testing it, for administrators."""

from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from ninja import Router, Schema, Status
from pydantic import Field

from callvault.clock import utc_from_ns
from callvault.portal.middleware import language_of
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.order_views import is_offered
from callvault.portal.nodes.orders import OrderKind, give_order, read_order_of, state_of
from callvault.portal.nodes.reports import ask_for_test, is_fresh, read_report, read_test
from callvault.portal.nodes.wording import check_view

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .problems import Problem
from .scopes import Scope
from .shapes import Moment, Taken

router = Router(tags=["Nodes"])
Facts = dict[str, Any]
_MOST = 1000


class CheckOut(Schema):
    """One check of a test."""

    code: str = Field(description="For programs; new ones may be added.")
    outcome: str = Field(description="passed, failed, or unknown.")
    title: str = Field(description="In the caller's language, as is `text`.")
    text: str


class NodeOut(Schema):
    """A node, as it last reported."""

    node: str
    reported_at: Moment
    is_fresh: bool = Field(description="False: it is out of reach, or down.")
    calls: int | None = Field(description="In progress; null: no recorder runs there.")
    recordings: int | None
    refusal: str = Field(description="Why it takes no call; empty: it does.")
    state: Literal["none", "recording", "draining", "stopped"]
    ordered: OrderKind | None = Field(description="What its worker has not taken over yet.")
    waiting_journals: int = Field(description="Recordings that are not finished yet.")
    waiting_bytes: int
    oldest_age_s: float
    spool_free_bytes: int | None
    spool_total_bytes: int | None
    vault_free_bytes: int | None
    vault_total_bytes: int | None
    vault_trouble: str = Field(description="Why the vault takes nothing; empty: it does.")
    addresses: list[str]
    is_being_tested: bool
    tested_at: Moment | None
    checks: list[CheckOut] = Field(description="Of the last test.")


class StopAsked(Taken):
    """How long calls in progress may take to end, of a stop."""

    wait_minutes: Literal[0, 5, 15, 60, 240] = 60


class OrderAsked(Schema):
    """An order that the node's worker takes over within seconds."""

    node: str
    order: OrderKind


class TestAsked(Schema):
    """A test that a worker does within seconds."""

    __test__ = False  # for pytest: no test of ours

    node: str
    status: Literal["asked"]


@router.get(
    "", response={200: list[NodeOut], **PROBLEMS}, **using(Scope.NODES_READ), summary="List nodes",
)  # fmt: skip
def list_nodes(request: HttpRequest) -> list[Facts]:
    """Return all nodes that ever reported, by name."""
    user = administrator_of(request)
    with translation.override(language_of(user)):
        return [_told(row) for row in NodeReport.objects.order_by("node")[:_MOST]]


@router.post(
    "/{node}/test", response={202: TestAsked, **PROBLEMS}, **using(Scope.NODES_READ),
    summary="Test a node",
)  # fmt: skip
def test_node(request: HttpRequest, node: str) -> Status[Facts]:
    """Have its worker test whether it is reached; what comes of it stands in the list."""
    administrator_of(request)
    if "\0" in node or not ask_for_test(node):
        raise Http404
    return Status(202, {"node": node, "status": "asked"})


@router.post(
    "/{node}/start", response={202: OrderAsked, **PROBLEMS}, **using(Scope.NODES_CONTROL),
    summary="Start a node",
)  # fmt: skip
def start_node(request: HttpRequest, node: str) -> Status[Facts]:
    """Have a node take calls again."""
    return _ordered(request, node, "start")


@router.post(
    "/{node}/drain", response={202: OrderAsked, **PROBLEMS}, **using(Scope.NODES_CONTROL),
    summary="Drain a node",
)  # fmt: skip
def drain_node(request: HttpRequest, node: str) -> Status[Facts]:
    """Have a node take no new calls; those in progress go on."""
    return _ordered(request, node, "drain")


@router.post(
    "/{node}/stop", response={202: OrderAsked, **PROBLEMS}, **using(Scope.NODES_CONTROL),
    summary="Stop a node",
)  # fmt: skip
def stop_node(request: HttpRequest, node: str, order: StopAsked) -> Status[Facts]:
    """Have a node end its recorder when its calls have ended, or after the wait."""
    return _ordered(request, node, "stop", wait_minutes=order.wait_minutes)


def _ordered(
    request: HttpRequest, node: str, kind: OrderKind, *, wait_minutes: int = 60
) -> Status[Facts]:
    administrator_of(request)
    if "\0" in node:
        raise Http404
    row = get_object_or_404(NodeReport, node=node)
    if not is_fresh(row, now=timezone.now()):
        raise Problem(409, "out_of_reach", "It does not report: nobody there would follow.")
    if not is_offered(row, kind):
        raise Problem(409, "in_that_state", "It does that already.")
    if not give_order(request, node, kind, wait_minutes=wait_minutes):
        raise Http404
    return Status(202, {"node": node, "order": kind})


def _told(row: NodeReport) -> Facts:
    report, test = read_report(row), read_test(row)
    beat, has_vault = report.recorder, bool(report.vault_total_bytes)
    order = read_order_of(row)
    fresh = is_fresh(row, now=timezone.now())
    return {
        "node": row.node,
        "reported_at": row.at,
        "is_fresh": fresh,
        "calls": beat.calls if beat else None,
        "recordings": beat.recordings if beat else None,
        "refusal": beat.refusal if beat else "",
        "state": state_of(beat),
        "ordered": order.kind if order else None,
        "waiting_journals": report.waiting_journals,
        "waiting_bytes": report.waiting_bytes,
        "oldest_age_s": report.oldest_age_s,
        "spool_free_bytes": beat.free_bytes if beat and beat.total_bytes else None,
        "spool_total_bytes": beat.total_bytes if beat and beat.total_bytes else None,
        "vault_free_bytes": report.vault_free_bytes if has_vault else None,
        "vault_total_bytes": report.vault_total_bytes if has_vault else None,
        "vault_trouble": report.vault_trouble,
        "addresses": list(report.address.addresses) if report.address else [],
        "is_being_tested": fresh and row.test_asked_at is not None,
        "tested_at": utc_from_ns(test.at_ns) if test else None,
        "checks": [
            {"code": one.code, "outcome": view.outcome, "title": view.title, "text": view.text}
            for one in (test.checks if test else ())
            for view in [check_view(one)]
        ],
    }
