"""Writing one recording, and the list of a day, so that a crash at any step does no harm.

1. The target takes a file under a temporary name; before a byte goes, the audit entry is written
   and the row says where the file goes: the name stays the same whatever is tried again.
2. The content, then the file's name. What stands under it already with the same content is ours,
   from before a crash; anything else is somebody's, and the file gets a name beside it.
3. The day's list is replaced by one with the line, unless the line is there.
4. The row says that it is done.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.db import transaction

from callvault.errors import CallvaultError, KeyUnavailable, ObjectMissing, VaultError
from callvault.export import (
    ExportTarget,
    FaultKind,
    NameTaken,
    NotThere,
    TargetFault,
    TargetFile,
)
from callvault.export.target import TEMPORARY
from callvault.policy.export_list import ExportedFile, list_name, with_files
from callvault.policy.export_names import MOST_NAMESAKES, day_folder, file_name, namesake
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action
from callvault.portal.nodes.models import NodeReport
from callvault.portal.recordings.file_names import call_of
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.vault_access import open_object
from callvault.vault import ObjectKind, SealedReader

from .models import ExportState, RecordingExport
from .turn import Turn

OTHER_NODE = "other_node"
LIST_TEMPORARY = f"{TEMPORARY}list.tmp"


class RowFault(CallvaultError):
    """This recording cannot be exported now; `is_final` if it never can."""

    def __init__(self, kind: str, said: str = "", *, is_final: bool = False) -> None:
        super().__init__(f"not exported: {kind}")
        self.kind, self.said, self.is_final = kind, said, is_final


class Gone(CallvaultError):
    """The recording was deleted meanwhile: nothing of it leaves any more."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one target."""

    target: ExportTarget
    place: str  # of the target, as the settings name it
    zone: ZoneInfo  # the system's
    turn: Turn

    def write(self, row: RecordingExport) -> ExportedFile:
        """Write the recording's file, and fill the row with where it stands; the list follows.

        Raises RowFault, Gone, TargetFault or TurnLost.
        """
        recording = row.recording
        if row.state == ExportState.NAMED and row.place == self.place:
            return ExportedFile(call_of(recording), row.file_name, row.sha256)
        row.folder = row.folder or day_folder(recording.started_at, zone=self.zone)
        wanted = row.file_name or file_name(call_of(recording), zone=self.zone)
        row.file_name, row.place = wanted, self.place
        with _audio_of(recording) as audio:
            file = self._create(row.folder, f"{TEMPORARY}{recording.recording_id.hex}")
            with _discarded_unless_named(file):
                _let_leave(row)
                row.size_bytes, row.sha256 = self._copy(audio, file)
                name = self._name(file, row, wanted)
        row.file_name = name
        return ExportedFile(call_of(recording), name, row.sha256)

    def _create(self, folder: str, temporary: str) -> TargetFile:
        """Begin a file; where the user may not delete, what a crash left is in the way."""
        try:
            return self.target.create(folder, f"{temporary}.tmp")
        except TargetFault as fault:
            if fault.kind is not FaultKind.PERMISSION:
                raise
            return self.target.create(folder, f"{temporary}-{secrets.token_hex(4)}.tmp")

    def _copy(self, audio: SealedReader, file: TargetFile) -> tuple[int, str]:
        """Write the audio; return its size and digest."""
        digest, size = sha256(), 0
        for chunk in _chunks(audio):
            self.turn.beat()
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        return size, digest.hexdigest()

    def _name(self, file: TargetFile, row: RecordingExport, wanted: str) -> str:
        for number in range(1, MOST_NAMESAKES + 1):
            name = namesake(wanted, number)
            try:
                file.name(name)
            except NameTaken:
                if self._digest_of(row.folder, name) == row.sha256:
                    file.discard()
                    return name
            else:
                return name
        raise RowFault("name_taken")

    def _digest_of(self, folder: str, name: str) -> str:
        digest = sha256()
        with suppress(NotThere):  # whoever had it took it away
            for piece in self.target.read(folder, name):
                self.turn.beat()
                digest.update(piece)
        return digest.hexdigest()

    def list_files(self, folder: str, files: Iterable[ExportedFile]) -> None:
        """Add files to the list of their day. Raises TargetFault or TurnLost."""
        name = list_name(folder)
        try:
            before = b"".join(self.target.read(folder, name))
        except NotThere:
            before = b""
        after = with_files(before, files, zone=self.zone)
        if after == before:
            return
        self.turn.beat(at_once=True)  # two that replace a list lose each other's lines
        try:
            self._replace_list(folder, name, after)
        except TargetFault as fault:
            if fault.kind is not FaultKind.PERMISSION or not before:
                raise
            self.target.append(folder, name, after[len(before) :])

    def _replace_list(self, folder: str, name: str, content: bytes) -> None:
        file = self.target.create(folder, LIST_TEMPORARY)
        with _discarded_unless_named(file):
            file.write(content)
            file.name(name, over=True)


@contextmanager
def _discarded_unless_named(file: TargetFile) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(TargetFault):  # the next attempt replaces it
            file.discard()
        raise


@contextmanager
def _audio_of(recording: Recording) -> Iterator[SealedReader]:
    try:
        audio = open_object(recording, ObjectKind.AUDIO)
    except ObjectMissing as error:
        kind = OTHER_NODE if _is_of_another_node(recording) else "audio_missing"
        raise RowFault(kind, is_final=kind != OTHER_NODE) from error
    except VaultError as error:
        raise _row_fault(error) from error
    try:
        yield audio
    finally:
        audio.close()


def _is_of_another_node(recording: Recording) -> bool:
    """Whether the recording was made by another node, whose folder may have it."""
    if recording.node == django_settings.CALLVAULT.node.name:
        return False
    return NodeReport.objects.filter(node=recording.node).exists()


def _chunks(audio: SealedReader) -> Iterator[bytes]:
    try:
        yield from audio.chunks(0, audio.size)
    except VaultError as error:
        raise _row_fault(error) from error


def _row_fault(error: VaultError) -> RowFault:
    if isinstance(error, KeyUnavailable):
        return RowFault("key")
    if error.permanent:
        return RowFault("audio_broken", is_final=True)
    return RowFault("audio")


@transaction.atomic
def _let_leave(row: RecordingExport) -> None:
    """Write down that a copy leaves, once, before it does. Raises Gone."""
    stored = RecordingExport.objects.select_for_update().filter(pk=row.pk).first()
    if stored is None:
        raise Gone(f"{row.public_id}: its recording was deleted")
    if stored.state == ExportState.LEAVING and stored.place == row.place:
        return  # written down at the attempt before
    record_own(
        Action.RECORDING_EXPORTED,
        kind="recording",
        object_id=row.recording.recording_id,
        place=row.place,
        folder=row.folder,
        record_number=row.recording.record_number,
    )
    row.state = ExportState.LEAVING
    row.save(update_fields=["state", "folder", "file_name", "place"])
