"""What goes into one ZIP of several recordings, decided before its first byte leaves (PORT-4).

Each recording is decided by the one gate and opened once, so that what stays out is counted
beforehand, and the length of the ZIP is known. Reading them again is left to `zip_stream`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import StringIO
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from callvault.errors import VaultError
from callvault.policy.permissions import Deed
from callvault.portal import wording
from callvault.portal.audit.export import harmless
from callvault.portal.people.models import User
from callvault.vault import ObjectKind

from .file_names import file_name
from .media import title_of
from .models import Recording
from .several import rows_of, split
from .vault_access import open_object

MAX_RECORDINGS = 1000
MAX_BYTES = 4_000_000_000
"""Of audio: a ZIP beyond 4 GiB needs ZIP64, which older programs do not read."""

MANIFEST = "manifest.csv"
DIGEST_DIGITS = 64  # of a SHA-256 in hex
COLUMNS = (
    *("record_number", "recording_id", "started_at", "duration_ms", "direction"),
    *("owner_name", "owner_extension", "remote_number", "remote_name"),
    *("file_name", "size_bytes", "sha256", "left_out"),
)
# Texts of any length that neither names nor the manifest need: a thousand rows are held at once.
NOT_NEEDED = ("timeline", "phone_system", "participants", "quality", "names_folded", "journal_ids")


@dataclass(frozen=True, slots=True)
class Entry:
    """A recording in the manifest; with a file name, it is in the ZIP."""

    recording_id: UUID
    facts: tuple[object, ...]  # the first columns, up to the remote party's name
    file_name: str = ""
    size_bytes: int = 0
    duration_ms: int = 0
    left_out: str = ""  # why, in words

    def line(self, sha256: str) -> bytes:
        """Return its line; the digest is of the file in the ZIP."""
        if not self.file_name:
            return csv_line((*self.facts, "", "", "", self.left_out))
        return csv_line((*self.facts, self.file_name, self.size_bytes, sha256, ""))


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes in, what stays out."""

    name: str
    entries: tuple[Entry, ...]  # in the order of the manifest: the newest first
    left_out: tuple[tuple[Recording, str], ...]  # those that can be seen, and why
    missing: int  # asked for, and not there for this person
    refused: int  # of those left out, by right

    @property
    def packed(self) -> list[Entry]:
        """Those that go in."""
        return [one for one in self.entries if one.file_name]

    @property
    def manifest_bytes(self) -> int:
        """How long the manifest will be: every digest is equally long."""
        blank = "0" * DIGEST_DIGITS
        return len(csv_line(COLUMNS)) + sum(len(one.line(blank)) for one in self.entries)


class TooMuch(Exception):
    """What was asked for does not go into one ZIP; the message says why, and what to do."""


def plan_of(user: User, wanted: set[UUID], *, at: datetime, zone: tzinfo) -> Plan:
    """Decide on each. Raises TooMuch before anything is opened."""
    if len(wanted) > MAX_RECORDINGS:
        told = _("%(count)s recordings are selected. One ZIP takes at most %(most)s: select fewer.")
        language = wording.language_named(get_language())
        count = wording.grouped(len(wanted), language=language)
        most = wording.grouped(MAX_RECORDINGS, language=language)
        raise TooMuch(told % {"count": count, "most": most})
    found = list(rows_of(user, wanted).defer(*NOT_NEEDED))
    may, may_not = split(user, found, Deed.DOWNLOAD)
    _check_size(may)
    reasons = {one.pk: why for one, why in may_not}
    entries = [_entry(one, reasons.get(one.pk, ""), zone) for one in found]
    missing = sorted(wanted - {one.recording_id for one in found})
    return Plan(
        name=f"recordings-{at.astimezone(zone):%Y-%m-%d}.zip",
        entries=(*entries, *map(_missing, missing)),
        left_out=tuple(
            (one, entry.left_out)
            for one, entry in zip(found, entries, strict=True)
            if entry.left_out
        ),
        missing=len(missing),
        refused=len(may_not),
    )


def _check_size(recordings: Iterable[Recording]) -> None:
    size = sum(one.size_bytes for one in recordings)
    if size > MAX_BYTES:
        language = wording.language_named(get_language())
        told = _("%(size)s of audio are selected. One ZIP takes at most %(most)s: select fewer.")
        selected = wording.decimal_size(size, language=language)
        most = wording.decimal_size(MAX_BYTES, language=language)
        raise TooMuch(told % {"size": selected, "most": most})


def _entry(recording: Recording, refused: str, zone: tzinfo) -> Entry:
    facts = facts_of(recording, zone=zone)
    size, left_out = (0, refused) if refused else _opened(recording)
    name = "" if left_out else file_name(recording, zone=zone)
    return Entry(
        recording.recording_id, facts, name, size, recording.duration_ms, left_out=left_out
    )


def _opened(recording: Recording) -> tuple[int, str]:
    """Return the size of the audio, or why it cannot be read."""
    try:
        with open_object(recording, ObjectKind.AUDIO) as reader:
            return reader.size, ""
    except VaultError as error:
        return 0, title_of(error)


def _missing(recording_id: UUID) -> Entry:
    """Return the line of one that a person may not know of, or that is gone: the same."""
    blank = ("",) * (COLUMNS.index("file_name") - 2)
    return Entry(recording_id, ("", recording_id, *blank), left_out=_("not there any more"))


def facts_of(recording: Recording, *, zone: tzinfo) -> tuple[object, ...]:
    """Return what the manifest says of a recording, wherever its audio is."""
    return (
        f"{recording.record_number:06}",
        recording.recording_id,
        recording.started_at.astimezone(zone).isoformat(timespec="milliseconds"),
        recording.duration_ms,
        recording.direction,
        recording.owner_name,
        recording.owner_extension,
        recording.remote_number,
        recording.remote_name,
    )


def csv_line(values: Iterable[object]) -> bytes:
    """Write a line that no spreadsheet takes for formulas."""
    line = StringIO()
    csv.writer(line).writerow([harmless(value) for value in values])
    return line.getvalue().encode()
