"""The media of a recording, straight out of the sealed object: audio, peaks, download, signalling.

Nothing is opened as a whole: a player that seeks gets the segments it asks for. The audit entry
of a play or download is committed before the first byte leaves.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from callvault.errors import KeyUnavailable, ObjectMissing, VaultError
from callvault.finalise.pressed_keys import without_keys
from callvault.portal.audit.log import record, record_once
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.gates import person_of
from callvault.portal.storage.places import PlaceUnreachable
from callvault.vault import ObjectKind, SealedReader

from .file_names import file_name
from .keys_pressed import are_shown
from .models import Recording
from .permissions import may_download, may_play, may_read_signalling, recording_visible_to
from .ranges import ByteRange, RangeNotSatisfiable, range_holds, requested_range
from .vault_access import open_object

logger = logging.getLogger(__name__)

ONE_PLAYING = timedelta(minutes=30)  # ranges fetched within it are one playing in the audit log
KEEP_NOWHERE = "private, no-store"


@require_safe
def audio(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Serve the MP3 to the player, whole or the range asked for."""
    recording = recording_visible_to(person_of(request), recording_id)
    if not may_play(person_of(request), recording):
        raise PermissionDenied
    return _served(request, recording, ObjectKind.AUDIO, "audio/mpeg", Action.PLAYED)


@require_safe
def download(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Serve the MP3 to be kept, under the name that exports use."""
    recording = recording_visible_to(person_of(request), recording_id)
    if not may_download(person_of(request), recording):
        raise PermissionDenied
    response = _served(request, recording, ObjectKind.AUDIO, "audio/mpeg", Action.DOWNLOADED)
    if response.status_code in (200, 206):
        name = file_name(recording, zone=ZoneInfo(SystemSettings.load().zone))
        disposition = content_disposition_header(as_attachment=True, filename=name)
        response["Content-Disposition"] = disposition or "attachment"
    return response


@require_safe
def peaks(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Serve the waveform as JSON."""
    recording = recording_visible_to(person_of(request), recording_id)
    if not may_play(person_of(request), recording):
        raise PermissionDenied
    return _served(request, recording, ObjectKind.PEAKS, "application/json", None)


@require_safe
def metadata(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Serve signalling and raw metadata as text, to those who supervise or administer."""
    recording = recording_visible_to(person_of(request), recording_id)
    if not may_read_signalling(person_of(request)):
        raise PermissionDenied
    plain = "text/plain; charset=utf-8"
    hide = None if are_shown() else without_keys
    return _served(request, recording, ObjectKind.METADATA, plain, Action.SIGNALLING_READ, hide)


def _served(
    request: HttpRequest,
    recording: Recording,
    kind: ObjectKind,
    content_type: str,
    action: Action | None,
    change: Callable[[bytes], bytes] | None = None,
) -> HttpResponseBase:
    """Serve an object; `change` makes of it what may be shown, in memory."""
    reader: SealedReader | _Changed
    try:
        reader = open_object(recording, kind)
        if change is not None:
            reader = _Changed.of(reader, change)
    except VaultError as locked:
        return problem(locked)
    if request.method == "GET" and action is not None:
        try:
            _write_down(request, recording, action)
        except BaseException:
            reader.close()
            raise
    fact = recording.sealed_object(kind.value)
    shown = "-shown" if change is not None else ""
    etag = f'"{fact["sha256"]}{shown}"' if fact else ""
    return _ranged(request, reader, content_type, etag)


class _Changed:
    """An object as it may be shown."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    @classmethod
    def of(cls, reader: SealedReader, change: Callable[[bytes], bytes]) -> "_Changed":
        """Read a small object whole and change it."""
        with reader:
            return cls(change(reader.read(0, reader.size)))

    def chunks(self, offset: int, length: int) -> Iterator[bytes]:
        """Return a part."""
        yield self._content[offset : offset + length]

    def close(self) -> None:
        """Nothing is open."""


def _write_down(request: HttpRequest, recording: Recording, action: Action) -> None:
    """Enter the deed in the audit log, committed: views run outside of transactions."""
    if action is Action.PLAYED:
        record_once(
            request,
            action,
            kind="recording",
            object_id=recording.recording_id,
            within=ONE_PLAYING,
        )
    else:
        record(request, action, kind="recording", object_id=recording.recording_id)


def _ranged(
    request: HttpRequest, reader: "SealedReader | _Changed", content_type: str, etag: str
) -> HttpResponseBase:
    header = request.headers.get("Range")
    if not range_holds(request.headers.get("If-Range"), etag):
        header = None
    try:
        wanted = requested_range(header, reader.size)
    except RangeNotSatisfiable:
        reader.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{reader.size}"
        return _labelled(refused, etag)
    part = wanted or ByteRange(0, reader.size - 1)
    response: HttpResponseBase
    if request.method == "HEAD":
        reader.close()
        response = HttpResponse(content_type=content_type)
    else:
        response = StreamingHttpResponse(_Part(reader, part), content_type=content_type)
    response["Content-Length"] = str(part.length)
    if wanted is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {part.first}-{part.last}/{reader.size}"
    return _labelled(response, etag)


def _labelled(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = KEEP_NOWHERE
    if etag:
        response["ETag"] = etag
    return response


class _Part:
    """A part of a sealed object as the body of an answer; closes the object with the answer."""

    def __init__(self, reader: "SealedReader | _Changed", part: ByteRange) -> None:
        self._reader = reader
        self._part = part

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._reader.chunks(self._part.first, self._part.length)
        except VaultError:
            # The head of the answer is gone; cutting it short is all that tells the player.
            logger.exception("a sealed object broke off while it was served")
            raise
        finally:
            self._reader.close()

    def close(self) -> None:
        """Close the object of an answer that nobody read."""
        self._reader.close()


def problem(error: VaultError) -> JsonResponse:
    """Answer 409 for what will not open (503 for what may open later), as JSON that says why."""
    body: dict[str, object] = {"title": title_of(error)}
    if isinstance(error, KeyUnavailable):
        body["certificates"] = [str(certificate) for certificate in error.certificates]
    response = JsonResponse(body, status=409 if error.permanent else 503)
    response["Cache-Control"] = KEEP_NOWHERE
    if not error.permanent:
        response["Retry-After"] = "30"
    return response


def title_of(error: VaultError) -> str:
    """Return what happened, as the page's heading says it."""
    if isinstance(error, KeyUnavailable):
        return _("This recording cannot be opened here yet")
    if isinstance(error, ObjectMissing):
        return _("The audio is not in the store")
    if error.permanent:
        return _("This recording was changed after it was sealed")
    if isinstance(error, PlaceUnreachable):
        return _("%(place)s cannot be reached now") % {"place": error.place}
    return _("The store cannot be reached now")
