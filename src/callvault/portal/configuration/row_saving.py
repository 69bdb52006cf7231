"""Saving a setting that is one row: audited, told to recorders, never over another's edit."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .capacity_models import SystemCapacity
from .filter_saving import refuse_stale
from .mode_models import RecordingModes
from .models import PolicyRevision

Row = TypeVar("Row", RecordingModes, SystemCapacity)


@transaction.atomic
def save_row(
    request: HttpRequest,
    kind: str,
    model: type[Row],
    *,
    opened_at: int | None,
    facts_of: Callable[[Row], Mapping[str, object]],
    fill: Callable[[Row], None],
) -> None:
    """Fill the row, and write down what of it changed.

    `kind` names it in the audit log, `opened_at` is the version that was changed. Raises
    StaleSetting, having changed nothing, if somebody was quicker.
    """
    PolicyRevision.bump()  # first: whoever else saves, people too, waits here
    row = model.objects.select_for_update().first() or model(version=0)
    refuse_stale(opened_at, row.version, kind)
    before = facts_of(row)
    fill(row)
    after = facts_of(row)
    changed = sorted(name for name in after if before[name] != after[name])
    record(
        request, Action.SETTINGS_CHANGED, kind=kind, version=row.version + 1, fields=changed,
        old={name: before[name] for name in changed},
        new={name: after[name] for name in changed},
    )  # fmt: skip
    row.version += 1
    row.save()
