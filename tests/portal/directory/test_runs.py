"""Who works on a run: one worker at a time, another where that one died, nobody once it is over."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from callvault.portal.directory import sync as syncing
from callvault.portal.directory.faults import SourceFault
from callvault.portal.directory.loop import DirectoryKeeper
from callvault.portal.directory.models import DirectoryRun, DirectorySource, Kind, Purpose, RunState
from callvault.portal.directory.runs import (
    KEPT_ROWS_OF,
    LEASE,
    Claim,
    ClaimLost,
    ask_for_due_runs,
    ask_for_run,
    cancel_run,
    claim_run,
    forget_old_runs,
)
from callvault.portal.directory.schedule import next_due

ROME = ZoneInfo("Europe/Rome")


@pytest.fixture
def source(db: None) -> DirectorySource:
    """A directory that nobody reaches."""
    return DirectorySource.objects.create(
        name="Head office", kind=Kind.LDAP, rhythm="every", every_minutes=30
    )


def claimed(source: DirectorySource, *, now: datetime | None = None) -> Claim:
    claim = claim_run(worker="rec-1", now=now or timezone.now())
    assert claim is not None
    return claim


def test_one_worker_takes_a_run(source: DirectorySource) -> None:
    ask_for_run(source, Purpose.SYNC, asked_by=None)
    claimed(source)
    assert claim_run(worker="rec-2", now=timezone.now()) is None


def test_a_worker_that_died_is_followed_by_another(source: DirectorySource) -> None:
    ask_for_run(source, Purpose.SYNC, asked_by=None)
    first = claimed(source)
    later = timezone.now() + LEASE + timedelta(seconds=1)
    second = claimed(source, now=later)
    second.keep(read_count=1)
    with pytest.raises(ClaimLost):
        first.keep(read_count=2)


def test_a_run_that_is_cancelled_stops_its_worker(source: DirectorySource) -> None:
    run = ask_for_run(source, Purpose.SYNC, asked_by=None)
    claim = claimed(source)
    assert run is not None
    assert cancel_run(run)
    assert not cancel_run(run)
    with pytest.raises(ClaimLost):
        claim.end(RunState.DONE)


def test_a_run_that_is_due_is_asked_for_once(source: DirectorySource) -> None:
    now = timezone.now()
    DirectorySource.objects.update(next_run_at=now - timedelta(hours=5))
    for _ in range(3):
        ask_for_due_runs(now=now)
    run = DirectoryRun.objects.get()
    assert (run.is_scheduled, run.purpose) == (True, Purpose.SYNC)
    source.refresh_from_db()
    assert source.next_run_at == now + timedelta(minutes=30)


def test_the_worker_ends_every_run_with_its_reason(
    source: DirectorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = DirectoryKeeper("rec-1")
    monkeypatch.setattr(syncing, "entries_in", _broken(SourceFault("gone", server="dc1")))
    ask_for_run(source, Purpose.SYNC, asked_by=None)
    assert keeper.look()
    assert not keeper.look()
    monkeypatch.setattr(syncing, "entries_in", _broken(RuntimeError("a fault of ours")))
    ask_for_run(source, Purpose.SYNC, asked_by=None)
    assert keeper.look()
    codes = DirectoryRun.objects.order_by("pk").values_list("state", "fault_code")
    assert list(codes) == [(RunState.FAILED, "gone"), (RunState.FAILED, "internal")]


def _broken(error: Exception) -> object:
    def entries(*_: object, **__: object) -> None:
        raise error

    return entries


def test_old_tables_of_people_are_forgotten(source: DirectorySource) -> None:
    for _ in range(KEPT_ROWS_OF + 2):
        DirectoryRun.objects.create(
            source=source, purpose=Purpose.SYNC, state=RunState.DONE, rows=[{"kind": "create"}]
        )
    forget_old_runs(source)
    assert DirectoryRun.objects.exclude(rows=[]).count() == KEPT_ROWS_OF
    assert DirectoryRun.objects.count() == KEPT_ROWS_OF + 2


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("after", "daily", "expected"),
    [
        (at(2026, 11, 27, 1, 0), time(3, 0), at(2026, 11, 27, 2, 0)),
        (at(2026, 11, 27, 2, 0), time(3, 0), at(2026, 11, 28, 2, 0)),
        (at(2026, 7, 1, 0, 30), time(3, 0), at(2026, 7, 1, 1, 0)),
        (at(2026, 3, 28, 22, 0), time(2, 30), at(2026, 3, 29, 1, 30)),  # skipped in spring
        (at(2026, 10, 25, 0, 30), time(2, 30), at(2026, 10, 26, 1, 30)),  # twice in autumn
    ],
)
def test_a_daily_time_is_of_the_systems_clock(
    after: datetime, daily: time, expected: datetime
) -> None:
    assert next_due("daily", after=after, daily_at=daily, zone=ROME) == expected


def test_a_directory_may_be_looked_into_only_when_asked() -> None:
    assert next_due("off", after=at(2026, 1, 1), zone=ROME) is None
    soon = next_due("every", after=at(2026, 1, 1), every_minutes=1, zone=ROME)
    assert soon == at(2026, 1, 1, 0, 5)
