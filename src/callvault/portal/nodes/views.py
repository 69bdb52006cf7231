"""Service and nodes: how each node is, how long the disk lasts, what the nodes reported."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.clock import utc_from_ns
from callvault.monitoring.disk import WARN_AT, DiskUsage
from callvault.portal.decisions.models import NodeEvent
from callvault.portal.decisions.node_events import node_event_view
from callvault.portal.people.gates import administrators_only
from callvault.portal.status import Heartbeat, ProgramBeat

from .filling import vault_forecast
from .models import NodeReport
from .order_views import OFFERED
from .orders import Order, OrderKind, read_order_of, state_of
from .reports import Report, TestReport, ask_for_test, is_fresh, read_report, read_test
from .wording import CheckView, check_view

EVENTS_SHOWN = 20
CLOCK_OFF_S = 2.0


@dataclass(frozen=True, slots=True)
class DiskView:
    """One file system of a node."""

    free_bytes: int
    total_bytes: int

    @property
    def free_percent(self) -> int:
        """What is free, in whole percent."""
        return int(DiskUsage(self.free_bytes, self.total_bytes).free_ratio * 100)

    @property
    def is_filling(self) -> bool:
        """Whether that is worth a warning."""
        return self.free_percent < round((1 - WARN_AT) * 100)


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of the page."""

    row: NodeReport
    report: Report
    is_fresh: bool
    spool: DiskView | None
    vault: DiskView | None
    test: TestReport | None
    checks: list[CheckView]

    @property
    def is_being_tested(self) -> bool:
        """Whether a test was asked for that its worker has not done yet."""
        return self.is_fresh and self.row.test_asked_at is not None

    @property
    def order(self) -> Order | None:
        """What is ordered that its worker has not taken over yet."""
        return read_order_of(self.row)

    @property
    def state(self) -> str:
        """What its recorder does: none, recording, draining or stopped."""
        return state_of(self.report.recorder)

    @property
    def offered(self) -> tuple[OrderKind, ...]:
        """What can be ordered of it; while an order waits, its opposite."""
        if self.order is not None:
            return ("drain",) if self.order.kind == "start" else ("start",)
        return OFFERED[self.state]

    @property
    def recorder_since(self) -> datetime | None:
        """When its recorder started."""
        return _since(self.report.recorder)

    @property
    def worker_since(self) -> datetime | None:
        """When its worker started."""
        return _since(self.report.worker)

    @property
    def web_since(self) -> datetime | None:
        """When its portal started."""
        return _since(self.report.web)

    @property
    def clock_offset_s(self) -> float:
        """How far its clock is from the catalogue's."""
        return abs(self.report.clock_offset_ms or 0) / 1000

    @property
    def is_clock_off(self) -> bool:
        """Whether recordings get wrong times there."""
        return self.clock_offset_s >= CLOCK_OFF_S

    @property
    def tested_at(self) -> datetime | None:
        """When it was tested last."""
        return utc_from_ns(self.test.at_ns) if self.test else None


@require_safe
@never_cache
@administrators_only
def index(request: HttpRequest) -> HttpResponse:
    """Show all nodes that ever reported."""
    now = timezone.now()
    nodes = [_node_view(row, now) for row in NodeReport.objects.all()]
    context = {
        "nodes": nodes,
        "forecast": vault_forecast(now),
        "node_events": [node_event_view(row) for row in NodeEvent.objects.all()[:EVENTS_SHOWN]],
    }
    return render(request, "nodes/index.html", context)


@require_POST
@administrators_only
def test(request: HttpRequest, node: str) -> HttpResponse:
    """Have a node tested by its worker, which does so within seconds."""
    if not ask_for_test(node):
        raise Http404
    return redirect(f"{reverse('nodes:index')}#{node}")


def _since(beat: Heartbeat | ProgramBeat | None) -> datetime | None:
    return utc_from_ns(beat.since_ns) if beat is not None and beat.since_ns else None


def _node_view(row: NodeReport, now: datetime) -> NodeView:
    report = read_report(row)
    beat = report.recorder
    spool = DiskView(beat.free_bytes, beat.total_bytes) if beat and beat.total_bytes else None
    vault = None
    if report.vault_total_bytes:
        vault = DiskView(report.vault_free_bytes, report.vault_total_bytes)
    test = read_test(row)
    checks = [check_view(check) for check in test.checks] if test else []
    return NodeView(row, report, is_fresh(row, now=now), spool, vault, test, checks)
