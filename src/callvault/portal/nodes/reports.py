"""What a node says of itself: written by its worker, which sees recorder, spool and vault."""

from datetime import datetime, timedelta

import msgspec
from django.db import close_old_connections

from callvault.clock import utc_from_ns
from callvault.portal.nodes.models import NodeReport
from callvault.portal.status import Heartbeat

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


def put_report(node: str, report: Report) -> None:
    """Replace a node's report. For processes that called `django.setup()`; not for requests."""
    close_old_connections()
    NodeReport.objects.update_or_create(
        node=node,
        defaults={"at": utc_from_ns(report.at_ns), "document": msgspec.to_builtins(report)},
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
