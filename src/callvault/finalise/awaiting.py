"""Journals of calls that somebody may still mark: looked at again when that time is over.

Nothing is noted down: a worker that starts anew reads such a journal once more.
"""

import logging
from dataclasses import dataclass, field
from uuid import UUID

from callvault.errors import CallvaultError
from callvault.finalise.catalogue import Catalogue
from callvault.policy.legal_hold import Held
from callvault.spool import Chain
from callvault.spool.marks import marks_written_ns

logger = logging.getLogger(__name__)

MARGIN_NS = 15_000_000_000
"""A mark that was taken in time may be on its way to the disk, and clocks may differ a little."""
REST_NS = 900_000_000_000
"""How often it is looked whether a call that grew too long, and was split, is over."""


class MarksAwaited(CallvaultError):
    """Marks of a call may still come: it is finished from `until_ns` on, UTC."""

    def __init__(self, until_ns: int) -> None:
        super().__init__(until_ns)  # by position: it is pickled on its way from a child
        self.until_ns = until_ns

    def __str__(self) -> str:
        return "somebody may still mark the call"


def held_now(catalogue: Catalogue) -> Held | None:
    """Return what legal holds cover; None while the catalogue cannot be asked."""
    try:
        return catalogue.held()
    except Exception as error:
        logger.warning("legal holds are not known now, nothing is destroyed: %s", error)
        return None


@dataclass(slots=True)
class AwaitedMarks:
    """Which calls wait, until when, and which marks they had when they began to."""

    _waiting: dict[UUID, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, chain: Chain, until_ns: int) -> None:
        """Leave a call alone until then, or until somebody marks it."""
        self._waiting[chain.first.journal_id] = (until_ns, _marked_ns(chain))

    def holds(self, chain: Chain, *, now_ns: int) -> bool:
        """Whether a call is still waited for."""
        until_ns, marked_ns = self._waiting.get(chain.first.journal_id, (0, 0))
        if now_ns < until_ns and _marked_ns(chain) == marked_ns:
            return True
        self._waiting.pop(chain.first.journal_id, None)
        return False


def _marked_ns(chain: Chain) -> int:
    return marks_written_ns((*chain.paths, *chain.twin_paths))
