"""Saving a setting that is one row: audited, told to recorders, never over another's edit."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.changes import record_change

from .filter_saving import refuse_stale
from .models import PolicyRevision
from .versioned import VersionedRow

Row = TypeVar("Row", bound=VersionedRow)


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
    row = model._default_manager.select_for_update().first() or model(version=0)
    refuse_stale(opened_at, row.version, kind)
    before = facts_of(row)
    fill(row)
    record_change(request, kind, before, facts_of(row), version=row.version + 1)
    row.version += 1
    row.save()
