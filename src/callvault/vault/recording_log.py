"""The log of recordings: what enters it, what is signed of a day, and how the days follow. Pure.

Each recording that is sealed, and each that is deleted, enters as one line. The lines of a day are
the leaves of a Merkle tree (`merkle`), whose root stands in a signed head; each head names the one
before. The bytes are described in docs/formats/integrity.md. To verify takes neither database nor
Django.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from callvault.vault.audit_key import AuditKey, AuditKeys
from callvault.vault.canonical import canonical
from callvault.vault.merkle import leaf_hash, root_of

LOG_FORMAT = "callvault-recording-log-1"
CONTENT_FORMAT = "callvault-recording-content-1"
HEAD_FORMAT = "callvault-recording-head-1"
MAX_NUMBER = 2**63 - 1


class EntryKind(StrEnum):
    """What a line of the log says of a recording."""

    SEALED = "sealed"  # it is listed, with these objects and facts
    DELETED = "deleted"  # it is gone, and rightly so


class LogProblem(StrEnum):
    """What can be wrong with the log, or with a recording that is in it."""

    FACTS = "facts"  # the row of the catalogue is not what entered the log
    OBJECT = "object"  # an object in the store is not the one that was sealed
    GONE = "gone"  # an object is not in the store
    MISSING = "missing"  # the recording went without being deleted
    UNENTERED = "unentered"  # listed, and never entered the log
    RETURNED = "returned"  # listed, although the log says that it was deleted
    LINES = "lines"  # the lines of a day are not those that were signed
    HEADS = "heads"  # a head is missing, or does not follow from the one before
    SIGNATURE = "signature"  # a head is not signed by a known key
    STAMP = "stamp"  # a time stamp does not belong to its head
    CUT_OFF = "cut_off"  # the end of the log is missing


class LogFinding(NamedTuple):
    """One thing that is wrong."""

    problem: LogProblem
    text: str
    recording: str = ""  # id; empty: it concerns a day
    head: int | None = None


def content_digest(content: Mapping[str, object]) -> bytes:
    """Return the digest of what is known of a recording."""
    return sha256(canonical(dict(content))).digest()


def genesis(log: str) -> bytes:
    """Return what the first head of a log follows on; `log` is its id."""
    return sha256(f"{LOG_FORMAT}\n{log}".encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log."""

    place: int  # from 1, without gaps
    kind: str  # of EntryKind
    recording: str  # id
    content: bytes  # digest of what the line stands for
    at: str  # UTC: 2026-11-23T14:25:30Z

    @property
    def line(self) -> bytes:
        """The bytes of the line."""
        told = {
            "at": self.at,
            "content": self.content.hex(),
            "kind": str(self.kind),
            "place": self.place,
            "recording": self.recording,
        }
        return canonical(told)

    @property
    def hash(self) -> bytes:
        """The leaf of the tree."""
        return leaf_hash(self.line)

    @classmethod
    def from_document(cls, told: Mapping[str, Any]) -> "LogEntry":
        """Read a line. Raises ValueError, KeyError or TypeError for what is none."""
        return cls(
            place=_number(told["place"]),
            kind=EntryKind(told["kind"]),
            recording=str(told["recording"]),
            content=bytes.fromhex(told["content"]),
            at=str(told["at"]),
        )


@dataclass(frozen=True, slots=True)
class DayHead:
    """What the system signed of the lines of one day."""

    log: str
    number: int  # from 1, without gaps
    day: str  # UTC: 2026-11-23
    first: int  # place of its first line
    size: int  # how many lines
    root: bytes
    previous: bytes  # digest of the head before
    at: str  # UTC, as signed: 2026-11-24T00:00:05Z
    is_closed: bool  # no line enters this day any more
    key: str  # SHA-256 fingerprint of the public key, hex
    signature: bytes = b""

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        told = {
            "at": self.at,
            "closed": self.is_closed,
            "day": self.day,
            "first": self.first,
            "format": HEAD_FORMAT,
            "key": self.key,
            "log": self.log,
            "number": self.number,
            "previous": self.previous.hex(),
            "root": self.root.hex(),
            "size": self.size,
        }
        return canonical(told)

    @property
    def digest(self) -> bytes:
        """What the next head names."""
        return sha256(self.message).digest()

    @property
    def stamped(self) -> bytes:
        """What is time-stamped: the message and its signature."""
        return self.message + self.signature

    def signed_by(self, key: AuditKey) -> "DayHead":
        """Return the head, signed."""
        told = replace(self, key=key.fingerprint, signature=b"")
        return replace(told, signature=key.sign(told.message))

    @classmethod
    def from_document(cls, told: Mapping[str, Any], signature: bytes) -> "DayHead":
        """Read what was signed. Raises ValueError, KeyError or TypeError for what is none."""
        if told["format"] != HEAD_FORMAT:
            raise ValueError(f"format {told['format']!r}, known: {HEAD_FORMAT}")
        if not isinstance(told["closed"], bool):
            raise TypeError("closed is neither true nor false")
        return cls(
            log=str(told["log"]),
            number=_number(told["number"]),
            day=str(told["day"]),
            first=_number(told["first"]),
            size=_number(told["size"]),
            root=bytes.fromhex(told["root"]),
            previous=bytes.fromhex(told["previous"]),
            at=str(told["at"]),
            is_closed=told["closed"],
            key=str(told["key"]),
            signature=signature,
        )


def problem_of_signature(head: DayHead, keys: AuditKeys) -> str:
    """Return why a head proves nothing; empty: it is signed by a key that is known."""
    if head.key not in keys:
        return f"signed with key {head.key[:16]}…, whose public part is not known here"
    if not keys.verifies(head.key, head.signature, head.message):
        return f"the signature of {head.at} about day {head.day} is not right"
    return ""


@dataclass(slots=True)
class HeadWalk:
    """Follows heads from one day to the next and tells what is wrong.

    After a finding it goes on from what is written, so that each fault is told once.
    """

    log: str
    keys: AuditKeys
    number: int = 0  # of the last head
    digest: bytes = b""
    lines: int = 0  # place of the last line
    day: str = ""
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.digest = self.digest or genesis(self.log)

    def take(self, head: DayHead, entries: Sequence[LogEntry] | None) -> Iterator[LogFinding]:
        """Take the next head; `entries` are the lines of its day, if they are at hand."""
        yield from self._order(head)
        problem = problem_of_signature(head, self.keys)
        if problem and problem not in self._told:
            self._told.add(problem)
            yield LogFinding(LogProblem.SIGNATURE, problem, head=head.number)
        if entries is not None:
            yield from problems_of_lines(head, entries)
        self.number, self.digest, self.day = head.number, head.digest, head.day
        self.lines = head.first + head.size - 1

    def _order(self, head: DayHead) -> Iterator[LogFinding]:
        number = head.number
        if number != self.number + 1:
            text = f"heads {self.number + 1} to {number - 1} are missing"
            yield LogFinding(LogProblem.HEADS, text, head=number)
            return
        follows = (
            (head.log, head.previous, head.first) == (self.log, self.digest, self.lines + 1)
            and head.day >= self.day
            and head.size > 0
        )
        if not follows:
            text = f"the head of {head.day} does not follow from the one before"
            yield LogFinding(LogProblem.HEADS, text, head=number)


def problems_of_lines(head: DayHead, entries: Sequence[LogEntry]) -> Iterator[LogFinding]:
    """Compare the lines of a day, as they are now, with its head."""
    places = [one.place for one in entries]
    if places != list(range(head.first, head.first + head.size)):
        text = f"of the {head.size} lines of {head.day}, {len(set(places))} are there"
        yield LogFinding(LogProblem.LINES, text, head=head.number)
    elif root_of([one.hash for one in entries]) != head.root:
        text = f"the lines of {head.day} are not those that were signed at {head.at}"
        yield LogFinding(LogProblem.LINES, text, head=head.number)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_NUMBER:
        raise ValueError("no number in the log")
    return value
