"""The log in the database: entered, signed, checked, and what each sort of tampering shows."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from callvault.finalise.catalogue import RecordingFacts
from callvault.portal.audit import lease
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.integrity import remembered, signing
from callvault.portal.integrity.keeper import IntegrityKeeper, samples
from callvault.portal.integrity.models import (
    Head,
    IntegrityFinding,
    Line,
    LogState,
    Unentered,
)
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import bury
from callvault.portal.recordings.models import Recording, Tombstone
from tests.portal.catalogue_facts import Spoken, call_facts, list_recording, recording_facts

from .conftest import NOON, Check

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
Execute = Callable[..., object]


def lines() -> list[tuple[int, str, str]]:
    return [(one.place, one.kind, one.day.isoformat()) for one in Line.objects.order_by("place")]


def heads() -> list[tuple[int, str, int, int, bool]]:
    rows = Head.objects.order_by("number")
    return [(one.number, one.day, one.first, one.size, one.is_closed) for one in rows]


def test_what_is_listed_enters_is_signed_and_found_unchanged(
    recordings: list[Recording], check: Check
) -> None:
    assert lines() == [(place, "sealed", "2026-11-23") for place in (1, 2, 3)]
    assert heads() == [(1, "2026-11-23", 1, 3, False)]
    assert not Unentered.objects.exists()
    assert check(now=NOON) == set()
    assert LogState.objects.get().checked_lines == 3


def test_the_day_in_progress_is_signed_anew_as_it_grows_and_closed_once(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    list_recording(ann)
    keeper.step(now=NOON + timedelta(minutes=1))
    assert heads() == [(1, "2026-11-23", 1, 3, False)]  # not so soon
    keeper.step(now=NOON + timedelta(minutes=6))
    assert heads() == [(1, "2026-11-23", 1, 4, False)]
    keeper.step(now=NOON + DAY)
    assert heads() == [(1, "2026-11-23", 1, 4, True)]
    before = Head.objects.get().signed
    keeper.step(now=NOON + 2 * DAY)
    assert Head.objects.get().signed == before
    assert check(now=NOON + 2 * DAY) == set()


def test_what_is_recovered_a_week_later_enters_the_day_it_comes(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    keeper.step(now=NOON + DAY)
    closed = Head.objects.get().signed
    list_recording(ann, Spoken(started_at=NOON))
    keeper.step(now=NOON + 7 * DAY)
    assert lines()[-1] == (4, "sealed", "2026-11-30")
    assert heads()[-1] == (2, "2026-11-30", 4, 1, False)
    assert Head.objects.get(number=1).signed == closed
    assert check(now=NOON + 8 * DAY) == set()


def test_a_clock_that_goes_back_changes_no_closed_day(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    keeper.step(now=NOON + DAY)
    list_recording(ann)
    keeper.step(now=NOON - 30 * DAY)
    keeper.step(now=NOON + DAY)
    assert [(one[0], one[1], one[2]) for one in heads()] == [
        (1, "2026-11-23", 1),
        (2, "2026-11-23", 4),
    ]
    assert check() == set()


def test_a_day_of_very_many_lines_has_several_heads(
    keeper: IntegrityKeeper, ann: User, monkeypatch: pytest.MonkeyPatch, check: Check
) -> None:
    monkeypatch.setattr(signing, "MOST_LINES", 2)
    for _ in range(5):
        list_recording(ann)
    keeper.step(now=NOON)
    assert [(one[2], one[3], one[4]) for one in heads()] == [(1, 2, True), (3, 2, True)]
    keeper.step(now=NOON + DAY)
    assert heads()[-1] == (3, "2026-11-23", 5, 1, True)
    assert check() == set()


def test_a_deletion_enters_and_earlier_days_still_hold(
    recordings: list[Recording], keeper: IntegrityKeeper, check: Check
) -> None:
    keeper.step(now=NOON + DAY)
    bury(None, recordings[1], cause="retention")
    assert check(now=NOON + DAY) == set()
    assert lines()[-1] == (4, "deleted", "2026-11-24")
    assert bytes(Line.objects.get(place=2).salt) == b""  # which call it was cannot be tried out
    assert check(now=NOON + 2 * DAY) == set()


def test_what_was_deleted_before_it_entered_leaves_its_deletion_alone(
    keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    bury(None, list_recording(ann), cause="by_hand")
    keeper.step(now=NOON)
    assert lines() == [(1, "deleted", "2026-11-23")]
    assert check() == set()


def test_a_call_that_is_finished_twice_enters_once(
    keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    facts = recording_facts(ann, Spoken())
    call = call_facts(facts)
    for _ in range(2):
        DjangoCatalogue().add_call(call, (facts,))
        keeper.step(now=NOON)
    assert len(lines()) == 1
    assert check() == set()


def test_sound_that_was_made_anew_enters_once_more(
    keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    facts = recording_facts(ann, Spoken())
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    keeper.step(now=NOON)
    DjangoCatalogue().replace_audio(_with_other_sound(facts))
    assert check(now=NOON) == set()  # it enters first
    assert [one[1] for one in lines()] == ["sealed", "sealed"]


def _with_other_sound(facts: RecordingFacts) -> RecordingFacts:
    import msgspec

    audio, *rest = facts.objects
    other = msgspec.structs.replace(audio, sha256="ef" * 32)
    return msgspec.structs.replace(facts, objects=(other, *rest))


class Killed(BaseException):
    """The worker is gone."""


def test_a_worker_that_dies_at_any_statement_leaves_a_log_that_holds(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    """Killed at its first statement, at its second, and so on, until it comes to its end."""
    bury(None, recordings[0], cause="retention")
    for at in range(1, 200):
        list_recording(ann)
        left = iter(range(at))

        def die(execute: Execute, *told: Any, left: Iterator[int] = left) -> object:
            if next(left, None) is None:
                raise Killed
            return execute(*told)

        now = NOON + timedelta(hours=at)  # some of it on the next days
        try:
            with connection.execute_wrapper(die):
                keeper.step(now=now)
        except Killed:
            continue
        break
    else:
        raise AssertionError("it never came to its end")
    assert at > 30
    assert check(now=NOON + 30 * DAY) == set()
    assert not Unentered.objects.exists()
    assert Line.objects.count() == 3 + 1 + at


def test_a_worker_that_dies_before_it_remembers_its_head_goes_on(
    recordings: list[Recording],
    keeper: IntegrityKeeper,
    ann: User,
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_told: object) -> None:
        raise Killed

    list_recording(ann)
    with monkeypatch.context() as patched:
        patched.setattr(remembered, "write", die)
        with pytest.raises(Killed):
            keeper.step(now=NOON + DAY)
    assert check(now=NOON + 2 * DAY) == set()


def test_one_worker_enters_at_a_time_and_nobody_waits_for_it(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User
) -> None:
    other = IntegrityKeeper("rec-2", keeper.key, keeper.keys, keeper.head_file)
    list_recording(ann)
    other.step(now=NOON)
    assert Unentered.objects.count() == 1
    lease.give_up_lease("rec-1")
    other.step(now=NOON)
    assert not Unentered.objects.exists()


def run_sql(statement: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def row_changed(one: Recording) -> None:
    Recording.objects.filter(pk=one.pk).update(remote_number="+15550199")


def digest_changed(one: Recording) -> None:
    objects = [{**fact, "sha256": "00" * 32} for fact in one.objects_sealed]
    Recording.objects.filter(pk=one.pk).update(objects_sealed=objects)


def row_removed(one: Recording) -> None:
    run_sql("DELETE FROM recordings_recording WHERE record_number = %s", one.pk)


def row_and_line_changed(one: Recording) -> None:
    """The row, and its line computed to fit."""
    from callvault.portal.integrity.content import of_recording
    from callvault.vault import content_digest

    row_changed(one)
    line = Line.objects.get(recording_id=one.recording_id)
    one.refresh_from_db()
    line.content = content_digest(of_recording(one, bytes(line.salt)))
    line.save()


def line_removed(one: Recording) -> None:
    Line.objects.filter(recording_id=one.recording_id).delete()


def lines_exchanged(one: Recording) -> None:
    first, second = Line.objects.order_by("place")[:2]
    first.recording_id, second.recording_id = second.recording_id, first.recording_id
    Line.objects.bulk_update((first, second), ["recording_id"])


def root_changed(one: Recording) -> None:
    Head.objects.update(root=bytes(32))


def signature_changed(one: Recording) -> None:
    Head.objects.update(signature=bytes(64))


def slipped_in(one: Recording) -> None:
    """A row that no worker listed."""
    Unentered.objects.all().delete()
    one.pk, one.recording_id = None, "11111111-2222-4333-8444-555555555555"
    one.save(force_insert=True)


def all_of_the_log_removed(one: Recording) -> None:
    for model in (Head, Line, LogState):
        model.objects.all().delete()
    for recording in Recording.objects.all():
        Unentered.objects.create(recording_id=recording.recording_id)


TAMPERING: list[tuple[Callable[[Recording], None], set[str]]] = [
    (row_changed, {"facts"}),
    (digest_changed, {"facts"}),
    (row_removed, {"missing"}),
    (row_and_line_changed, {"lines"}),
    (line_removed, {"lines", "unentered"}),
    (lines_exchanged, {"lines", "facts"}),
    (root_changed, {"signature", "lines"}),
    (signature_changed, {"signature"}),
    (slipped_in, {"unentered"}),
    (all_of_the_log_removed, {"cut_off"}),
]


@pytest.mark.parametrize("closed", [False, True], ids=["day in progress", "closed day"])
@pytest.mark.parametrize(
    ("tamper", "expected"), TAMPERING, ids=lambda one: getattr(one, "__name__", "")
)
def test_tampering_is_found(
    recordings: list[Recording],
    keeper: IntegrityKeeper,
    check: Check,
    tamper: Callable[[Recording], None],
    expected: set[str],
    *,
    closed: bool,
) -> None:
    now = NOON + DAY if closed else NOON
    keeper.step(now=now)
    tamper(recordings[0])
    found = check(now=now + timedelta(minutes=1))
    assert expected <= found
    shown = {one.name: one.value for one in samples()}
    assert shown["callvault_integrity_findings"] == IntegrityFinding.objects.count()


def test_what_was_signed_is_never_signed_otherwise(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    """A line that is changed before the day is closed is not signed with the next ones."""
    row_and_line_changed(recordings[0])
    list_recording(ann)
    assert "lines" in check(now=NOON + timedelta(minutes=10))
    assert [(one[2], one[3], one[4]) for one in heads()] == [(1, 3, True)]
    assert "lines" in check(now=NOON + timedelta(minutes=16))
    assert [(one[2], one[3], one[4]) for one in heads()] == [(1, 3, True), (4, 1, False)]
    assert "lines" in check(now=NOON + 3 * DAY)


def test_a_closed_day_that_is_signed_anew_is_found(
    recordings: list[Recording], keeper: IntegrityKeeper, check: Check
) -> None:
    keeper.step(now=NOON + DAY)
    Head.objects.all().delete()
    assert check(now=NOON + 2 * DAY) == {"lines"}


def test_an_end_that_is_cut_off_is_found_by_the_nodes_own_file(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    keeper.step(now=NOON + DAY)
    last = list_recording(ann)
    keeper.step(now=NOON + DAY + timedelta(minutes=6))
    assert Head.objects.count() == 2
    Head.objects.filter(number=2).delete()
    Line.objects.filter(place=4).delete()
    Recording.objects.filter(pk=last.pk).delete()
    assert check(now=NOON + DAY + timedelta(minutes=7)) == {"cut_off"}


def test_an_older_head_put_back_is_found_by_the_nodes_own_file(
    recordings: list[Recording], keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    before = Head.objects.get()
    list_recording(ann)
    keeper.step(now=NOON + timedelta(minutes=6))
    Line.objects.filter(place=4).delete()
    before.save()
    assert "lines" in check(now=NOON + timedelta(minutes=7))


def test_a_tombstone_that_is_changed_or_goes_is_found(
    recordings: list[Recording], check: Check
) -> None:
    bury(None, recordings[0], cause="retention")
    assert check() == set()
    Tombstone.objects.update(cause="by_hand")
    assert check() == {"facts"}
    Tombstone.objects.all().delete()
    assert check(now=NOON + 2 * DAY) == {"missing"}


def test_a_deleted_recording_that_is_listed_again_is_found(
    recordings: list[Recording], check: Check
) -> None:
    kept = Recording.objects.get(pk=recordings[0].pk)
    bury(None, recordings[0], cause="retention")
    assert check() == set()
    kept.save(force_insert=True)
    assert check() == {"returned"}


def test_what_goes_before_it_enters_without_a_tombstone_is_found(
    keeper: IntegrityKeeper, ann: User, check: Check
) -> None:
    list_recording(ann).delete()
    assert check() == {"missing"}
    assert check() == {"missing"}  # and stays found


def test_what_was_mended_is_told_no_more(recordings: list[Recording], check: Check) -> None:
    row_changed(recordings[0])
    assert check() == {"facts"}
    Recording.objects.filter(pk=recordings[0].pk).update(remote_number=recordings[0].remote_number)
    assert check(now=NOON + 2 * DAY) == set()
    assert not IntegrityFinding.objects.exists()


def test_the_node_remembers_the_last_head(
    recordings: list[Recording], keeper: IntegrityKeeper
) -> None:
    head = remembered.read(keeper.head_file)
    assert head == Head.objects.get().signed
    assert keeper.head_file.stat().st_mode & 0o777 == 0o600
