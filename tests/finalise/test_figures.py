"""What a worker shows to those who watch it."""

from pathlib import Path
from uuid import UUID

from callvault.finalise.figures import Backlog, Progress, Tally, samples_of
from callvault.monitoring import page
from callvault.monitoring.disk import DiskUsage
from callvault.spool import SpooledJournal

S = 1_000_000_000


def journal(number: int, *, live: bool = False, events: bool = False) -> SpooledJournal:
    return SpooledJournal(
        path=Path(f"{number}.cvj"),
        journal_id=UUID(int=number),
        is_node_events=events,
        is_live=live,
        size_bytes=100 * number,
        modified_ns=number * S,
    )


def test_the_backlog_is_closed_journals_of_calls() -> None:
    journals = [journal(1, events=True), journal(2), journal(3), journal(4, live=True)]
    assert Backlog.of(journals, now_ns=10 * S) == Backlog(
        live=1, journals=2, size_bytes=500, oldest_age_s=8.0
    )
    assert Backlog.of([], now_ns=10 * S) == Backlog()


def test_an_idle_worker_shows_all_its_gauges() -> None:
    samples = samples_of(Tally(), Backlog(), Progress(0, 0, "gone"), DiskUsage(1, 4))
    text = page(samples).decode()
    assert "callvault_vault_ready 0.0\n" in text
    assert "callvault_vault_free_ratio 0.25\n" in text
    assert "callvault_finalise_backlog_journals 0.0\n" in text
