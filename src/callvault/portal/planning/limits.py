"""What the nodes of this system take, beside what a plan needs."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from callvault.policy.planning import REPLICATED_RECORDINGS, Needs, finalise_cores
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import is_fresh, read_report

TIMES_REAL_TIME = 400.0
"""How much faster than it is heard a core finishes audio: the bar that `make bench` holds."""


@dataclass(frozen=True, slots=True)
class SystemLimits:
    """The nodes that report, together. Zero: not known, or no limit is set."""

    nodes: int = 0
    calls_at_once: int = 0
    calls_per_second: int = 0
    cores: int = 0
    free_bytes: int = 0  # of the fullest vault: nodes may share it


@dataclass(frozen=True, slots=True)
class Gauge:
    """One need beside its limit."""

    label: str
    need: float
    limit: float  # 0: not known
    decimals: int

    @property
    def percent(self) -> float:
        """How much of the limit is needed, at most 100."""
        return min(100.0, 100 * self.need / self.limit) if self.limit else 0.0

    @property
    def is_passed(self) -> bool:
        """Whether the plan needs more than there is."""
        return 0 < self.limit < self.need


def system_limits(now: datetime) -> SystemLimits:
    """Add up the nodes that reported lately; one without a recorder takes no calls."""
    reports = [read_report(row) for row in NodeReport.objects.all() if is_fresh(row, now=now)]
    recorders = [one.recorder for one in reports if one.recorder]
    free = [one.vault_free_bytes for one in reports if one.vault_total_bytes]
    return SystemLimits(
        nodes=len(reports),
        calls_at_once=_sum_of([one.max_calls for one in recorders]),
        calls_per_second=_sum_of([one.max_calls_per_second for one in recorders]),
        cores=_sum_of([one.cores for one in reports]),
        free_bytes=min(free, default=0),
    )


def gauges(needs: Needs, limits: SystemLimits) -> list[Gauge]:
    """Set a plan's needs beside what there is."""
    cores = finalise_cores(needs, times_real_time=TIMES_REAL_TIME)
    return [
        Gauge(_("Calls at once"), needs.calls_at_once, limits.calls_at_once, 0),
        Gauge(_("Calls per second"), needs.calls_per_second, limits.calls_per_second, 1),
        Gauge(_("Finishing, CPU cores"), cores, limits.cores, 1),
    ]


def is_beyond_replication(needs: Needs) -> bool:
    """Whether a plan keeps more recordings than a replicated local store should (DATA-5)."""
    return needs.recordings_kept > REPLICATED_RECORDINGS


def _sum_of(limits: list[int]) -> int:
    """Add limits up; one that is not known makes the sum unknown."""
    return sum(limits) if all(limits) else 0
