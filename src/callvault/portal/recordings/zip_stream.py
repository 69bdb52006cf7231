"""The bytes of a ZIP of recordings, made as they leave: nothing of it is kept, here or on disk.

MP3 is stored as it is, so that the length is known beforehand and a browser shows progress. The
audit entry of each recording is written before its first byte. What breaks off amid the ZIP ends
the answer short of its length: nobody takes it for whole.
"""

import logging
from collections.abc import Generator, Iterable, Iterator
from hashlib import sha256
from threading import BoundedSemaphore
from uuid import UUID

from django.http import HttpRequest
from zipstream import ZipStream

from callvault.errors import SealBroken
from callvault.policy.permissions import Deed
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.vault import ObjectKind

from .models import Recording
from .permissions import recording_visible_to, require
from .vault_access import open_object
from .zip_plan import COLUMNS, MANIFEST, Entry, Plan, csv_line

logger = logging.getLogger(__name__)

AT_A_TIME = 3
"""ZIPs of one process of the portal: each holds one of its threads for as long as it takes."""
_places = BoundedSemaphore(AT_A_TIME)


class NoPlace(Exception):
    """As many ZIPs as may be are on their way."""


class RecordingsZip:
    """The body of an answer. Takes a place, which `close` gives back. Raises NoPlace."""

    def __init__(
        self,
        request: HttpRequest,
        plan: Plan,
        more: Iterable[tuple[str, int, Iterable[bytes]]] = (),
    ) -> None:
        """`more`: files that are added behind the audio, with their sizes."""
        self._request, self._plan = request, plan
        self._user_id = person_of(request).pk
        self._digests: dict[UUID, str] = {}
        self._zip = ZipStream(sized=True)
        for entry in plan.packed:
            self._zip.add(self._audio(entry), entry.file_name, size=entry.size_bytes)
        for name, size, chunks in more:
            self._zip.add(chunks, name, size=size)
        self._zip.add(self._manifest(), MANIFEST, size=plan.manifest_bytes)
        self._current: Recording  # whose bytes leave now
        self._chunks = self._made()
        if not _places.acquire(blocking=False):
            raise NoPlace
        self._has_place = True

    def __len__(self) -> int:
        """Return how many bytes the ZIP will have."""
        return len(self._zip)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Give the place back, whether or not anybody read; may be repeated."""
        self._chunks.close()
        self._leave()

    def _leave(self) -> None:
        if self._has_place:
            self._has_place = False
            _places.release()

    def _made(self) -> Generator[bytes, None, None]:
        """Yield the ZIP. Whoever loses the right meanwhile gets no more recordings."""
        try:
            for entry in self._plan.packed:
                self._write_down(self._allowed(entry))
                yield from self._zip.file()
            yield from self._zip.finalize()
        except Exception:
            # The head of the answer is gone: ending short of the length tells the browser.
            logger.exception("a ZIP of recordings broke off")
            raise
        finally:
            self._leave()

    def _allowed(self, entry: Entry) -> Recording:
        """Ask the gate again, for the person and the recording as they are now."""
        user = User.objects.get(pk=self._user_id)
        recording = recording_visible_to(user, entry.recording_id)
        require(user, recording, Deed.DOWNLOAD)
        return recording

    def _write_down(self, recording: Recording) -> None:
        record(
            self._request, Action.DOWNLOADED,
            kind="recording", object_id=recording.recording_id, archive=self._plan.name,
        )  # fmt: skip
        self._current = recording

    def _audio(self, entry: Entry) -> Iterator[bytes]:
        digest = sha256()
        with open_object(self._current, ObjectKind.AUDIO) as reader:
            if reader.size != entry.size_bytes:
                raise SealBroken("another length than before", object_id=str(entry.recording_id))
            for chunk in reader.chunks():
                digest.update(chunk)
                yield chunk
        self._digests[entry.recording_id] = digest.hexdigest()

    def _manifest(self) -> Iterator[bytes]:
        """Yield the manifest, once all digests are known: it is the last file."""
        yield csv_line(COLUMNS)
        for entry in self._plan.entries:
            yield entry.line(self._digests.get(entry.recording_id, ""))
