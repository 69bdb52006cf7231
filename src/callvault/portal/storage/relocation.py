"""Moves all recordings of a store to another: asked for by people, fed to movers in batches."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.audit.log import record, record_own
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.recordings.permissions import recordings_in_catalogue

from .models import Move, Relocation, State, StorageLocation

BATCH = 200
Place = StorageLocation | None


def begin(request: HttpRequest, source: Place, target: Place) -> bool:
    """Have workers move what lies in `source` to `target`. False: one is going on already."""
    rows = recordings_in_catalogue().filter(location=source)
    newest = rows.order_by("-record_number").values_list("record_number", flat=True).first()
    try:
        with transaction.atomic():
            row = Relocation.objects.create(
                source=source,
                target=target,
                asked_at=timezone.now(),
                asked_by_name=person_of(request).get_full_name(),
                at_number=newest or 0,
                total=rows.count(),
            )
            _tell(request, Action.RELOCATION_STARTED, row, total=row.total)
    except IntegrityError:
        return False
    return True


@transaction.atomic
def change(request: HttpRequest, state: State) -> bool:
    """Pause the one that is open, let it go on, or stop it. False: there is none to do that to."""
    before = {State.PAUSED: (State.RUNNING,), State.RUNNING: (State.PAUSED,)}.get(
        state, (State.RUNNING, State.PAUSED)
    )
    row = Relocation.objects.select_for_update().filter(is_open=True, state__in=before).first()
    if row is None:
        return False
    _tell(request, _ACTIONS[state], row, done=row.done)
    row.state = state
    if state == State.STOPPED:
        row.is_open, row.ended_at = False, timezone.now()
        row.moves.all().delete()  # copies that were begun are taken away by workers
    row.save(update_fields=("state", "is_open", "ended_at"))
    return True


_ACTIONS = {
    State.PAUSED: Action.RELOCATION_PAUSED,
    State.RUNNING: Action.RELOCATION_RESUMED,
    State.STOPPED: Action.RELOCATION_STOPPED,
}


@transaction.atomic
def try_again(request: HttpRequest) -> int:
    """Try again what failed for good; return how many recordings that are."""
    failed = Move.objects.filter(has_failed=True)
    count = failed.count()
    if count:
        record(request, Action.MOVES_RETRIED, kind="storage", recordings=count)
        failed.update(has_failed=False, next_try_at=timezone.now(), failures=0, problem="")
    return count


@transaction.atomic
def feed(*, now: datetime) -> int:
    """Ask for the next recordings of the relocation that runs; return how many."""
    row = Relocation.objects.select_for_update().filter(state=State.RUNNING).first()
    if row is None or row.moves.filter(has_failed=False).count() > BATCH // 2:
        return 0
    rows = recordings_in_catalogue().filter(location=row.source, record_number__lte=row.at_number)
    found = rows.order_by("-record_number").values_list("record_number", "recording_id", "node")
    batch = list(found[:BATCH])
    if not batch:
        _end(row)
        return 0
    moves = [
        Move(
            recording_id=recording_id, source=row.source, target=row.target, node=_node(row, node),
            relocation=row, asked_at=now, next_try_at=now,
        )
        for _number, recording_id, node in batch
    ]  # fmt: skip
    Move.objects.bulk_create(moves, ignore_conflicts=True)  # one that moves already goes on
    row.at_number = batch[-1][0] - 1
    row.save(update_fields=("at_number",))
    return len(moves)


def _node(row: Relocation, node: str) -> str:
    """Return whose folder has a part in it; empty: none has."""
    return node if row.source_id is None or row.target_id is None else ""


def _end(row: Relocation) -> None:
    """Close it when nothing of it is under way."""
    if row.moves.filter(has_failed=False).exists():
        return
    row.state, row.is_open, row.ended_at = State.DONE, False, timezone.now()
    row.save(update_fields=("state", "is_open", "ended_at"))
    record_own(
        Action.RELOCATION_ENDED, kind="relocation", object_id=row.public_id,
        done=row.done, failed=row.moves.count(), **_places(row),
    )  # fmt: skip


def _tell(request: HttpRequest, action: Action, row: Relocation, **told: object) -> None:
    detail = {**_places(row), **told}
    record(request, action, kind="relocation", object_id=row.public_id, actor=None, **detail)


def _places(row: Relocation) -> dict[str, str]:
    return {
        "source": row.source.name if row.source else "local",
        "target": row.target.name if row.target else "local",
    }
