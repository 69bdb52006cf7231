"""A recording to be kept in another form: WAV or FLAC, both channels or one mix (CAP-7).

Made while it leaves, out of the sealed MP3. The right, the name and the audit entry are those of
the MP3; only the entry says which form it was.
"""

import io
import logging
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from callvault.audio import AudioCopy, CopyForm
from callvault.errors import AudioError, SealBroken, VaultError
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.gates import person_of
from callvault.vault import ObjectKind, SealedReader

from .file_names import file_name
from .media import KEEP_NOWHERE, title_of
from .models import Recording
from .permissions import may_download, recording_visible_to
from .vault_access import open_object

logger = logging.getLogger(__name__)

AT_A_TIME = 2
"""Copies of one process of the portal: each decodes, and holds a thread for as long as it takes."""
RETRY_AFTER_S = "30"
TYPES = {CopyForm.WAV: "audio/wav", CopyForm.FLAC: "audio/flac"}
MIXED = "mix"
_places = BoundedSemaphore(AT_A_TIME)


@require_safe
def download_copy(request: HttpRequest, recording_id: UUID, form: str) -> HttpResponseBase:
    """Serve the recording as WAV or FLAC; `?channels=mix`: both voices on one channel."""
    recording = recording_visible_to(person_of(request), recording_id)
    if not may_download(person_of(request), recording):
        raise PermissionDenied
    if form not in list(CopyForm):
        raise Http404
    if request.method == "HEAD":
        return HttpResponse(content_type=TYPES[CopyForm(form)])
    if not _places.acquire(blocking=False):
        return _busy(request, recording)
    try:
        reader = open_object(recording, ObjectKind.AUDIO)
    except VaultError as locked:
        _places.release()
        return _not_opened(request, recording, locked)
    except BaseException:
        _places.release()
        raise
    return _leaving(request, recording, reader, CopyForm(form))


def _leaving(
    request: HttpRequest, recording: Recording, reader: SealedReader, form: CopyForm
) -> HttpResponseBase:
    """Answer with the copy; the place and the object are given back with the answer."""
    is_mixed = request.GET.get("channels") == MIXED
    body = _Leaving(reader)
    try:
        body.begin(AudioCopy(cast("BinaryIO", SoughtObject(reader)), form, is_mixed=is_mixed))
        record(
            request, Action.DOWNLOADED, kind="recording", object_id=recording.recording_id,
            form=form.value, channels=1 if is_mixed else 2,
        )  # fmt: skip
    except (AudioError, VaultError) as broken:
        body.close()
        logger.warning("no copy of recording=%s: %s", recording.recording_id, broken)
        unreadable = SealBroken("audio that cannot be read", object_id=str(recording.recording_id))
        return _not_opened(request, recording, unreadable)
    except BaseException:
        body.close()
        raise
    response = StreamingHttpResponse(body, content_type=TYPES[form])
    if body.size_bytes is not None:
        response["Content-Length"] = str(body.size_bytes)
    name = file_name(recording, zone=ZoneInfo(SystemSettings.load().zone), suffix=form.value)
    disposition = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Disposition"] = disposition or "attachment"
    response["Cache-Control"] = KEEP_NOWHERE
    return response


class _Leaving:
    """The body of an answer: a copy, made as it leaves. `close` may be repeated."""

    def __init__(self, reader: SealedReader) -> None:
        self._reader = reader
        self._copy: AudioCopy | None = None
        self._has_place = True

    def begin(self, copy: AudioCopy) -> None:
        """Take what is to leave."""
        self._copy = copy

    @property
    def size_bytes(self) -> int | None:
        """Length of the body, if known."""
        return self._copy.size_bytes if self._copy else 0

    def __iter__(self) -> Iterator[bytes]:
        try:
            if self._copy is not None:
                yield from self._copy.chunks()
        except Exception:
            # The head of the answer is gone: ending short of it tells the browser.
            logger.exception("a copy of a recording broke off")
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Close the object and give the place back, whether or not anybody read."""
        if self._has_place:
            self._has_place = False
            self._reader.close()
            _places.release()


class SoughtObject:
    """A sealed object as a file that can be sought: opens the parts that are read."""

    def __init__(self, reader: SealedReader) -> None:
        self._reader, self._at = reader, 0

    def read(self, length: int = -1) -> bytes:
        """Return up to so many bytes; all that is left by default."""
        left = max(self._reader.size - self._at, 0)
        data = self._reader.read(self._at, left if length < 0 else min(length, left))
        self._at += len(data)
        return data

    def readinto(self, room: memoryview) -> int:
        """Fill `room`; return how many bytes there were."""
        data = self.read(len(room))
        room[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the start, from here, or from the end."""
        self._at = offset + (0, self._at, self._reader.size)[whence]
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at


def _busy(request: HttpRequest, recording: Recording) -> HttpResponse:
    text = _("Others are having recordings converted at the moment. Try again in a minute.")
    response = _told(request, recording, _("No conversion just now"), text, status=503)
    response["Retry-After"] = RETRY_AFTER_S
    return response


def _not_opened(request: HttpRequest, recording: Recording, error: VaultError) -> HttpResponse:
    text = _("Its page says why, and what can be done.")
    status = 409 if error.permanent else 503
    return _told(request, recording, title_of(error), text, status=status)


def _told(
    request: HttpRequest, recording: Recording, title: str, text: str, *, status: int
) -> HttpResponse:
    context = {"title": title, "text": text, "recording": recording}
    response = render(request, "recordings/no_copy.html", context, status=status)
    response["Cache-Control"] = KEEP_NOWHERE
    return response
