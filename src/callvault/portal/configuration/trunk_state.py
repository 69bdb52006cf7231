"""How each trunk is: heard when, with how many calls, what was refused, who knocked wrongly."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max

from callvault.clock import utc_from_ns
from callvault.policy.decision import Verdict
from callvault.portal.decisions.models import Attempt, Call
from callvault.portal.decisions.open_attempts import open_attempts
from callvault.portal.decisions.sentences import verdict_sentence
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import is_fresh, read_report
from callvault.portal.status import TrunkBeat

from .models import Trunk

COUNTED_OVER = timedelta(hours=24)
COUNT_CAP = 1000
REFUSALS_WITHIN = timedelta(days=30)
SILENT_AFTER = timedelta(hours=1)
"""A phone system that asks for life signs does so every few minutes at most."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last call of a trunk that was turned away, and why."""

    call: Call
    sentence: str


@dataclass(frozen=True, slots=True)
class TrunkState:
    """One trunk, and what is known of it."""

    trunk: Trunk
    heard_at: datetime | None  # any request of a peer; None: not since the recorders started
    calls: int | None  # in progress; None: no recorder reports
    last_call_at: datetime | None
    day_count: int  # calls of the last 24 hours; COUNT_CAP + 1: more than that
    refusal: Refusal | None
    attempts: list[Attempt] = field(default_factory=list)  # of its addresses, by a wrong transport

    @property
    def is_silent(self) -> bool:
        """Whether nothing was ever heard."""
        return self.heard_at is None and self.last_call_at is None

    @property
    def day_count_is_capped(self) -> bool:
        """Whether there were more calls than are counted."""
        return self.day_count > COUNT_CAP


def states_of(trunks: list[Trunk], *, now: datetime) -> list[TrunkState]:
    """Return how these trunks are."""
    beats, attempts = _beats(now), list(open_attempts())
    return [_state(trunk, beats, attempts, now) for trunk in trunks]


def state_of(trunk: Trunk, *, now: datetime) -> TrunkState:
    """Return how one trunk is."""
    return states_of([trunk], now=now)[0]


def open_attempt_count() -> int:
    """Return how many sources knock that no trunk allows."""
    return open_attempts().count()


def _state(
    trunk: Trunk, beats: list[dict[str, TrunkBeat]], attempts: list[Attempt], now: datetime
) -> TrunkState:
    mine = [beat[trunk.name] for beat in beats if trunk.name in beat]
    calls = Call.objects.filter(trunk_name=trunk.name)
    last = calls.aggregate(at=Max("at"))["at"]
    heard = [utc_from_ns(beat.heard_at_ns) for beat in mine if beat.heard_at_ns]
    day = calls.filter(at__gte=now - COUNTED_OVER).values("pk")[: COUNT_CAP + 1]
    return TrunkState(
        trunk=trunk,
        heard_at=max([*heard, *([last] if last else [])], default=None),
        calls=sum(beat.calls for beat in mine) if beats else None,
        last_call_at=last,
        day_count=len(day) if last else 0,
        refusal=_refusal(trunk, now) if last else None,
        attempts=[one for one in attempts if trunk.allows(one.peer_address)],
    )


def _beats(now: datetime) -> list[dict[str, TrunkBeat]]:
    """Return what the recorder of each live node says of its trunks."""
    reports = [read_report(row) for row in NodeReport.objects.all() if is_fresh(row, now=now)]
    return [report.recorder.trunks for report in reports if report.recorder is not None]


def _refusal(trunk: Trunk, now: datetime) -> Refusal | None:
    rows = Call.objects.filter(verdict__in=(Verdict.REFUSED.value, Verdict.FAILED.value))
    found = rows.filter(trunk_name=trunk.name, at__gte=now - REFUSALS_WITHIN).order_by("-at")
    call = found.first()
    return Refusal(call, verdict_sentence(call)) if call is not None else None
