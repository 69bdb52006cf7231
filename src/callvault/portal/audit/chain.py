"""The chain of the audit log: what enters a digest, what is signed, how both are followed. Pure.

Each entry has a place in the chain and a digest over the place, the digest before and its own
content; signed statements say now and then which digest stands at which place. The bytes are
described in docs/formats/audit-chain.md. Neither the database nor Django is needed to verify.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, Protocol

from callvault.vault import canonical

FORMAT = "callvault-audit-chain-1"
STATEMENT_FORMAT = "callvault-audit-statement-1"

Content = Mapping[str, object]


class Kind(StrEnum):
    """What a signed statement says of a place in the chain."""

    GENESIS = "genesis"  # the chain begins here
    HEAD = "head"  # the chain has come so far
    CUT = "cut"  # what stands up to here was removed on purpose, by retention


class Problem(StrEnum):
    """What can be wrong with a chain."""

    CHANGED = "changed"  # an entry is not what entered the chain
    REMOVED = "removed"  # an entry or a link is gone
    INSERTED = "inserted"  # an entry never entered the chain
    REORDERED = "reordered"  # a link does not follow from the one before
    REBUILT = "rebuilt"  # the chain is whole and another one than was signed
    CUT_OFF = "cut_off"  # the end is missing
    SIGNATURE = "signature"  # a statement is not signed by a known key


class Finding(NamedTuple):
    """One thing that is wrong."""

    problem: Problem
    sequence: int | None  # place in the chain
    entry_id: int | None
    text: str


class PublicKeys(Protocol):
    """Knows keys by their fingerprint and checks signatures."""

    def __contains__(self, fingerprint: object) -> bool:
        """Whether the key is known."""

    def verifies(self, fingerprint: str, signature: bytes, message: bytes) -> bool:
        """Whether the key with this fingerprint made this signature."""


def content_digest(content: Content) -> bytes:
    """Return the digest of what an entry says."""
    return sha256(canonical(dict(content))).digest()


def genesis_digest(chain: str) -> bytes:
    """Return what the first entry of a chain follows on; `chain` is its id."""
    return sha256(f"{FORMAT}\n{chain}".encode("ascii")).digest()


def link_digest(previous: bytes, sequence: int, content: bytes) -> bytes:
    """Return the digest at a place: over the one before, the place, and the content's digest."""
    return sha256(previous + sequence.to_bytes(8, "big") + content).digest()


@dataclass(frozen=True, slots=True)
class Statement:
    """What the system signed of its chain."""

    kind: str  # of Kind
    chain: str
    sequence: int
    digest: bytes
    at: str  # UTC, as signed: 2026-11-23T14:25:30Z
    key: str  # SHA-256 fingerprint of the public key, hex
    signature: bytes = b""

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        told = {
            "at": self.at,
            "chain": self.chain,
            "digest": self.digest.hex(),
            "format": STATEMENT_FORMAT,
            "key": self.key,
            "kind": str(self.kind),
            "sequence": self.sequence,
        }
        return canonical(told)


@dataclass(slots=True)
class Walk:
    """Follows a chain from one place to the next and tells what is wrong.

    After a finding it goes on from what is written, so that each fault is told once and where it
    is. `sequence` and `digest` are the place reached; a walk can be taken up there later.
    """

    chain: str
    keys: PublicKeys
    sequence: int = 0
    digest: bytes = b""
    links: int = 0
    signed_up_to: int = 0
    signed_at: str = ""
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.digest = self.digest or genesis_digest(self.chain)

    def link(
        self,
        sequence: int,
        entry_id: int | None,
        content: Content | bytes | None,
        sealed: bytes,
        digest: bytes,
    ) -> Iterator[Finding]:
        """Take the next link. `content` as it is now, its digest if it is not shown, or gone.

        `sealed` is the content's digest as it entered the chain, `digest` that of the link.
        """
        if sequence > self.sequence + 1:
            yield _missing(self.sequence + 1, sequence - 1)
        elif sequence <= self.sequence:
            text = f"place {sequence} of the chain stands after place {self.sequence}"
            yield Finding(Problem.REORDERED, sequence, entry_id, text)
        yield from _content_problem(sequence, entry_id, content, sealed)
        follows = sequence == self.sequence + 1
        if follows and digest != link_digest(self.digest, sequence, sealed):
            text = f"place {sequence} does not follow from the one before: moved, or written anew"
            yield Finding(Problem.REORDERED, sequence, entry_id, text)
        self.sequence, self.digest = sequence, digest
        self.links += 1

    def statement(self, statement: Statement) -> Iterator[Finding]:
        """Take a statement about the place reached."""
        problem = self.problem_of_signature(statement)
        if problem:
            if problem not in self._told:
                self._told.add(problem)
                yield Finding(Problem.SIGNATURE, statement.sequence, None, problem)
            return
        if statement.sequence != self.sequence:
            return  # of a place that is missing: told by the links
        if (statement.digest, statement.chain) != (self.digest, self.chain):
            text = (
                f"place {statement.sequence} is not what was signed at {statement.at}: "
                "the chain was written anew"
            )
            yield Finding(Problem.REBUILT, statement.sequence, None, text)
            return
        self.signed_up_to, self.signed_at = statement.sequence, statement.at

    def problem_of_signature(self, statement: Statement) -> str:
        """Return why a statement proves nothing; empty: it is signed by a key that is known."""
        if statement.key not in self.keys:
            return f"signed with key {statement.key[:16]}…, whose public part is not known here"
        if not self.keys.verifies(statement.key, statement.signature, statement.message):
            return f"the signature of {statement.at} about place {statement.sequence} is not right"
        return ""

    def end(self, last_signed: int) -> Iterator[Finding]:
        """Say whether the end is missing: `last_signed` is the last place that was signed."""
        if last_signed > self.sequence:
            text = f"the chain ends at {self.sequence}, but was signed up to {last_signed}"
            yield Finding(Problem.CUT_OFF, self.sequence + 1, None, text)


def _missing(first: int, last: int) -> Finding:
    if first == last:
        return Finding(Problem.REMOVED, first, None, f"place {first} of the chain is missing")
    text = f"places {first} to {last} of the chain are missing"
    return Finding(Problem.REMOVED, first, None, text)


def _content_problem(
    sequence: int, entry_id: int | None, content: Content | bytes | None, sealed: bytes
) -> Iterator[Finding]:
    if content is None:
        text = f"entry {entry_id}, at place {sequence}, is gone"
        yield Finding(Problem.REMOVED, sequence, entry_id, text)
        return
    found = content if isinstance(content, bytes) else content_digest(content)
    if found != sealed:
        text = f"entry {entry_id}, at place {sequence}, is not what it was when it was chained"
        yield Finding(Problem.CHANGED, sequence, entry_id, text)
