"""Deleting: audited, whole, finished after a crash at any step, and never undone."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from callvault.clock import read
from callvault.errors import VaultError
from callvault.policy.permissions import Refusal
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration.models import LowestLevel, SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings import deletion
from callvault.portal.recordings.deletion import (
    delete_recording,
    finish_deletions,
    uphold_tombstones,
)
from callvault.portal.recordings.models import Note, Recording, Tombstone
from callvault.portal.recordings.notes import add_note
from callvault.portal.recordings.permissions import Refused, recordings_in_catalogue
from callvault.portal.recordings.preserving import preserve
from callvault.portal.storage.places import store_of_node
from callvault.vault import KeyKind, ObjectKind, RecordingObjects, make_self_signed
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import Spoken, call_facts, list_recording, recording_facts

pytestmark = pytest.mark.django_db
Committed = Callable[..., Any]  # django_capture_on_commit_callbacks
CERTIFICATE = make_self_signed("Deletion", kind=KeyKind.EC, now=read().utc)[0]


def seal(recording: Recording) -> None:
    """Put objects of a recording into the vault."""
    sealer = RecordingObjects(store_of_node()).begin(recording.recording_id, (CERTIFICATE,))
    for kind in (ObjectKind.AUDIO, ObjectKind.PEAKS, ObjectKind.METADATA):
        with sealer.create(kind) as file:
            file.write(b"sound")
    sealer.finish(b"{}")


@pytest.fixture
def sealed(anns_recording: Recording, data_folder: Path) -> Recording:
    """Ann's recording, with its objects in a vault of its own."""
    seal(anns_recording)
    assert len(in_vault()) == 5
    return anns_recording


def in_vault() -> list[str]:
    """Return what is left in the vault besides tombstones."""
    return [name for name in store_of_node().list() if not name.startswith("deleted/")]


def deleted(request_by: User, recording: Recording, committed: Committed) -> Tombstone:
    with committed(execute=True):
        return delete_recording(request_of(request_by), recording)


def test_row_notes_keys_audio_peaks_and_sidecar_are_gone(
    sealed: Recording, rita: User, ann: User, django_capture_on_commit_callbacks: Committed
) -> None:
    add_note(request_of(ann), sealed, "Gone with it.")
    deleted(rita, sealed, django_capture_on_commit_callbacks)
    assert not recordings_in_catalogue().exists()
    assert not Note.objects.exists()
    assert in_vault() == []
    assert Tombstone.objects.get().objects_gone_at is not None


def test_the_audit_log_has_the_digest_of_each_object_and_who_did_it(
    sealed: Recording, rita: User, django_capture_on_commit_callbacks: Committed
) -> None:
    deleted(rita, sealed, django_capture_on_commit_callbacks)
    entry = AuditEntry.objects.get(action=Action.DELETED)
    assert (entry.actor, entry.address) == (rita, "192.0.2.77")
    assert entry.detail["objects"] == sealed.objects_sealed
    assert entry.detail["record_number"] == sealed.record_number


def test_what_cannot_be_audited_is_not_deleted(
    sealed: Recording, rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(deletion, "record", fail)
    with pytest.raises(OSError, match="no room"), transaction.atomic():
        delete_recording(request_of(rita), sealed)
    assert recordings_in_catalogue().count() == 1
    assert len(in_vault()) == 5


def test_who_may_not_is_refused_with_the_reason(
    sealed: Recording, ann: User, sam: User, otto: User, rita: User
) -> None:
    SystemSettings.objects.create(delete_level=LowestLevel.GROUP_SUPERVISORS)
    preserve(request_of(rita), sealed)
    told = {}
    for person in (ann, sam):
        with pytest.raises(Refused) as refused:
            delete_recording(request_of(person), sealed)
        told[person.username] = refused.value.refusal
    assert told == {"ann": Refusal.LEVEL, "sam": Refusal.PRESERVED_HIGHER}
    with pytest.raises(Http404):
        delete_recording(request_of(otto), sealed)


def test_the_second_of_two_who_delete_is_told_that_it_is_gone(
    sealed: Recording, rita: User, django_capture_on_commit_callbacks: Committed
) -> None:
    deleted(rita, sealed, django_capture_on_commit_callbacks)
    with pytest.raises(Http404):
        delete_recording(request_of(rita), sealed)


class Crash(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("deletions_before", range(7))
def test_a_crash_at_any_step_after_the_commit_is_finished_by_the_worker(
    sealed: Recording,
    rita: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Committed,
    deletions_before: int,
) -> None:
    store = store_of_node()
    left = deletions_before

    def step(name: str) -> None:
        nonlocal left
        if left == 0:
            raise Crash
        left -= 1
        type(store).delete(store, name)

    def no_time_for_a_tombstone(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as crashing:
        crashing.setattr(deletion, "store_at", lambda _: store)
        crashing.setattr(store, "delete", step)
        if deletions_before == 6:  # before the first: the tombstone in the vault itself
            crashing.setattr(deletion, "put_tombstone", no_time_for_a_tombstone)
        try:
            deleted(rita, sealed, django_capture_on_commit_callbacks)
        except Crash:
            assert deletions_before != 5
    assert not recordings_in_catalogue().exists()
    assert finish_deletions(timezone.now()) == 0  # whoever deletes has its time first
    later = timezone.now() + timedelta(minutes=3)
    assert finish_deletions(later) == (0 if deletions_before == 5 else 1)
    assert in_vault() == []
    assert [name.rpartition("/")[2] for name in store.list("deleted/")] == [sealed.recording_id.hex]
    assert finish_deletions(later) == 0


def test_keys_go_first(
    sealed: Recording, rita: User, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Committed,
) -> None:  # fmt: skip
    store, gone = store_of_node(), list[str]()
    monkeypatch.setattr(deletion, "store_at", lambda _: store)
    monkeypatch.setattr(store, "delete", gone.append)
    deleted(rita, sealed, django_capture_on_commit_callbacks)
    assert gone[0].endswith("/envelope.1")


def test_a_store_that_is_away_is_tried_again_later_and_later(
    sealed: Recording, rita: User, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Committed,
) -> None:  # fmt: skip
    def away(_location: int | None) -> None:
        raise VaultError("the share is away")

    with monkeypatch.context() as without:
        without.setattr(deletion, "store_at", away)
        tombstone = deleted(rita, sealed, django_capture_on_commit_callbacks)
        assert (tombstone.failures, tombstone.problem) == (1, "the share is away")
        assert finish_deletions(tombstone.next_try_at) == 0
    tombstone.refresh_from_db()
    assert tombstone.failures == 2
    assert finish_deletions(tombstone.next_try_at) == 1
    assert in_vault() == []


def test_a_worker_that_lists_late_does_not_bring_it_back(
    ann: User, rita: User, data_folder: Path, django_capture_on_commit_callbacks: Committed
) -> None:
    facts = recording_facts(ann, Spoken())
    call = call_facts(facts)
    DjangoCatalogue().add_call(call, (facts,))
    recording = recordings_in_catalogue().get()
    deleted(rita, recording, django_capture_on_commit_callbacks)
    seal(recording)  # the journal was finished once more
    DjangoCatalogue().add_call(call, (facts,))
    assert not recordings_in_catalogue().exists()
    assert finish_deletions(timezone.now()) == 1
    assert in_vault() == []


def test_a_catalogue_restored_from_a_backup_loses_it_again(
    sealed: Recording, ann: User, rita: User, django_capture_on_commit_callbacks: Committed
) -> None:
    kept = list_recording(ann)
    backup = recordings_in_catalogue().get(pk=sealed.pk)
    deleted(rita, sealed, django_capture_on_commit_callbacks)
    Tombstone.objects.all().delete()
    backup.save(force_insert=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert uphold_tombstones(store_of_node()) == 1
    assert list(recordings_in_catalogue()) == [kept]
    assert Tombstone.objects.get().cause == deletion.RESTORED
    assert AuditEntry.objects.filter(action=Action.DELETED, actor=None).count() == 1
    assert uphold_tombstones(store_of_node()) == 0


def test_a_catalogue_built_anew_knows_what_was_deleted(
    sealed: Recording, rita: User, django_capture_on_commit_callbacks: Committed
) -> None:
    deleted(rita, sealed, django_capture_on_commit_callbacks)
    Tombstone.objects.all().delete()
    assert uphold_tombstones(store_of_node()) == 0
    assert deletion.is_deleted(sealed.recording_id)
