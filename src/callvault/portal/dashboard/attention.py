"""What wants somebody: the lines of *Needs attention*, the gravest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from callvault.monitoring.disk import WARN_AT, DiskUsage
from callvault.policy.completeness import CdrVerdict
from callvault.policy.decision import Verdict
from callvault.portal import wording
from callvault.portal.completeness.alarm import standing
from callvault.portal.decisions.open_attempts import open_attempts
from callvault.portal.exports import status as exports
from callvault.portal.integrity.models import IntegrityFinding
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import Report, is_fresh, read_report
from callvault.portal.storage.models import Move, StorageLocation
from callvault.portal.storage.progress import backlog

from .figures import CallFigures
from .span import Span

BACKLOG_LATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Matter:
    """One line."""

    tone: str  # red, amber
    title: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as the dashboard draws it."""

    node: str
    is_fresh: bool
    report: Report

    @property
    def is_well(self) -> bool:
        """Whether it records, and nothing stands against it."""
        beat = self.report.recorder
        is_refusing = beat is not None and bool(beat.refusal)
        return self.is_fresh and not is_refusing and not self.report.vault_trouble

    @property
    def vault_used_percent(self) -> float | None:
        """How full its vault is; None: it does not tell."""
        total = self.report.vault_total_bytes
        return 100 * (total - self.report.vault_free_bytes) / total if total else None


def node_states(now: datetime) -> list[NodeState]:
    """Return the nodes, by name."""
    rows = NodeReport.objects.all()
    return [NodeState(row.node, is_fresh(row, now=now), read_report(row)) for row in rows]


def matters(calls: CallFigures, span: Span, nodes: list[NodeState]) -> list[Matter]:
    """Return what wants somebody."""
    found = [*_failures(calls, span), *_changes(), *_sources(), *_exports(), *_stores()]
    found += _completeness()
    for node in nodes:
        found += _of_node(node)
    return sorted(found, key=lambda one: one.tone != "red")


def _failures(calls: CallFigures, span: Span) -> Iterator[Matter]:
    count = calls.verdicts[Verdict.FAILED]
    if count:
        query = urlencode({"verdict": Verdict.FAILED.value, **span.query()})
        title = ngettext("%(count)d call failed", "%(count)d calls failed", count)
        yield Matter(
            "red",
            title % {"count": count},
            _("What was to be recorded is not complete. The journal is kept."),
            f"{reverse('decisions:list')}?{query}",
        )


def _changes() -> Iterator[Matter]:
    count = IntegrityFinding.objects.count()
    if count:
        title = ngettext(
            "%(count)d sign of tampering", "%(count)d signs of tampering", count
        )  # fmt: skip
        text = _("A recording or the log of recordings is not what it was.")
        yield Matter("red", title % {"count": count}, text, reverse("integrity:settings"))


def _completeness() -> Iterator[Matter]:
    found = standing(timezone.now())
    if found.is_below:
        language = wording.language_named(get_language())
        percent = found.capture.percent or 0.0
        told = {"percent": wording.grouped(percent, decimals=2, language=language)}
        query = urlencode({"verdict": CdrVerdict.MISSING.value, **found.span.query()})
        yield Matter(
            "red",
            _("Only %(percent)s%% of calls were captured") % told,
            _("By the phone system's own records. The missing ones are listed."),
            f"{reverse('completeness:list')}?{query}",
        )


def _sources() -> Iterator[Matter]:
    count = open_attempts().count()
    if count:
        title = ngettext(
            "%(count)d source without a trunk", "%(count)d sources without a trunk", count
        )
        text = _("It sent calls and gets no answer: allow it, or ignore it.")
        yield Matter("amber", title % {"count": count}, text, reverse("decisions:list"))


def _exports() -> Iterator[Matter]:
    if exports.is_failing(timezone.now()):
        waits = _("The target of data export has failed for a while. Recordings wait for it.")
        yield Matter("red", _("Recordings are not exported"), waits, reverse("exports:settings"))
    count = exports.failed_count()
    if count:
        title = ngettext(
            "%(count)d recording cannot be exported",
            "%(count)d recordings cannot be exported",
            count,
        )
        text = _("The queue of exports says why.")
        url = f"{reverse('exports:queue')}?state=failed"
        yield Matter("amber", title % {"count": count}, text, url)


def _stores() -> Iterator[Matter]:
    url = reverse("storage:index")
    for row in StorageLocation.objects.exclude(trouble=""):
        waiting = backlog().count if row.is_current else 0
        text = ngettext(
            "%(count)d recording waits on its node, and moves when it is back.",
            "%(count)d recordings wait on their nodes, and move when it is back.",
            waiting,
        )
        there = _("Recordings that lie there cannot be played until it is back.")
        title = _("%(place)s cannot be used") % {"place": row.name}
        yield Matter("red", title, text % {"count": waiting} if waiting else there, url)
    count = Move.objects.filter(has_failed=True).count()
    if count:
        title = ngettext(
            "%(count)d recording could not be moved",
            "%(count)d recordings could not be moved",
            count,
        )
        yield Matter("amber", title % {"count": count}, _("They stay where they are."), url)


def _of_node(node: NodeState) -> Iterator[Matter]:
    told, url = {"node": node.node}, f"{reverse('nodes:index')}#{node.node}"
    beat, report = node.report.recorder, node.report
    if not node.is_fresh:
        yield Matter(
            "red", _("%(node)s does not report") % told,
            _("Its machine or its worker is down."), url,
        )  # fmt: skip
        return
    if report.vault_trouble:
        text = _("Recordings wait on the spool until it does.")
        yield Matter("red", _("The vault of %(node)s takes nothing") % told, text, url)
    if beat is not None and beat.is_stopped:
        yield Matter("amber", _("%(node)s is stopped") % told, _("It takes no calls."), url)
    elif beat is not None and beat.refusal:
        yield Matter("amber", _("%(node)s takes no new calls") % told, beat.refusal, url)
    if report.oldest_age_s > BACKLOG_LATE.total_seconds() and report.waiting_journals:
        text = _("Calls wait for more than 15 minutes to be finished.")
        yield Matter("amber", _("The worker of %(node)s is behind") % told, text, url)
    disks = [(report.vault_free_bytes, report.vault_total_bytes)]
    disks += [(beat.free_bytes, beat.total_bytes)] if beat is not None else []
    if any(total and DiskUsage(free, total).free_ratio < 1 - WARN_AT for free, total in disks):
        text = _("Less than a fifth is free.")
        yield Matter("amber", _("A disk of %(node)s is filling") % told, text, url)
