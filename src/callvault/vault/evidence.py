"""Checking recordings that were exported with their proofs: without the system, and without Django.

The files are those of docs/formats/integrity.md. What is believed is the public key that the
verifier names, and the certificate of the time-stamp authority; nothing else in the folder is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import Path as InZip

from cryptography import x509

from callvault.vault.audit_key import AuditKeys
from callvault.vault.merkle import root_by
from callvault.vault.recording_log import (
    CONTENT_FORMAT,
    DayHead,
    EntryKind,
    HeadWalk,
    LogEntry,
    LogFinding,
    LogProblem,
)
from callvault.vault.time_stamp import StampRefused, TimeStamp, read_stamp

EVIDENCE_FORMAT = "callvault-evidence-1"
INDEX = "evidence.json"
MAX_SMALL_BYTES = 10_000_000
READ_BYTES = 1_048_576
AUDIO, SEALED_AUDIO = "audio.mp3", "audio.sealed"


class NoEvidence(ValueError):
    """The folder is no such export, or cannot be read on."""


Folder = Path | InZip


@dataclass(slots=True)
class Proved:
    """What came of one recording."""

    recording: str  # id
    facts: Mapping[str, Any] = field(default_factory=dict)
    entered_at: str = ""
    signed_at: str = ""  # of the head that speaks of it
    stamp: TimeStamp | None = None  # the first one that is good for it
    has_unchecked_stamp: bool = False  # no certificate of an authority was named
    is_audio_compared: bool = False  # the MP3 itself; else what was sealed of it
    problems: list[LogFinding] = field(default_factory=list)


@dataclass(slots=True)
class Evidence:
    """An export being checked."""

    folder: Folder
    keys: AuditKeys
    authorities: Sequence[x509.Certificate] = ()
    heads: dict[int, DayHead] = field(default_factory=dict)
    stamps: dict[int, TimeStamp] = field(default_factory=dict)
    unchecked_stamps: set[int] = field(default_factory=set)
    problems: list[LogFinding] = field(default_factory=list)  # of heads and stamps

    def check(self) -> Iterator[Proved]:
        """Check heads and stamps, then each recording. Raises NoEvidence."""
        index = _document(self.folder, INDEX)
        try:
            if index["format"] != EVIDENCE_FORMAT:
                raise ValueError(f"format {index['format']!r}, known: {EVIDENCE_FORMAT}")
            log, numbers = str(index["log"]), [int(one) for one in index["heads"]]
            recordings = [str(one) for one in index["recordings"]]
        except (ValueError, KeyError, TypeError) as error:
            raise NoEvidence(f"{INDEX} cannot be read: {error}") from error
        self._check_heads(log, numbers)
        for recording in recordings:
            yield self._recording(recording)

    def _check_heads(self, log: str, numbers: list[int]) -> None:
        walk: HeadWalk | None = None
        for number in numbers:
            try:
                told = _document(self.folder, f"heads/{number}.json")
                head = DayHead.from_document(told, _small(self.folder, f"heads/{number}.sig"))
            except (NoEvidence, ValueError, KeyError, TypeError) as error:
                text = f"head {number} cannot be read: {error}"
                self.problems.append(LogFinding(LogProblem.HEADS, text, head=number))
                continue
            walk = walk or HeadWalk(log, self.keys, head.number - 1, head.previous, head.first - 1)
            self.problems += walk.take(head, None)
            self.heads[number] = head
            self._check_stamp(head)

    def _check_stamp(self, head: DayHead) -> None:
        name = f"heads/{head.number}.tsr"
        if not (self.folder / name).is_file():
            return
        if not self.authorities:
            self.unchecked_stamps.add(head.number)
            return
        try:
            answer = _small(self.folder, name)
            self.stamps[head.number] = read_stamp(answer, head.stamped, self.authorities)
        except (StampRefused, NoEvidence) as error:
            text = f"the time stamp of {head.day} does not hold: {error}"
            self.problems.append(LogFinding(LogProblem.STAMP, text, head=head.number))

    def _recording(self, recording: str) -> Proved:
        proved = Proved(recording)
        try:
            proved.problems += self._proof(proved)
        except (NoEvidence, ValueError, KeyError, TypeError) as error:
            text = f"its proof cannot be read: {error}"
            proved.problems.append(LogFinding(LogProblem.LINES, text, recording))
        return proved

    def _proof(self, proved: Proved) -> Iterator[LogFinding]:
        recording = proved.recording
        if not recording.replace("-", "").isalnum():
            raise NoEvidence("its id is none")
        inside = f"recordings/{recording}"
        content, line = (_small(self.folder, f"{inside}/{one}.json") for one in ("content", "line"))
        told, entry = _loaded(content), LogEntry.from_document(_loaded(line))
        proved.facts, proved.entered_at = told.get("facts", {}), entry.at
        if (told["format"], told["recording"]) != (CONTENT_FORMAT, recording):
            yield LogFinding(LogProblem.FACTS, "the facts are of another recording", recording)
        if sha256(content).digest() != entry.content:
            text = "the facts are not those that were sealed"
            yield LogFinding(LogProblem.FACTS, text, recording)
        if (entry.recording, entry.kind, entry.line) != (recording, EntryKind.SEALED, line):
            yield LogFinding(LogProblem.LINES, "the line is of another recording", recording)
        yield from self._path(proved, entry, _document(self.folder, f"{inside}/path.json"))
        yield from self._audio(proved, told["objects"], inside)

    def _path(
        self, proved: Proved, entry: LogEntry, told: Mapping[str, Any]
    ) -> Iterator[LogFinding]:
        head = self.heads.get(int(told["head"]))
        if head is None:
            text = f"head {told['head']}, which speaks of it, is missing"
            yield LogFinding(LogProblem.HEADS, text, proved.recording)
            return
        path = [bytes.fromhex(one) for one in told["path"]]
        if root_by(entry.hash, entry.place - head.first, head.size, path) != head.root:
            text = f"the line is not one of those that were signed for {head.day}"
            yield LogFinding(LogProblem.LINES, text, proved.recording)
            return
        proved.signed_at = head.at
        stamped = [number for number in self.stamps if number >= head.number]
        proved.stamp = self.stamps[min(stamped)] if stamped else None
        proved.has_unchecked_stamp = any(one >= head.number for one in self.unchecked_stamps)

    def _audio(
        self, proved: Proved, objects: list[Mapping[str, Any]], inside: str
    ) -> Iterator[LogFinding]:
        audio = next((one for one in objects if one["kind"] == "audio"), None)
        if audio is None:
            yield LogFinding(
                LogProblem.GONE, "it had no audio when it was sealed", proved.recording
            )
            return
        if plain := audio.get("plain_sha256"):
            proved.is_audio_compared = True
            yield from self._same(proved, f"{inside}/{AUDIO}", plain)
        else:
            yield from self._same(proved, f"{inside}/{SEALED_AUDIO}", audio["sha256"])

    def _same(self, proved: Proved, name: str, digest: str) -> Iterator[LogFinding]:
        if not (self.folder / name).is_file():
            yield LogFinding(LogProblem.GONE, f"{name} is missing", proved.recording)
        elif _digest(self.folder / name) != digest:
            text = f"{name} is not what was sealed"
            yield LogFinding(LogProblem.OBJECT, text, proved.recording)


def _document(folder: Folder, name: str) -> Mapping[str, Any]:
    return _loaded(_small(folder, name))


def _loaded(data: bytes) -> Mapping[str, Any]:
    told = json.loads(data)
    if not isinstance(told, dict):
        raise NoEvidence("this is no object")
    return told


def _small(folder: Folder, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            data: bytes = file.read(MAX_SMALL_BYTES + 1)
    except (OSError, KeyError) as error:
        raise NoEvidence(f"there is no {name}") from error
    if len(data) > MAX_SMALL_BYTES:
        raise NoEvidence(f"{name} is too long")
    return data


def _digest(file: Folder) -> str:
    digest = sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
