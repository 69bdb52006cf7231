"""What a node says of itself: written by its worker, which sees recorder, spool and vault."""

from datetime import datetime, timedelta

import msgspec
from django.db import close_old_connections, connection
from django.utils import timezone

from callvault.clock import utc_from_ns
from callvault.monitoring.reachability import NodeAddress, NodeCheck
from callvault.portal.nodes.models import NodeReport
from callvault.portal.status import Heartbeat, ProgramBeat

FRESH = timedelta(seconds=60)
"""A node whose last report is older is out of reach, or down."""


class Report(msgspec.Struct, frozen=True):
    """A node at one moment."""

    at_ns: int  # UTC
    recorder: Heartbeat | None = None  # None: none runs there
    waiting_journals: int = 0
    waiting_bytes: int = 0
    oldest_age_s: float = 0.0
    vault_free_bytes: int = 0
    vault_total_bytes: int = 0
    vault_trouble: str = ""  # why the vault takes nothing
    cores: int = 0  # that finish recordings there; 0: a version that does not tell
    address: NodeAddress | None = None  # None: a version that does not tell
    worker: ProgramBeat | None = None  # None: a version that does not tell
    web: ProgramBeat | None = None  # None: no portal runs there
    clock_offset_ms: int | None = None  # ahead of the catalogue's clock; None: not measured
    is_clock_synchronised: bool | None = None  # by NTP or such, as the kernel says; None: no word
    order_trouble: str = ""  # why the last order could not be carried out


class TestReport(msgspec.Struct, frozen=True):
    """What came of the test of a node."""

    __test__ = False  # for pytest: no test of ours

    at_ns: int  # UTC
    checks: tuple[NodeCheck, ...] = ()


def put_report(node: str, report: Report, *, control: str = "") -> None:
    """Replace a node's report. For processes that called `django.setup()`; not for requests.

    `control` says where its recorder is controlled (nodes.doors).
    """
    close_old_connections()
    NodeReport.objects.update_or_create(
        node=node,
        defaults={
            "at": utc_from_ns(report.at_ns),
            "document": msgspec.to_builtins(report),
            "control": control,
        },
    )


def read_report(row: NodeReport) -> Report:
    """Return a report; one that a newer version wrote otherwise is as good as empty."""
    try:
        return msgspec.convert(row.document, Report)
    except msgspec.ValidationError:
        return Report(at_ns=0)


def is_fresh(row: NodeReport, *, now: datetime) -> bool:
    """Whether the node still reports."""
    return now - row.at <= FRESH


def catalogue_now_ns() -> int:
    """Return what time the catalogue's machine says it is, UTC."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT extract(epoch FROM clock_timestamp()) * 1e9")
        else:  # a file: this machine's clock, to the millisecond
            cursor.execute("SELECT (julianday('now') - 2440587.5) * 86400e9")
        (found,) = cursor.fetchone()
    return int(found)


def ask_for_test(node: str) -> bool:
    """Have the worker of a node test it; False if there is no such node."""
    return bool(NodeReport.objects.filter(node=node).update(test_asked_at=timezone.now()))


def is_test_due(node: str) -> bool:
    """Whether somebody asks for a test of this node. For its worker."""
    return NodeReport.objects.filter(node=node, test_asked_at__isnull=False).exists()


def put_test(node: str, report: TestReport) -> None:
    """Put down what came of a test."""
    rows = NodeReport.objects.filter(node=node)
    rows.update(test_asked_at=None, test=msgspec.to_builtins(report))


def read_test(row: NodeReport) -> TestReport | None:
    """Return what came of the last test; None: there was none, or another version's."""
    try:
        return msgspec.convert(row.test, TestReport) if row.test else None
    except msgspec.ValidationError:
        return None


def addresses_of_nodes(*, now: datetime) -> list[tuple[str, NodeAddress]]:
    """Return where each node that reports is reached."""
    rows = [row for row in NodeReport.objects.all() if is_fresh(row, now=now)]
    found = [(row.node, read_report(row).address) for row in rows]
    return [(node, address) for node, address in found if address is not None]
