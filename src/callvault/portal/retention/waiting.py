"""Which recordings still wait for their export: retention gives them time, up to a limit.

Whoever exports registers a source, and with it how long is waited.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from callvault.policy.retention import EXPORT_WAIT
from callvault.portal.recordings.models import Recording

Source = Callable[[list[Recording]], dict[int, datetime]]
"""Returns since when exports wait, by record number, of those recordings that wait."""

Limit = Callable[[], timedelta]

_sources: list[Source] = []
_limits: list[Limit] = []


def register(source: Source, *, limit: Limit | None = None) -> None:
    """Have a source asked before anything is deleted by retention."""
    _sources.append(source)
    if limit is not None:
        _limits.append(limit)


def export_wait() -> timedelta:
    """Return how long beyond its time a recording is kept that waits; the longest of all."""
    return max((limit() for limit in _limits), default=EXPORT_WAIT)


def exports_waiting(recordings: Iterable[Recording]) -> dict[int, datetime]:
    """Return since when the export of some recordings waits, the longest of each."""
    asked = list(recordings)
    found: dict[int, datetime] = {}
    for source in _sources:
        for number, since in source(asked).items():
            found[number] = min(since, found.get(number, since))
    return found
