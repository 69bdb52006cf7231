"""What a changed setting tells the audit log: which values, old and new, and no others."""

from collections.abc import Mapping

from django.http import HttpRequest

from .log import record
from .models import Action


def record_change(
    request: HttpRequest,
    kind: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    version: int,
) -> None:
    """Write down how a setting changes. An empty mapping: it is not there, before or after."""
    names = {*before, *after}
    changed = sorted(name for name in names if before.get(name) != after.get(name))
    record(
        request, Action.SETTINGS_CHANGED, kind=kind, version=version, fields=changed,
        old={name: before[name] for name in changed if name in before},
        new={name: after[name] for name in changed if name in after},
    )  # fmt: skip
