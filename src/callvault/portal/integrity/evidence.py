"""Recordings to take away with what proves them: audio, facts, line, path, signed days, stamps.

The files are described in docs/formats/integrity.md; `callvault verify evidence` checks them, and
most of it plain tools do. Who may download decides the one gate, as for every ZIP.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from callvault.errors import VaultError
from callvault.portal.certificates.changing import key_folder
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.zip_plan import Entry, Plan
from callvault.portal.storage.places import store_at
from callvault.vault import (
    AUDIT_FOLDER,
    ObjectKind,
    canonical,
    content_digest,
    paths_to,
)
from callvault.vault.evidence import AUDIO, EVIDENCE_FORMAT, INDEX, SEALED_AUDIO
from callvault.vault.objects import READ_BYTES, name_of

from . import content
from .checking import head_of, lines_of
from .models import Head, Line, StampSettings

README = """\
Callvault: recordings with what proves that they were not changed

  recordings/<id>/audio.mp3     the call
  recordings/<id>/content.json  what was known of it when it was sealed, digests of its objects too
  recordings/<id>/line.json     its line in the log of recordings
  recordings/<id>/path.json     from the line to the root that was signed
  heads/<n>.json .sig .tsr      what was signed of a day, its signature, its time stamp
  keys/*.pub.pem                public keys that signed: compare their fingerprint with what the
                                organisation that recorded tells you, by another way than this file
  authority.pem                 certificate of the time-stamp authority: likewise

To check all of it:

  callvault verify evidence THIS-FOLDER --key keys/audit-1.pub.pem --authority authority.pem

How to check it without Callvault, with sha256sum and OpenSSL: docs/guide/integrity.md.
"""


class MoreFile(NamedTuple):
    """A file beside the audio."""

    name: str
    size_bytes: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves one recording."""

    recording: Recording
    line: Line
    salt: bytes
    head: Head
    path: list[bytes]

    @property
    def has_plain_digest(self) -> bool:
        """Whether the MP3 itself can be compared."""
        audio = self.recording.sealed_object(ObjectKind.AUDIO.value)
        return bool(audio and audio.get("plain_sha256"))


def with_proofs(
    plan: Plan, recordings: dict[UUID, Recording], *, at: datetime
) -> tuple[Plan, list[MoreFile]]:
    """Return the plan of a ZIP in which each recording is proved, and the files beside the audio.

    What nothing proves stays out, with its reason.
    """
    proofs, reasons = _proofs(recordings)
    entries, left_out = [], list(plan.left_out)
    for entry in plan.entries:
        made, why = _entry(entry, proofs, reasons)
        entries.append(made)
        if why:
            left_out.append((recordings[entry.recording_id], why))
    packed = {one.recording_id for one in entries if one.file_name}
    files = _files([one for key, one in proofs.items() if key in packed], at)
    name = plan.name.replace("recordings-", "evidence-")
    return replace(plan, name=name, entries=tuple(entries), left_out=tuple(left_out)), files


def _entry(entry: Entry, proofs: dict[UUID, Proof], reasons: dict[UUID, str]) -> tuple[Entry, str]:
    if not entry.file_name:
        return entry, ""
    why = reasons.get(entry.recording_id, "")
    if why:
        return replace(entry, file_name="", left_out=why), why
    return replace(entry, file_name=f"recordings/{entry.recording_id}/{AUDIO}"), ""


def _proofs(recordings: dict[UUID, Recording]) -> tuple[dict[UUID, Proof], dict[UUID, str]]:
    lines = Line.objects.filter(recording_id__in=recordings).order_by("place")
    last = {line.recording_id: line for line in lines}
    reasons, by_head = {}, dict[int, tuple[Head, list[Line]]]()
    for recording_id, recording in recordings.items():
        line = last.get(recording_id)
        head = head_of(line)
        if line is None or head is None:
            reasons[recording_id] = _("not signed yet: try again in ten minutes")
            continue
        digest = content_digest(content.of_recording(recording, bytes(line.salt)))
        if digest != bytes(line.content):
            reasons[recording_id] = _("changed since it was sealed: nothing proves it")
            continue
        by_head.setdefault(head.number, (head, []))[1].append(line)
    found = {}
    for head, wanted in by_head.values():
        hashes = [line.entry.hash for line in lines_of(head)]
        paths = paths_to(hashes, [line.place - head.first for line in wanted])
        for line, path in zip(wanted, paths, strict=True):
            row = recordings[line.recording_id]
            found[line.recording_id] = Proof(row, line, bytes(line.salt), head, path)
    return found, reasons


def _files(proofs: list[Proof], at: datetime) -> list[MoreFile]:
    heads = _heads(proofs)
    index = {
        "format": EVIDENCE_FORMAT,
        "log": heads[0].log if heads else "",
        "exported_at": at.isoformat(timespec="seconds"),
        "heads": [head.number for head in heads],
        "recordings": [str(one.recording.recording_id) for one in proofs],
    }
    files = [_file(INDEX, json.dumps(index, indent=1).encode() + b"\n")]
    files.append(_file("README.txt", README.encode()))
    for key in sorted((key_folder() / AUDIT_FOLDER).glob("*.pub.pem")):
        files.append(_file(f"keys/{key.name}", key.read_bytes()))
    settings = StampSettings.objects.first()
    if settings is not None and settings.authorities:
        files.append(_file("authority.pem", settings.authorities.encode()))
    for head in heads:
        files += _head_files(head)
    for proof in proofs:
        files += _proof_files(proof)
    return files


def _heads(proofs: list[Proof]) -> list[Head]:
    """Return the days from the first that is needed to the one whose stamp is good for all."""
    if not proofs:
        return []
    numbers = [proof.head.number for proof in proofs]
    stamped = Head.objects.filter(number__gte=max(numbers), stamp__isnull=False)
    stamped_number = stamped.order_by("number").values_list("number", flat=True).first()
    until = stamped_number or max(numbers)
    return list(Head.objects.filter(number__range=(min(numbers), until)).order_by("number"))


def _head_files(head: Head) -> Iterator[MoreFile]:
    signed, name = head.signed, f"heads/{head.number}"
    yield _file(f"{name}.json", signed.message)
    yield _file(f"{name}.sig", signed.signature)
    if head.stamp is not None:
        yield _file(f"{name}.tsr", bytes(head.stamp))


def _proof_files(proof: Proof) -> Iterator[MoreFile]:
    recording, entry = proof.recording, proof.line.entry
    inside = f"recordings/{recording.recording_id}"
    path = {
        "head": proof.head.number,
        "index": proof.line.place - proof.head.first,
        "size": proof.head.size,
        "path": [node.hex() for node in proof.path],
    }
    yield _file(f"{inside}/content.json", canonical(content.of_recording(recording, proof.salt)))
    yield _file(f"{inside}/line.json", entry.line)
    yield _file(f"{inside}/path.json", json.dumps(path, indent=1).encode() + b"\n")
    if not proof.has_plain_digest:
        yield from _sealed_audio(recording, f"{inside}/{SEALED_AUDIO}")


def _sealed_audio(recording: Recording, name: str) -> Iterator[MoreFile]:
    """Add the audio as it lies in the store: its digest is all that is known of it."""
    stored = name_of(recording.recording_id, ObjectKind.AUDIO)
    try:
        opened = store_at(recording.location_id).open(stored)
    except VaultError:
        return  # the verifier tells that it is missing
    size = opened.size
    opened.close()

    def chunks() -> Iterator[bytes]:
        source = store_at(recording.location_id).open(stored)
        try:
            for offset in range(0, size, READ_BYTES):
                yield source.read(offset, READ_BYTES)
        finally:
            source.close()

    yield MoreFile(name, size, chunks())


def _file(name: str, data: bytes) -> MoreFile:
    return MoreFile(name, len(data), iter((data,)))
