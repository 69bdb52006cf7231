"""Exporting (EXP-1 to EXP-5): what goes where, and what a crash or an outage leaves."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from django.db import transaction
from django.test import RequestFactory

from callvault.export import FaultKind, TargetFault
from callvault.policy.export_list import COLUMNS
from callvault.policy.retention import Period, Preset, RetentionRule
from callvault.policy.retention_change import Rules
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.exports import asking, exporter
from callvault.portal.exports.exporter import run
from callvault.portal.exports.models import (
    ExportBackfill,
    ExportMode,
    ExportSettings,
    ExportState,
    ExportTurn,
    RecordingExport,
)
from callvault.portal.exports.turn import EVERY, RETRY_AFTER, Turn
from callvault.portal.nodes.models import NodeReport
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import bury
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention.models import RetentionSettings, RetentionSweep
from callvault.portal.retention.sweep import sweep
from callvault.portal.retention.waiting import exports_waiting
from callvault.portal.subjects import held
from callvault.portal.subjects.models import Erasure
from callvault.portal.subjects.subject import number_subject
from callvault.vault import LocalStore, RecordingObjects
from tests.portal.catalogue_facts import STARTED, Spoken, list_recording

from .conftest import AUDIO, NOW, another, export
from .memory_target import Crash, MemoryTarget

pytestmark = pytest.mark.django_db
DIGEST = sha256(AUDIO).hexdigest()
FOLDER = "2026/11/23"
LIST = (FOLDER, "recordings_20261123.csv")
CALLS = 8  # of the target, that one export makes: create, write, name; read, create, write, name


def name_of(recording: Recording) -> str:
    return f"{recording.record_number:06}_20261123_142530_ann_IN_2014_+15550142_sales.mp3"


def line_of(recording: Recording) -> str:
    number, name = f"{recording.record_number:06}", name_of(recording)
    return (
        "Ann Keller,2014,+15550142,2026-11-23 14:25:30,00:06:12,sales,"
        f"{number},IN,ann,{name},{DIGEST}\r\n"
    )


def list_with(*recordings: Recording) -> bytes:
    lines = "".join(map(line_of, recordings))
    return f"\ufeff{','.join(COLUMNS)}\r\n{lines}".encode()


def row_of(recording: Recording) -> RecordingExport:
    return RecordingExport.objects.get(recording=recording)


def test_a_new_recording_goes_to_its_day_with_a_line_in_the_list(
    sealed: Recording, target: MemoryTarget
) -> None:
    assert export(target) == 1
    assert target.files == {(FOLDER, name_of(sealed)): AUDIO, LIST: list_with(sealed)}
    row = row_of(sealed)
    assert (row.state, row.next_try_at, row.exported_at) == ("done", None, NOW)
    assert (row.folder, row.file_name) == (FOLDER, name_of(sealed))
    assert (row.size_bytes, row.sha256) == (len(AUDIO), DIGEST)
    entry = AuditEntry.objects.get(action=Action.RECORDING_EXPORTED)
    assert entry.object_id == str(sealed.recording_id)
    assert entry.detail == {
        "place": r"\\files\calls", "folder": FOLDER, "record_number": sealed.record_number,
    }  # fmt: skip
    assert export(target, now=NOW + timedelta(hours=1)) == 0


def test_many_recordings_of_several_days_have_their_lists(
    sealed: Recording, ann: User, data_folder: Path, target: MemoryTarget
) -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # after midnight in Rome
    next_day = another(ann, data_folder, Spoken(started_at=late))
    second = another(ann, data_folder)
    assert export(target) == 3
    assert target.files[LIST] == list_with(sealed, second)
    names = {key for key in target.files if key[0] == "2026/11/24"}
    stem = f"{next_day.record_number:06}_20261124_003000_ann_IN_2014_+15550142_sales"
    assert names == {("2026/11/24", f"{stem}.mp3"), ("2026/11/24", "recordings_20261124.csv")}


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("number", range(CALLS))
def test_a_crash_at_any_step_leaves_nothing_half_and_nothing_twice(
    number: int, is_after: bool, sealed: Recording, target: MemoryTarget
) -> None:
    target.crash_at, target.is_after = number, is_after
    if number < CALLS - 1:
        with pytest.raises(Crash):
            export(target)
    else:
        export(target)
    assert target.named().get((FOLDER, name_of(sealed)), AUDIO) == AUDIO
    assert target.named().get(LIST, list_with(sealed)) == list_with(sealed)
    target.crash_at, target.is_dead = None, False
    export(target, now=NOW + timedelta(hours=1), holder="worker 2")
    assert target.files == {(FOLDER, name_of(sealed)): AUDIO, LIST: list_with(sealed)}
    assert row_of(sealed).state == ExportState.DONE
    assert AuditEntry.objects.filter(action=Action.RECORDING_EXPORTED).count() == 1


def test_a_crash_after_the_last_step_exports_nothing_twice(
    sealed: Recording, target: MemoryTarget
) -> None:
    export(target)
    before = dict(target.files)
    RecordingExport.objects.update(state=ExportState.LEAVING, next_try_at=NOW)
    assert export(target, now=NOW + timedelta(hours=1)) == 1
    assert target.files == before


def test_an_owner_who_changed_between_two_tries_changes_no_name(
    sealed: Recording, target: MemoryTarget
) -> None:
    target.crash_at, target.is_after = 2, True  # its name is given
    with pytest.raises(Crash):
        export(target)
    recordings_in_catalogue().update(owner_username="otto")
    target.crash_at, target.is_dead = None, False
    export(target, now=NOW + timedelta(hours=1))
    assert sorted(key[1] for key in target.files) == [name_of(sealed), LIST[1]]


def test_a_file_of_somebody_else_is_left_alone(sealed: Recording, target: MemoryTarget) -> None:
    target.files[FOLDER, name_of(sealed)] = b"not ours"
    export(target)
    other = name_of(sealed).replace(".mp3", "(2).mp3")
    assert target.files[FOLDER, name_of(sealed)] == b"not ours"
    assert target.files[FOLDER, other] == AUDIO
    assert other in target.files[LIST].decode()
    assert row_of(sealed).file_name == other


def test_what_others_wrote_into_the_list_stays(sealed: Recording, target: MemoryTarget) -> None:
    target.files[LIST] = b"my own,columns\n1,2"
    export(target)
    assert target.files[LIST] == b"my own,columns\n1,2\r\n" + line_of(sealed).encode()


def test_a_target_that_lets_nobody_replace_a_list_has_lines_added(
    sealed: Recording, ann: User, data_folder: Path, target: MemoryTarget
) -> None:
    export(target)
    second = another(ann, data_folder)
    target.faults["name over"] = TargetFault("denied", FaultKind.PERMISSION)
    assert export(target, now=NOW + timedelta(hours=1)) == 1
    assert target.files[LIST] == list_with(sealed, second)
    assert "append" in target.calls


def test_a_list_that_is_open_elsewhere_delays_its_line_alone(
    sealed: Recording, target: MemoryTarget
) -> None:
    target.faults["name over"] = TargetFault("open", FaultKind.IN_USE)
    assert export(target) == 0
    row = row_of(sealed)
    assert (row.state, row.problem) == ("named", "list_in_use")
    assert ExportTurn.objects.get().problem == ""
    target.faults.clear()
    target.calls.clear()
    assert export(target, now=NOW + timedelta(minutes=2)) == 1
    assert target.files[LIST] == list_with(sealed)
    assert target.calls == ["read", "create", "write", "name over"]  # the file goes once


def test_what_was_written_to_another_place_goes_to_the_new_one_whole(
    sealed: Recording, switched_on: ExportSettings, target: MemoryTarget
) -> None:
    target.faults["name over"] = TargetFault("open", FaultKind.IN_USE)
    export(target)
    assert row_of(sealed).state == ExportState.NAMED
    switched_on.place, switched_on.version = r"\\other\calls", 2
    switched_on.save()
    other = MemoryTarget()
    assert export(other, now=NOW + timedelta(minutes=2)) == 1
    assert other.files == {(FOLDER, name_of(sealed)): AUDIO, LIST: list_with(sealed)}
    places = AuditEntry.objects.filter(action=Action.RECORDING_EXPORTED).order_by("pk")
    assert [entry.detail["place"] for entry in places] == [r"\\files\calls", r"\\other\calls"]


@pytest.mark.parametrize("kind", [one for one in FaultKind if one not in ("other", "in_use")])
def test_an_outage_loses_nothing_and_is_over_soon(
    kind: FaultKind, sealed: Recording, target: MemoryTarget
) -> None:
    target.fault = TargetFault("cannot", kind)
    for hours in range(4):
        assert export(target, now=NOW + timedelta(hours=hours)) == 0
    turn = ExportTurn.objects.get()
    assert (turn.problem, turn.failing_since, turn.failures) == (kind.value, NOW, 4)
    assert row_of(sealed).problem == kind.value
    target.fault = None
    back = NOW + timedelta(hours=3) + RETRY_AFTER[-1]
    assert export(target, now=back) == 1
    turn.refresh_from_db()
    assert (turn.problem, turn.failing_since) == ("", None)
    assert row_of(sealed).problem == ""


def test_a_recording_that_the_target_does_not_like_holds_up_no_other(
    sealed: Recording, ann: User, data_folder: Path, target: MemoryTarget
) -> None:
    second = another(ann, data_folder)
    target.faults["create"] = TargetFault("odd")
    create = target.create

    def choosy(folder: str, temporary: str) -> object:
        target.faults.pop("create", None) if second.recording_id.hex in temporary else None
        return create(folder, temporary)

    target.create = choosy  # type: ignore[method-assign,assignment]
    assert export(target) == 1
    assert (row_of(sealed).state, row_of(second).state) == ("waiting", "done")


def test_sound_that_is_gone_is_given_up_and_told(ann: User, switched_on: ExportSettings,
    data_folder: Path, target: MemoryTarget) -> None:  # fmt: skip
    recording = another(ann, data_folder)
    RecordingObjects(LocalStore(data_folder / "vault")).delete(recording.recording_id)
    assert export(target) == 0
    row = row_of(recording)
    assert (row.state, row.problem, row.next_try_at) == ("failed", "audio_missing", None)
    assert target.files == {}
    assert not AuditEntry.objects.filter(action=Action.RECORDING_EXPORTED).exists()


def test_what_another_node_has_is_left_to_its_worker(
    ann: User, switched_on: ExportSettings, data_folder: Path, target: MemoryTarget
) -> None:
    recording = another(ann, data_folder)
    RecordingObjects(LocalStore(data_folder / "vault")).delete(recording.recording_id)
    recordings_in_catalogue().update(node="rec-2")
    NodeReport.objects.create(node="rec-2", at=NOW, document={"at_ns": 1})
    turn = Turn("worker 1", lambda: NOW)
    assert run(turn, is_over=lambda: False, open_target=lambda _settings: target) == 0
    assert turn.is_anothers
    row = row_of(recording)
    assert (row.state, row.problem, row.next_try_at) == ("waiting", "other_node", NOW + EVERY)
    assert target.files == {}


def test_a_recording_deleted_meanwhile_does_not_leave(
    sealed: Recording, target: MemoryTarget
) -> None:
    create = target.create

    def deleting(folder: str, temporary: str) -> object:
        with transaction.atomic():
            bury(None, recordings_in_catalogue().get(pk=sealed.pk), cause="retention")
        return create(folder, temporary)

    target.create = deleting  # type: ignore[method-assign,assignment]
    assert export(target) == 0
    assert target.files == {}
    assert not AuditEntry.objects.filter(action=Action.RECORDING_EXPORTED).exists()


def test_what_is_being_erased_does_not_leave(
    sealed: Recording, rita: User, target: MemoryTarget
) -> None:
    erasure = Erasure.objects.create(
        reference="n-1", number="+15550142", asked_by=rita, asked_by_name="Rita", expected=1
    )
    assert export(target) == 0
    assert (row_of(sealed).problem, target.files) == ("erasure", {})
    erasure.ended_at = NOW  # it may not be deleted after all
    erasure.save()
    assert export(target, now=NOW + timedelta(hours=1)) == 1


def test_calls_from_before_are_not_exported(
    ann: User, switched_on: ExportSettings, target: MemoryTarget
) -> None:
    list_recording(ann, Spoken(started_at=STARTED - timedelta(days=2)))
    assert not RecordingExport.objects.exists()
    assert export(target) == 0


def test_what_is_rolled_back_is_not_asked_for(ann: User, switched_on: ExportSettings) -> None:
    with transaction.atomic():
        list_recording(ann)
        transaction.set_rollback(True)
    assert not RecordingExport.objects.exists()


def test_a_recording_without_a_row_is_found(sealed: Recording, target: MemoryTarget) -> None:
    RecordingExport.objects.all().delete()
    assert export(target) == 1
    assert row_of(sealed).state == ExportState.DONE


def test_while_paused_recordings_wait_and_go_afterwards(
    sealed: Recording, switched_on: ExportSettings, target: MemoryTarget
) -> None:
    switched_on.mode = ExportMode.PAUSED
    switched_on.save()
    assert export(target) == 0
    assert row_of(sealed).state == ExportState.WAITING
    switched_on.mode = ExportMode.ON
    switched_on.save()
    assert export(target, now=NOW + timedelta(hours=1)) == 1


def test_one_worker_exports_at_a_time_and_another_goes_on_if_it_dies(
    sealed: Recording, target: MemoryTarget
) -> None:
    ExportTurn.objects.create(
        pk=asking.TURN, holder="worker 1", held_until=NOW + timedelta(minutes=5)
    )
    assert export(target, holder="worker 2") == 0
    assert export(target, now=NOW + timedelta(minutes=6), holder="worker 2") == 1


def test_it_is_done_about_once_a_minute_and_when_somebody_asks(
    sealed: Recording, ann: User, data_folder: Path, target: MemoryTarget
) -> None:
    assert export(target) == 1
    another(ann, data_folder)
    assert export(target, now=NOW + timedelta(seconds=30)) == 0
    asking.try_now(RecordingExport.objects.all(), now=NOW)
    assert export(target, now=NOW + timedelta(seconds=31)) == 1
    another(ann, data_folder)
    assert export(target, now=NOW + timedelta(seconds=100)) == 1


def test_past_days_are_exported_on_request(
    ann: User, rita: User, switched_on: ExportSettings, data_folder: Path, target: MemoryTarget
) -> None:
    days = [STARTED - timedelta(days=number) for number in (2, 3, 4)]
    past = [another(ann, data_folder, Spoken(started_at=day)) for day in days]
    request = RequestFactory().post("/")
    request.user = rita
    first, last = date(2026, 11, 20), date(2026, 11, 21)
    assert asking.recordings_of_days(first, last).count() == 2
    backfill = asking.begin_backfill(request, first, last, now=datetime.now(UTC))
    assert export(target) == 2
    backfill.refresh_from_db()
    assert (backfill.expected, backfill.added, backfill.ended_at) == (2, 2, NOW)
    assert not RecordingExport.objects.filter(recording=past[2]).exists()
    entry = AuditEntry.objects.get(action=Action.EXPORT_BACKFILLED)
    assert entry.detail == {
        "first_day": "2026-11-20", "last_day": "2026-11-21", "recordings": 2,
    }  # fmt: skip


def test_a_backfill_asked_for_twice_exports_nothing_twice(
    sealed: Recording, rita: User, target: MemoryTarget
) -> None:
    ExportBackfill.objects.create(
        asked_at=datetime.now(UTC), asked_by_name="Rita", expected=1,
        first_day=date(2026, 11, 23), last_day=date(2026, 11, 23),
    )  # fmt: skip
    assert export(target) == 1
    assert RecordingExport.objects.count() == 1


def test_a_password_that_does_not_open_is_said(
    sealed: Recording, switched_on: ExportSettings
) -> None:
    switched_on.sealed_password = "v1.AAAA"  # sealed with another key
    switched_on.save()
    assert run(Turn("worker", lambda: NOW), is_over=lambda: False) == 0
    assert ExportTurn.objects.get().problem == "sealed"


def test_settings_that_change_end_the_run(
    sealed: Recording, ann: User, data_folder: Path, target: MemoryTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    another(ann, data_folder)
    monkeypatch.setattr(exporter, "BATCH", 1)
    create = target.create

    def changing(folder: str, temporary: str) -> object:
        ExportSettings.objects.update(version=2)
        return create(folder, temporary)

    target.create = changing  # type: ignore[method-assign,assignment]
    assert export(target) == 1
    assert export(target, now=NOW + timedelta(hours=1)) == 1


def test_retention_waits_for_an_export_up_to_the_limit(
    sealed: Recording, switched_on: ExportSettings
) -> None:
    rule = RetentionRule(Preset.CUSTOM, custom=Period(days=1))
    RetentionSettings.objects.create(rules=msgspec.to_builtins(Rules(rule)))
    due = sealed.ended_at + timedelta(days=1)
    switched_on.wait_hours = 2
    switched_on.save()
    assert sweep(due + timedelta(hours=1, minutes=59), holder="sweeper") == 0
    assert RetentionSweep.objects.get().overdue_since == due
    assert sweep(due + timedelta(hours=2), holder="sweeper") == 1
    assert RetentionSweep.objects.get().late == 1
    entry = AuditEntry.objects.get(action=Action.DELETED)
    assert entry.detail["not_exported"] is True


@pytest.mark.parametrize("reason", ["done", "failed", "off"])
def test_retention_waits_for_nothing_that_does_not_go(
    reason: str, sealed: Recording, switched_on: ExportSettings
) -> None:
    assert set(exports_waiting([sealed])) == {sealed.record_number}
    if reason == "off":
        ExportSettings.objects.update(mode=ExportMode.OFF)
    else:
        RecordingExport.objects.update(state=reason, next_try_at=None)
    assert exports_waiting([sealed]) == {}


def test_a_copy_that_left_is_told_to_its_subject(
    sealed: Recording, rita: User, target: MemoryTarget
) -> None:
    export(target)
    subject = number_subject("+15550142")
    assert subject is not None
    (entry,) = held.left_of(subject, rita)
    assert entry.action == Action.RECORDING_EXPORTED
