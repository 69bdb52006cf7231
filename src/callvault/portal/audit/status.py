"""How the chain is, for the head of the page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from . import lease
from .models import ChainFinding, ChainLink, ChainStatement, Unchained
from .triggers import missing_triggers

SHOWN = 5
SILENT_AFTER = timedelta(minutes=10)
WAITING_CAP = 1000


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """What the page says of the chain."""

    findings: list[ChainFinding]  # the first few
    more_findings: int
    checked_at: datetime | None  # end of the last check of all; None: none is over yet
    checked_entries: int
    checking: int  # place reached by the check under way; 0: none is
    entries: int
    waiting: int
    signed_at: str  # of the last statement; empty: nothing is signed yet
    is_silent: bool  # entries wait, or a check is due, and no worker does it
    guards_missing: bool  # triggers of the database are gone


def chain_status() -> ChainStatus:
    """Read it. Only what a worker found out before: nothing is checked here."""
    state, now = lease.state(), timezone.now()
    findings = list(ChainFinding.objects.all()[: SHOWN + 1])
    total = ChainFinding.objects.count() if len(findings) > SHOWN else len(findings)
    last = ChainLink.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    statement = ChainStatement.objects.order_by("-id").values_list("at", flat=True).first()
    held = state.held_until is not None and state.held_until > now - SILENT_AFTER
    return ChainStatus(
        findings=findings[:SHOWN],
        more_findings=max(total - SHOWN, 0),
        checked_at=state.checked_at,
        checked_entries=state.checked_entries,
        checking=state.round_sequence if state.round_began_at else 0,
        entries=last or 0,
        waiting=Unchained.objects.all()[: WAITING_CAP + 1].count(),
        signed_at=statement or "",
        is_silent=not held,
        guards_missing=bool(missing_triggers(connection)),
    )
