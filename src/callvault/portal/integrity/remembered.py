"""The last signed head, kept in a file of the node: outside of the database that it vouches for."""

import json
import logging
from pathlib import Path

from callvault.portal.audit.anchor import write_whole
from callvault.vault import DayHead, LogFinding, LogProblem, root_of

from .models import Head, Line

logger = logging.getLogger(__name__)

FILE_NAME = "integrity-head.json"
_MAX_BYTES = 4096


def read(path: Path) -> DayHead | None:
    """Return the head that the node remembers; None: it has none yet."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MAX_BYTES))
        return DayHead.from_document(told, bytes.fromhex(told["signature"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the last signed day cannot be read from %s: %s", path, error)
        return None


def write(path: Path, head: DayHead) -> None:
    """Remember a head."""
    write_whole(path, {**json.loads(head.message), "signature": head.signature.hex()})


def problem_of(head: DayHead, *, log: str) -> LogFinding | None:
    """Compare a remembered head with the log in the database; None: the log goes on from there."""
    if head.log != log:
        text = f"this is another log than the one this node signed at {head.at}"
        return LogFinding(LogProblem.CUT_OFF, text, head=head.number)
    row = Head.objects.filter(number=head.number).first()
    if row is None:
        text = f"this node signed {head.day} at {head.at}, and the log has no such day"
        return LogFinding(LogProblem.CUT_OFF, text, head=head.number)
    if _goes_on(head, row.signed):
        return None
    text = f"{head.day} is not what this node signed at {head.at}"
    return LogFinding(LogProblem.LINES, text, head=head.number)


def _goes_on(before: DayHead, now: DayHead) -> bool:
    """Whether the head of a day says the same as an earlier one, of fewer lines or as many."""
    if before.is_closed:
        return before.message == now.message
    if (before.first, before.previous) != (now.first, now.previous) or now.size < before.size:
        return False
    places = (before.first, before.first + before.size - 1)
    lines = Line.objects.filter(place__range=places).order_by("place")
    return root_of([line.entry.hash for line in lines]) == before.root
