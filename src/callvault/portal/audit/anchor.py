"""The last signed head, kept in a file of the node: outside of the database that it vouches for.

Whoever cuts off the chain's end, or puts an older database back, takes the statements with it;
this file still says how far the chain had come.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from . import chain
from .chain import Finding, Problem, Statement

logger = logging.getLogger(__name__)

FILE_NAME = "audit-head.json"
_MAX_BYTES = 4096


def as_document(statement: Statement) -> dict[str, object]:
    """Return a statement as files and exports carry it."""
    document = json.loads(statement.message)
    return {**document, "signature": statement.signature.hex()}


def from_document(document: Mapping[str, object]) -> Statement:
    """Read such a document. Raises ValueError, KeyError or TypeError for what is none."""
    if document["format"] != chain.STATEMENT_FORMAT:
        raise ValueError(f"format {document['format']!r}, known: {chain.STATEMENT_FORMAT}")
    sequence = document["sequence"]
    if not isinstance(sequence, int) or not 0 <= sequence < 2**63:
        raise ValueError("no place in the chain")
    return Statement(
        kind=str(document["kind"]),
        chain=str(document["chain"]),
        sequence=sequence,
        digest=bytes.fromhex(str(document["digest"])),
        at=str(document["at"]),
        key=str(document["key"]),
        signature=bytes.fromhex(str(document["signature"])),
    )


def read(path: Path) -> Statement | None:
    """Return the head that the node remembers; None: it has none yet."""
    try:
        with path.open("rb") as file:
            return from_document(json.loads(file.read(_MAX_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the audit log's head cannot be read from %s: %s", path, error)
        return None


def write(path: Path, statement: Statement) -> None:
    """Remember a head."""
    write_whole(path, as_document(statement))


def write_whole(path: Path, document: Mapping[str, object]) -> None:
    """Write a small file of the node; it is there whole, or as it was."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(document) + "\n", encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def problem_of(
    statement: Statement, *, chain_id: str, last: int, digest: bytes | None
) -> Finding | None:
    """Compare a remembered head with the chain: its last place, and the digest at the head's.

    `digest` is None where the chain has no such place any more.
    """
    place, at = statement.sequence, statement.at
    if statement.chain != chain_id:
        text = f"this is another chain than the one this node signed at {at}"
        return Finding(Problem.REBUILT, place, None, text)
    if digest is None and place > last:
        text = f"the chain ends at {last}, but this node signed it up to {place} at {at}"
        return Finding(Problem.CUT_OFF, last + 1, None, text)
    if digest != statement.digest:
        text = f"place {place} is not what this node signed at {at}: the chain was written anew"
        return Finding(Problem.REBUILT, place, None, text)
    return None
