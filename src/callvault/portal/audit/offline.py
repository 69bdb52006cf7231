"""Verifying an exported log without the system: its file, a public key, nothing else. Pure.

The lines are those of `export`; each stretch of places that follow one another must lead to
digests that were signed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import chain
from .anchor import from_document
from .chain import Finding, Problem, PublicKeys, Walk

EXPORT_FORMAT = "callvault-audit-export-1"
MAX_LINE_BYTES = 4_000_000


class NoExport(ValueError):
    """The file is no export of the log, or cannot be read on."""


@dataclass(slots=True)
class Verification:
    """What an exported file says, and whether it holds."""

    keys: PublicKeys
    entries: int = 0
    unsigned: int = 0  # entries after the last statement of their stretch
    unchained: int = 0  # had no place yet when they were exported
    is_complete: bool = False
    exported_at: str = ""
    signed_up_to: int = 0
    signed_at: str = ""
    findings: list[Finding] = field(default_factory=list)
    _walk: Walk | None = None
    _pending: int = 0
    _is_begun: bool = False
    _is_ended: bool = False

    def read(self, lines: Iterable[bytes]) -> Iterator[int]:
        """Take all lines; yields how many were read, for progress. Raises NoExport."""
        number = 0
        for number, line in enumerate(lines, start=1):
            if len(line) > MAX_LINE_BYTES:
                raise NoExport(f"line {number} is longer than {MAX_LINE_BYTES} bytes")
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if number == 1:
                    raise NoExport("this is no export of the audit log") from error
                text = f"line {number} cannot be read: {error}"
                self.findings.append(Finding(Problem.CHANGED, None, None, text))
            yield number
        if number == 0:
            raise NoExport("the file is empty")
        self._finish()

    def _take(self, document: Mapping[str, Any]) -> None:
        if self._walk is None:
            self._begin(document)
        elif "end" in document:
            self._end(document["end"])
        elif "statement" in document:
            self._statement(document["statement"])
        elif document["sequence"] is None:
            self.unchained += 1
            self.entries += 1
        else:
            self._link(self._walk, document)

    def _begin(self, document: Mapping[str, Any]) -> None:
        if document["format"] != EXPORT_FORMAT:
            raise ValueError(f"format {document['format']!r}, known: {EXPORT_FORMAT}")
        self._walk = Walk(str(document["chain"]), self.keys)
        self.is_complete = bool(document["complete"])
        self.exported_at = str(document["exported_at"])

    def _statement(self, document: Mapping[str, Any]) -> None:
        assert self._walk is not None  # noqa: S101 - tells the type checker
        statement = from_document(document)
        problem = self._walk.problem_of_signature(statement)
        is_cut = statement.kind == chain.Kind.CUT and statement.chain == self._walk.chain
        if not self._is_begun and is_cut and not problem:
            self._walk.sequence, self._walk.digest = statement.sequence, statement.digest
        found = list(self._walk.statement(statement))
        self.findings += found
        if not found and self._walk.signed_up_to == self._walk.sequence:
            self._pending = 0
        if self._walk.signed_up_to > self.signed_up_to:
            self.signed_up_to, self.signed_at = self._walk.signed_up_to, self._walk.signed_at

    def _link(self, walk: Walk, document: Mapping[str, Any]) -> None:
        sequence = int(document["sequence"])
        if "previous" in document and not self.is_complete:  # there every place must follow
            self.unsigned += self._pending
            self._pending = 0
            walk.sequence, walk.digest = sequence - 1, bytes.fromhex(document["previous"])
        self._is_begun = True
        sealed = bytes.fromhex(document["content"])
        entry = document.get("entry")
        content = entry if entry is not None else sealed
        digest = document.get("digest")
        reached = (
            bytes.fromhex(digest)
            if digest is not None
            else chain.link_digest(walk.digest, sequence, sealed)
        )
        number = int(entry["id"]) if entry is not None else None
        self.findings += walk.link(sequence, number, content, sealed, reached)
        if entry is not None:
            self.entries += 1
            self._pending += 1

    def _end(self, document: Mapping[str, Any]) -> None:
        self._is_ended = True
        if int(document["entries"]) != self.entries:
            text = f"the file tells of {document['entries']} entries and holds {self.entries}"
            self.findings.append(Finding(Problem.REMOVED, None, None, text))

    def _finish(self) -> None:
        self.unsigned += self._pending
        if not self._is_ended:
            text = "the file stops before its end"
            self.findings.append(Finding(Problem.CUT_OFF, None, None, text))
