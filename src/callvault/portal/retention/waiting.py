"""Which recordings still wait for their export: retention gives them time, up to a limit.

Whoever exports registers a source; none is known while nothing is exported.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from callvault.portal.recordings.models import Recording

Source = Callable[[list[Recording]], dict[int, datetime]]
"""Returns since when exports wait, by record number, of those recordings that wait."""

_sources: list[Source] = []


def register(source: Source) -> None:
    """Have a source asked before anything is deleted by retention."""
    _sources.append(source)


def exports_waiting(recordings: Iterable[Recording]) -> dict[int, datetime]:
    """Return since when the export of some recordings waits, the longest of each."""
    asked = list(recordings)
    found: dict[int, datetime] = {}
    for source in _sources:
        for number, since in source(asked).items():
            found[number] = min(since, found.get(number, since))
    return found
