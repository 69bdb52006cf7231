"""All recordings of a place are moved to another: in batches, paused, stopped, tried again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.storage import asking, relocation
from callvault.portal.storage.models import LeftCopy, Move, Relocation, State
from callvault.vault import ObjectKind
from callvault.vault.objects import name_of
from tests.portal.acting import request_of

from .conftest import NODE, Stage

pytestmark = pytest.mark.django_db
Sealed = Callable[[], Recording]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relocation, "BATCH", 2)


def work(stage: Stage, rounds: int = 10) -> int:
    """Work off what there is."""
    moved = 0
    for _ in range(rounds):
        relocation.feed(now=timezone.now())
        moved += stage.carrier.turn()
        stage.carrier.tidy(now=timezone.now())
    return moved


def lying_at(location_id: int | None) -> QuerySet[Recording]:
    return Recording._default_manager.filter(location=location_id)


def test_all_recordings_of_a_place_are_moved(stage: Stage, sealed: Sealed, rita: User) -> None:
    for _ in range(5):
        sealed()
    nas = stage.place("nas")
    assert relocation.begin(request_of(rita), None, nas) is True
    assert relocation.begin(request_of(rita), nas, None) is False  # one at a time
    assert relocation.feed(now=timezone.now()) == 2
    assert relocation.feed(now=timezone.now()) == 0  # bounded: the first are not there yet
    assert work(stage) == 5
    row = Relocation.objects.get()
    assert (row.state, row.done, row.total, row.is_open) == (State.DONE, 5, 5, False)
    assert lying_at(nas.pk).count() == 5
    assert list(stage.store(None).list()) == []
    assert not LeftCopy.objects.exists()
    told = AuditEntry.objects.get(action=Action.RELOCATION_ENDED).detail
    assert told == {"source": "local", "target": "nas", "done": 5, "failed": 0}
    started = AuditEntry.objects.get(action=Action.RELOCATION_STARTED)
    assert (started.actor, started.detail["total"]) == (rita, 5)


def test_recordings_come_back_to_their_nodes(stage: Stage, sealed: Sealed, rita: User) -> None:
    recording = sealed()
    nas = stage.place("nas")
    relocation.begin(request_of(rita), None, nas)
    work(stage)
    relocation.begin(request_of(rita), nas, None)
    work(stage)
    assert lying_at(None).count() == 1
    assert list(stage.stores[nas.pk].list()) == []
    kinds = stage.store(None).list()
    assert name_of(recording.recording_id, ObjectKind.AUDIO) in set(kinds)


def test_it_pauses_and_goes_on(stage: Stage, sealed: Sealed, rita: User) -> None:
    for _ in range(4):
        sealed()
    nas = stage.place("nas")
    relocation.begin(request_of(rita), None, nas)
    relocation.feed(now=timezone.now())
    assert relocation.change(request_of(rita), State.PAUSED) is True
    assert relocation.change(request_of(rita), State.PAUSED) is False
    assert work(stage) == 0
    assert relocation.change(request_of(rita), State.RUNNING) is True
    assert work(stage) == 4
    actions = AuditEntry.objects.filter(object_kind="relocation").order_by("pk")
    assert [entry.action for entry in actions] == [
        Action.RELOCATION_STARTED, Action.RELOCATION_PAUSED, Action.RELOCATION_RESUMED,
        Action.RELOCATION_ENDED,
    ]  # fmt: skip


def test_it_stops_and_what_is_done_stays(stage: Stage, sealed: Sealed, rita: User) -> None:
    for _ in range(3):
        sealed()
    nas = stage.place("nas")
    relocation.begin(request_of(rita), None, nas)
    relocation.feed(now=timezone.now())
    assert stage.carrier.turn() == 2
    relocation.feed(now=timezone.now())
    assert relocation.change(request_of(rita), State.STOPPED) is True
    assert work(stage) == 0
    assert (lying_at(nas.pk).count(), lying_at(None).count()) == (2, 1)
    assert not Move.objects.exists()
    stopped = AuditEntry.objects.get(action=Action.RELOCATION_STOPPED)
    assert stopped.detail["done"] == 2
    assert relocation.begin(request_of(rita), None, nas) is True


def test_new_recordings_go_before_old_ones(stage: Stage, sealed: Sealed, rita: User) -> None:
    old, nas = sealed(), stage.place("nas", is_current=True)
    relocation.begin(request_of(rita), None, nas)
    relocation.feed(now=timezone.now() - timedelta(hours=1))
    new = sealed()
    asking.ask_for_new(new, NODE)
    first = stage.carrier._next()
    assert first is not None
    assert first.recording_id == new.recording_id != old.recording_id


def test_what_failed_is_tried_again_when_it_was_mended(
    stage: Stage, sealed: Sealed, rita: User
) -> None:
    recording, nas = sealed(), stage.place("nas")
    file = stage.folder / "vault" / name_of(recording.recording_id, ObjectKind.AUDIO)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    relocation.begin(request_of(rita), None, nas)
    assert work(stage) == 0
    assert Relocation.objects.get().state == State.DONE
    assert AuditEntry.objects.get(action=Action.RELOCATION_ENDED).detail["failed"] == 1
    file.write_bytes(whole)
    assert relocation.try_again(request_of(rita)) == 1
    assert work(stage) == 1
    assert AuditEntry.objects.get(action=Action.MOVES_RETRIED).detail == {"recordings": 1}
    assert lying_at(nas.pk).count() == 1


def test_a_recording_under_a_legal_hold_is_moved_and_stays_held(
    stage: Stage, sealed: Sealed, rita: User
) -> None:
    recording, nas = sealed(), stage.place("nas")
    Recording._default_manager.filter(pk=recording.pk).update(is_held=True)
    relocation.begin(request_of(rita), None, nas)
    assert work(stage) == 1
    recording.refresh_from_db()
    assert (recording.is_held, recording.location) == (True, nas)
