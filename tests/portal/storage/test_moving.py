"""Recordings go to their store: verified, resumed after any death, never lost or left behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from callvault.errors import ObjectMissing, VaultError
from callvault.portal.certificates import changing, rewrapping
from callvault.portal.decisions.models import NodeEvent
from callvault.portal.nodes.models import NodeReport
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import (
    bury,
    finish_deletions,
    put_tombstone,
    uphold_tombstones,
)
from callvault.portal.recordings.models import Recording, Tombstone
from callvault.portal.recordings.vault_access import open_object
from callvault.portal.storage import asking, moving, watching
from callvault.portal.storage.copying import copy_recording
from callvault.portal.storage.models import LeftCopy, Move, StorageLocation
from callvault.portal.storage.scattered import ScatteredStore, external_stores
from callvault.vault import (
    KeyKind,
    Keyring,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    add_certificate,
    make_self_signed,
    rewrap,
    use_certificates,
)
from callvault.vault.objects import folder_of, name_of
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import Spoken, list_recording

from .conftest import AUDIO, NODE, Stage

pytestmark = pytest.mark.django_db
Sealed = Callable[[], Recording]


def played(recording: Recording) -> bytes:
    with open_object(recording, ObjectKind.AUDIO) as audio:
        return audio.read(0, audio.size)


def names_at(stage: Stage, row: StorageLocation | None, recording: Recording) -> list[str]:
    folder = folder_of(recording.recording_id)
    found = stage.store(row.pk if row else None).list(folder)
    return sorted(name.removeprefix(folder) for name in found)


def ask(recording: Recording, node: str = NODE) -> Move:
    asking.ask_for_new(recording, node)
    return Move.objects.get(recording_id=recording.recording_id)


def test_without_an_external_store_nothing_moves(ann: User) -> None:
    list_recording(ann)
    assert not Move.objects.exists()


@pytest.mark.usefixtures("stage")
def test_a_new_recording_asks_for_its_move_when_it_is_listed(ann: User, stage: Stage) -> None:
    nas = stage.place("nas", is_current=True)
    recording = list_recording(ann)
    move = Move.objects.get()
    assert (move.recording_id, move.source, move.target) == (recording.recording_id, None, nas)


def test_a_recording_is_moved_and_its_old_copy_goes(stage: Stage, sealed: Sealed) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    before = names_at(stage, None, recording)
    ask(recording)
    assert stage.carrier.turn() == 1
    recording.refresh_from_db()
    assert recording.location == nas
    assert names_at(stage, nas, recording) == before
    assert played(recording) == AUDIO
    assert not Move.objects.exists()
    assert stage.carrier.tidy(now=timezone.now()) == 1
    assert names_at(stage, None, recording) == []
    assert not LeftCopy.objects.exists()
    assert played(recording) == AUDIO


def test_the_old_copy_stays_for_those_who_read_it(stage: Stage, sealed: Sealed) -> None:
    recording = sealed()
    stage.place("nas", is_current=True)
    ask(recording)
    with open_object(recording, ObjectKind.AUDIO) as reader:
        moving.Carrier(NODE, open_store=stage.store).turn()
        assert reader.read(0, reader.size) == AUDIO
    assert stage.carrier.tidy(now=timezone.now()) == 0
    assert names_at(stage, None, recording) != []
    assert stage.carrier.tidy(now=timezone.now() + moving.GRACE * 1.1) == 1


def test_who_read_the_row_before_the_move_finds_the_recording(stage: Stage, sealed: Sealed) -> None:
    recording = sealed()
    stage.place("nas", is_current=True)
    ask(recording)
    stage.carrier.turn()
    stage.carrier.tidy(now=timezone.now())
    assert recording.location_id is None  # as it was read before
    assert played(recording) == AUDIO


def test_a_worker_that_dies_goes_on_where_it_was(stage: Stage, sealed: Sealed) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    for killed_after in range(3):
        stage.stores[nas.pk].breaks_after = killed_after
        with pytest.raises(KeyboardInterrupt):
            stage.carrier.turn()
        recording.refresh_from_db()
        assert recording.location is None
        assert played(recording) == AUDIO
        assert stage.carrier.turn() == 0  # still claimed
        stage.carrier.begin()  # the worker starts again
    stage.stores[nas.pk].breaks_after = None
    assert stage.carrier.turn() == 1
    recording.refresh_from_db()
    assert (recording.location, played(recording)) == (nas, AUDIO)


def test_what_a_dead_worker_began_of_a_deleted_recording_is_taken_away(
    stage: Stage, sealed: Sealed, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    stage.stores[nas.pk].breaks_after = 1
    with pytest.raises(KeyboardInterrupt):
        stage.carrier.turn()
    stage.stores[nas.pk].breaks_after = None
    assert names_at(stage, nas, recording) != []
    bury(None, recording, cause="retention")
    assert not Move.objects.exists()
    stage.carrier.tidy(now=timezone.now() + moving.LEASE * 1.1)
    assert names_at(stage, nas, recording) == []
    assert not LeftCopy.objects.exists()


def test_a_recording_that_was_moved_is_deleted_at_both_places(stage: Stage, sealed: Sealed) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    moving.Carrier(NODE, open_store=stage.store).turn()
    recording.refresh_from_db()
    bury(None, recording, cause="retention")
    Tombstone.objects.update(next_try_at=timezone.now())
    assert finish_deletions(timezone.now()) == 1
    assert names_at(stage, nas, recording) == []
    assert stage.carrier.tidy(now=timezone.now()) == 1  # without waiting for readers
    assert names_at(stage, None, recording) == []


def test_a_recording_deleted_while_it_is_copied_leaves_nothing(
    stage: Stage, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    copy = copy_recording

    def copy_and_delete(*args: object, **kwargs: object) -> None:
        copy(*args, **kwargs)  # type: ignore[arg-type]
        bury(None, recording, cause="retention")

    monkeypatch.setattr(moving, "copy_recording", copy_and_delete)
    assert stage.carrier.turn() == 0
    stage.carrier.tidy(now=timezone.now())
    assert names_at(stage, nas, recording) == []


def test_a_recording_sealed_anew_while_it_is_copied_is_copied_again(
    stage: Stage, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    copy = copy_recording

    def copy_and_rewrap(*args: object, **kwargs: object) -> None:
        copy(*args, **kwargs)  # type: ignore[arg-type]
        Recording._default_manager.update(envelope_certificates=["ab" * 32])

    monkeypatch.setattr(moving, "copy_recording", copy_and_rewrap)
    assert stage.carrier.turn() == 0
    recording.refresh_from_db()
    assert recording.location is None
    monkeypatch.undo()
    Move.objects.update(next_try_at=timezone.now())
    assert stage.carrier.turn() == 1
    assert names_at(stage, nas, recording) == names_at(stage, None, recording)


def test_a_damaged_recording_stays_where_it_is_and_is_told(stage: Stage, sealed: Sealed) -> None:
    recording, other = sealed(), sealed()
    stage.place("nas", is_current=True)
    for one in (recording, other):
        ask(one)
    file = stage.folder / "vault" / name_of(recording.recording_id, ObjectKind.AUDIO)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert stage.carrier.turn() == 1
    move = Move.objects.get()
    assert (move.recording_id, move.has_failed) == (recording.recording_id, True)
    assert "not what was sealed" in move.problem
    recording.refresh_from_db()
    assert recording.location is None


def test_what_the_store_got_wrong_is_tried_again(
    stage: Stage, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    opened = stage.stores[nas.pk].open

    def open_wrong(name: str) -> object:
        file = stage.folder / "nas" / name
        if "probe" not in name:
            file.write_bytes(file.read_bytes() + b"?")
        return opened(name)

    monkeypatch.setattr(stage.stores[nas.pk], "open", open_wrong)
    assert stage.carrier.turn() == 0
    move = Move.objects.get()
    assert (move.failures, move.has_failed) == (1, False)
    assert "did not arrive" in move.problem
    assert names_at(stage, None, recording) != []


def test_an_outage_delays_and_loses_nothing(stage: Stage, sealed: Sealed) -> None:
    recordings, nas = [sealed(), sealed()], stage.place("nas", is_current=True)
    for one in recordings:
        ask(one)
    stage.stores[nas.pk].is_away = True
    assert stage.carrier.turn() == 0
    nas.refresh_from_db()
    assert "cannot be reached" in nas.trouble
    assert NodeEvent.objects.get().kind == "storage_unreachable"
    assert [move.failures for move in Move.objects.all()] == [0, 0]
    assert [played(one) for one in recordings] == [AUDIO, AUDIO]
    assert stage.carrier.turn() == 0
    stage.stores[nas.pk].is_away = False
    watching.look(NODE, now=timezone.now() + watching.LOOK_EVERY * 1.1)
    assert stage.carrier.turn() == 2
    assert [event.kind for event in NodeEvent.objects.order_by("pk")] == [
        "storage_unreachable", "storage_recovered",
    ]  # fmt: skip
    nas.refresh_from_db()
    assert (nas.trouble, nas.trouble_since) == ("", None)


def test_new_recordings_go_to_the_store_that_is_chosen_instead(
    stage: Stage, sealed: Sealed
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    stage.stores[nas.pk].breaks_after = 1
    with pytest.raises(KeyboardInterrupt):
        stage.carrier.turn()
    stage.stores[nas.pk].breaks_after = None
    other = stage.place("other")
    asking.send_new_to(other)
    assert stage.carrier.turn() == 1
    recording.refresh_from_db()
    assert recording.location == other
    stage.carrier.tidy(now=timezone.now() + moving.LEASE * 1.1)
    assert names_at(stage, nas, recording) == []


def test_the_folder_of_another_node_that_reports_is_left_to_it(
    stage: Stage, sealed: Sealed
) -> None:
    recording = sealed()
    stage.place("nas", is_current=True)
    ask(recording, "node-b")
    report = NodeReport.objects.create(node="node-b", at=timezone.now(), document={})
    assert stage.carrier.turn() == 0
    assert Move.objects.get().claimed_by == ""
    report.at -= timedelta(hours=1)
    report.save()
    assert stage.carrier.turn() == 1


def test_a_recording_is_kept_still_while_it_is_written_anew(stage: Stage, sealed: Sealed) -> None:
    recording = sealed()
    stage.place("nas", is_current=True)
    with asking.kept_still(recording.recording_id):
        asking.ask_for_new(recording, NODE)
        assert stage.carrier.turn() == 0
    ask(recording)
    with asking.kept_still(recording.recording_id):
        assert stage.carrier.turn() == 0
    Move.objects.update(claimed_by="node-b")
    with (
        pytest.raises(VaultError, match="is being moved"),
        asking.kept_still(recording.recording_id),
    ):
        raise AssertionError
    Move.objects.update(claimed_by="")
    assert stage.carrier.turn() == 1


def test_a_copy_is_not_taken_away_from_where_the_recording_lies(
    stage: Stage, sealed: Sealed
) -> None:
    recording = sealed()
    asking.leave(recording.recording_id, None, NODE, remove_at=timezone.now())
    assert stage.carrier.tidy(now=timezone.now()) == 0
    assert not LeftCopy.objects.exists()
    assert played(recording) == AUDIO


def test_a_recording_that_lies_nowhere_is_told(stage: Stage, sealed: Sealed) -> None:
    recording = sealed()
    stage.place("nas", is_current=True)
    stage.store(None).delete(name_of(recording.recording_id, ObjectKind.AUDIO))
    ask(recording)
    assert stage.carrier.turn() == 0
    assert Move.objects.get().has_failed
    with pytest.raises(ObjectMissing):
        played(recording)


def test_a_call_that_is_finished_twice_stays_where_it_was_moved(
    stage: Stage, sealed: Sealed, ann: User
) -> None:
    recording, nas = sealed(), stage.place("nas")
    Recording._default_manager.update(location=nas)
    list_recording(ann, Spoken(recording_id=recording.recording_id))  # sealed once more
    again = Recording._default_manager.get()
    assert (again.location, again.objects_sealed) == (nas, recording.objects_sealed)
    left = LeftCopy.objects.get()
    assert (left.recording_id, left.location) == (recording.recording_id, None)
    assert stage.carrier.tidy(now=timezone.now()) == 1
    assert names_at(stage, None, recording) == []


def test_keys_of_a_recording_are_sealed_anew_where_it_lies(
    stage: Stage, sealed: Sealed, rita: User
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    stage.carrier.turn()
    stage.carrier.tidy(now=timezone.now())
    keys = stage.folder / "keys"
    certificate, key = make_self_signed("Archive 2027", kind=KeyKind.EC, now=timezone.now())
    add_certificate(keys, Role.ARCHIVE, "new", certificate, private_key=key)
    use_certificates(keys, Role.ARCHIVE, ["new"])
    changing.begin_rewrapping(request_of(rita))
    here = LocalStore(stage.folder / "vault")
    assert rewrapping.work_off(here, Keyring.load(keys), now=timezone.now()) == 1
    recording.refresh_from_db()
    assert recording.envelope_certificates == [certificate.info.fingerprint]
    assert names_at(stage, nas, recording) == ["audio.mp3", "envelope.2", "sidecar.1"]
    assert played(recording) == AUDIO


def test_a_recording_that_moves_while_its_key_is_sealed_anew_is_done_once_more(
    stage: Stage, sealed: Sealed, rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    keys = stage.folder / "keys"
    certificate, key = make_self_signed("Archive 2027", kind=KeyKind.EC, now=timezone.now())
    add_certificate(keys, Role.ARCHIVE, "new", certificate, private_key=key)
    use_certificates(keys, Role.ARCHIVE, ["new"])
    changing.begin_rewrapping(request_of(rita))
    moved: list[int] = []

    def rewrap_late(*args: object) -> object:
        if not moved:
            moved.append(stage.carrier.turn())
        return rewrap(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rewrapping, "rewrap", rewrap_late)
    here = LocalStore(stage.folder / "vault")
    assert rewrapping.work_off(here, Keyring.load(keys), now=timezone.now()) == 1
    assert moved == [1]
    assert "envelope.2" in names_at(stage, nas, recording)
    stage.carrier.tidy(now=timezone.now())
    assert played(recording) == AUDIO


def test_tombstones_are_upheld_in_every_store(stage: Stage, sealed: Sealed) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    put_tombstone(stage.stores[nas.pk], recording.recording_id, timezone.now(), "retention")
    assert sum(uphold_tombstones(store) for store in external_stores()) == 1
    assert not Recording._default_manager.exists()


def test_a_restored_catalogue_finds_what_moved_since(
    stage: Stage, sealed: Sealed, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    ask(recording)
    stage.carrier.turn()
    stage.carrier.tidy(now=timezone.now())
    Recording._default_manager.update(location=None)  # as it was when it was backed up
    ask(recording)
    recording.refresh_from_db()
    assert played(recording) == AUDIO
    assert stage.carrier.turn() == 1
    recording.refresh_from_db()
    assert recording.location == nas
    stage.carrier.tidy(now=timezone.now())
    Recording._default_manager.update(location=None)
    recording.refresh_from_db()
    bury(None, recording, cause="retention")
    Tombstone.objects.update(next_try_at=timezone.now())
    assert finish_deletions(timezone.now()) == 1
    assert names_at(stage, nas, recording) == []


def test_commands_find_each_recording_where_it_lies(stage: Stage, sealed: Sealed) -> None:
    recording, nas = sealed(), stage.place("nas", is_current=True)
    other = sealed()
    ask(recording)
    moving.Carrier(NODE, open_store=stage.store).turn()
    store = ScatteredStore()
    assert RecordingObjects(store).stored(recording.recording_id) is not None
    assert RecordingObjects(store).stored(other.recording_id) is not None
    names = [name for name in store.list() if name.endswith("audio.mp3")]
    assert len(names) == 2  # the copy that is left on the node is not counted
    assert len(list(stage.store(None).list())) == len(list(stage.stores[nas.pk].list())) == 6
