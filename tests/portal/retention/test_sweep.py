"""The sweep: what is due and no more, whole batches, crashes, other workers, exports."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import msgspec
import pytest
from django.db import connection

from callvault.policy.retention import Period, Preset, RetentionRule
from callvault.policy.retention_change import Rules
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings import deletion
from callvault.portal.recordings.models import Recording, Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention import sweep as sweeping
from callvault.portal.retention import waiting
from callvault.portal.retention.models import RetentionSettings, RetentionSweep
from callvault.portal.retention.sweep import sweep
from callvault.portal.storage.places import store_of_node
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = pytest.mark.django_db
Committed = Callable[..., Any]  # django_capture_on_commit_callbacks
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(wanted: RetentionRule) -> None:
    RetentionSettings.objects.update_or_create(
        pk=1, defaults={"rules": msgspec.to_builtins(Rules(wanted))}
    )


@pytest.fixture
def five(ann: User) -> list[Recording]:
    """Calls that ended 5, 4, 3, 2 and 1 days ago; the oldest is preserved."""
    made = [
        list_recording(ann, Spoken(started_at=NOW - days * DAY, duration_ms=0))
        for days in (5, 4, 3, 2, 1)
    ]
    recordings_in_catalogue().filter(pk=made[0].pk).update(preserved_level=20, preserved_at=NOW)
    return made


def left() -> list[int]:
    """Return how many days ago the calls ended that are still there."""
    ends = recordings_in_catalogue().order_by("ended_at").values_list("ended_at", flat=True)
    return [(NOW - ended).days for ended in ends]


def days(count: int, **more: Any) -> RetentionRule:
    return RetentionRule(Preset.CUSTOM, Period(days=count), **more)


@pytest.mark.parametrize(
    ("wanted", "stay"),
    [
        (RetentionRule(), [5, 4, 3, 2, 1]),
        (RetentionRule(Preset.TWELVE_MONTHS), [5, 4, 3, 2, 1]),
        (RetentionRule(Preset.FOUR_HOURS), [5]),
        (days(3), [5, 2, 1]),
        (days(3, preserve=False), [2, 1]),
        (days(3, preserved_longer=Period(days=1)), [2, 1]),
        (days(3, preserved_longer=Period(days=3)), [5, 2, 1]),
    ],
)
@pytest.mark.usefixtures("five")
def test_what_is_due_goes(wanted: RetentionRule, stay: list[int]) -> None:
    rule(wanted)
    assert sweep(NOW, holder="one", batch=2) == 5 - len(stay)
    assert left() == stay
    assert sweep(NOW, holder="one", batch=2) == 0


@pytest.mark.usefixtures("five")
def test_without_a_rule_everything_stays() -> None:
    assert sweep(NOW, holder="one") == 0
    assert left() == [5, 4, 3, 2, 1]


def test_a_deletion_is_audited_with_its_digests_and_leaves_a_tombstone(
    five: list[Recording],
) -> None:
    rule(days(4))
    sweep(NOW, holder="one")
    entry = AuditEntry.objects.get(action=Action.DELETED)
    assert entry.object_id == str(five[1].recording_id)
    assert entry.detail["cause"] == "retention"
    assert entry.detail["due_at"] == NOW.isoformat()
    assert all(one["sha256"] for one in entry.detail["objects"])
    assert entry.detail["objects"] == five[1].objects_sealed
    assert Tombstone.objects.get().cause == "retention"


@pytest.mark.usefixtures("five", "data_folder")
def test_objects_leave_the_vault_after_the_commit(
    django_capture_on_commit_callbacks: Committed,
) -> None:
    rule(days(3))
    with django_capture_on_commit_callbacks(execute=True):
        sweep(NOW, holder="one")
    assert len(list(store_of_node().list(deletion.FOLDER))) == 2
    assert not Tombstone.objects.filter(objects_gone_at=None).exists()


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_sweep_that_dies_loses_its_batch_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    rule(RetentionRule(Preset.FOUR_HOURS))
    done: list[object] = []

    def dies(*args: Any, **told: Any) -> Tombstone:
        if len(done) == after:
            raise RuntimeError("power cut")
        done.append(args)
        return deletion.bury(*args, **told)

    monkeypatch.setattr(sweeping, "bury", dies)
    with pytest.raises(RuntimeError):
        sweep(NOW, holder="one", batch=2)
    whole = after // 2 * 2
    assert len(left()) == 5 - whole == 5 - Tombstone.objects.count()
    assert AuditEntry.objects.filter(action=Action.DELETED).count() == whole
    monkeypatch.undo()
    assert sweep(NOW, holder="two", batch=2) == 4 - whole
    assert left() == [5]


@pytest.mark.usefixtures("five")
def test_one_worker_at_a_time_and_another_after_one_that_died() -> None:
    rule(days(3))
    RetentionSweep.objects.create(pk=1, holder="dead", held_until=NOW + DAY)
    assert sweep(NOW, holder="one") == 0
    RetentionSweep.objects.update(held_until=NOW - timedelta(seconds=1))
    assert sweep(NOW, holder="one") == 2
    assert RetentionSweep.objects.get().held_until is None


@pytest.mark.usefixtures("five")
def test_a_long_sweep_stops_and_the_next_goes_on() -> None:
    rule(RetentionRule(Preset.FOUR_HOURS))
    times = iter([0.0, 1.0, 21.0])
    assert sweep(NOW, holder="one", seconds=lambda: next(times), batch=1) == 2
    assert RetentionSweep.objects.get().ended_at is None  # not at its end
    assert sweep(NOW, holder="one", batch=1) == 2
    assert RetentionSweep.objects.get().ended_at == NOW


def test_a_pending_export_is_waited_for_up_to_the_limit(
    five: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(days(3, preserve=False))
    waits = {one.record_number: NOW for one in five}
    monkeypatch.setattr(waiting, "_sources", [lambda asked: waits])
    assert sweep(NOW, holder="one") == 2  # due for a day and longer
    assert left() == [3, 2, 1]
    row = RetentionSweep.objects.get()
    assert (row.late, row.overdue_since) == (2, NOW)
    assert sweep(NOW + DAY, holder="one") == 1
    assert RetentionSweep.objects.get().late == 3
    told = AuditEntry.objects.filter(action=Action.DELETED).values_list("detail", flat=True)
    assert all(one["not_exported"] for one in told)


@pytest.mark.usefixtures("five")
def test_a_rule_that_waits_deletes_nothing_until_its_time() -> None:
    rules = Rules(RetentionRule(), RetentionRule(Preset.FOUR_HOURS), NOW)
    RetentionSettings.objects.create(rules=msgspec.to_builtins(rules))
    assert sweep(NOW - timedelta(seconds=1), holder="one") == 0
    assert sweep(NOW, holder="one") == 4


@pytest.mark.parametrize("is_preserved", [False, True])
def test_the_walk_has_an_index_of_its_own(is_preserved: bool) -> None:
    walk = sweeping._Walk(is_preserved, NOW)
    rows = walk.rows(days(3, preserved_longer=Period(days=1)))
    assert rows is not None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = rows[:50].explain()
    assert ("preserved_by_end" if is_preserved else "recording_by_end") in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.flow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"
)
@pytest.mark.usefixtures("data_folder")
def test_two_that_sweep_at_once_delete_nothing_twice(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in range(30):
        list_recording(ann, Spoken(started_at=NOW - DAY - timedelta(hours=hours), duration_ms=0))
    rule(RetentionRule(Preset.FOUR_HOURS))
    monkeypatch.setattr(sweeping, "_takes_lease", lambda *_: True)
    RetentionSweep.objects.create(pk=1)
    both_begin = Barrier(2)

    def work(holder: str) -> int:
        both_begin.wait(30)
        try:
            return sum(sweep(NOW, holder=holder, batch=3) for _ in range(3))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(work, ("one", "two")))
    assert sum(done) == 30 == Tombstone.objects.count()
    assert AuditEntry.objects.filter(action=Action.DELETED).count() == 30
    assert left() == []
