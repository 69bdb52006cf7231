"""The control API of a recorder: calls in progress, and what is asked of them.

docs/reference/control.md describes it. It runs in threads of its own; what changes a call is done
on the recorder's loop (`control_desk`). `control_doors` says on which addresses, and who may.
"""

import hmac
import secrets
import ssl
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from callvault.monitoring.http_server import PATIENCE_S, SmallServer
from callvault.monitoring.live_calls import (
    HEARD,
    PCM,
    Asked,
    ControlDoor,
    Listen,
    Listening,
)
from callvault.recorder.control_desk import Deed, Desk, Outcome
from callvault.recorder.files import replace_file

JSON = {"Content-Type": "application/json"}
MOST_BYTES = 4096
"""Of the body of a request."""

_STATUS = {
    Outcome.DONE: 200,
    Outcome.UNKNOWN: 404,
    Outcome.ENDING: 409,
    Outcome.MODE: 422,
    Outcome.LISTENERS: 429,
    Outcome.NOT_ON_DISK: 503,
}


class Control(SmallServer):
    """The API on one address, and the file that says where, with a token drawn for this start."""

    def __init__(
        self, desk: Desk, file: Path, address: str, port: int, *, outward: "Outward | None" = None
    ) -> None:
        """Bind and tell where. `outward`: for other nodes. Raises OSError."""
        secret = secrets.token_urlsafe(32)

        class Handler(_Handler):
            asked = desk
            token = secret

        self._file = file
        context = outward.context if outward is not None else None
        super().__init__(Handler, address, port, name="control", tls=context)
        door = ControlDoor(self.port, secret)
        if outward is not None:
            door = ControlDoor(self.port, secret, outward.address, outward.certificate)
        try:
            replace_file(file, msgspec.json.encode(door), durable=False, mode=0o600)
        except OSError:
            super().close()
            raise

    def close(self) -> None:
        """Take the file away and stop answering. Waits for the thread that accepts."""
        self._file.unlink(missing_ok=True)
        super().close()


class Outward(NamedTuple):
    """By what other nodes come."""

    address: str  # that they are told
    certificate: str  # PEM
    context: ssl.SSLContext


class _Handler(BaseHTTPRequestHandler):
    """One request. Desk and token are set by the server."""

    asked: Desk
    token: str
    timeout = PATIENCE_S
    server_version = "Callvault"
    sys_version = ""

    def do_GET(self) -> None:
        """List the calls."""
        if not self._may():
            return
        if (listener_id := _id_in(self.path, "listeners")) is not None:
            self._let_hear(listener_id)
            return
        if (owner_id := _id_in(self.path, "latest")) is not None:
            self._tell_latest(owner_id)
            return
        looks = {"/calls": self.asked.calls, "/ended": self.asked.ended}
        if self.path not in looks:
            self._say(404, "not_found")
            return
        try:
            self._answer(200, looks[self.path]())
        except TimeoutError:
            self._say(503, "busy")

    def do_POST(self) -> None:
        """Pause, resume, start or stop a call."""
        if not self._may():
            return
        if (call_id := _id_in(self.path, "calls", "listen")) is not None:
            self._let_listen(call_id)
            return
        if (listener_id := _id_in(self.path, "listeners", "stop")) is not None:
            is_known = self._body() is not None and self.asked.unlisten(listener_id)
            self._say(*((200, "done") if is_known else (404, "unknown")))
            return
        wanted = _wanted(self.path)
        if wanted is None:
            self._say(404, "not_found")
            return
        body = self._body()
        if body is None:
            return
        try:
            asked = msgspec.json.decode(body, type=Asked)
        except (msgspec.DecodeError, ValueError):
            self._say(400, "unreadable")
            return
        deed, call_id = wanted
        try:
            outcome = self.asked.act(deed, call_id, asked)
        except TimeoutError:
            outcome = Outcome.NOT_ON_DISK
        self._say(_STATUS[outcome], outcome)

    def _let_listen(self, call_id: UUID) -> None:
        body = self._body()
        if body is None:
            return
        try:
            owner_id = msgspec.json.decode(body, type=Listen).owner
            given = self.asked.listen(call_id, owner_id)
        except (msgspec.DecodeError, ValueError):
            self._say(400, "unreadable")
        except TimeoutError:
            self._say(503, "busy")
        else:
            if isinstance(given, Outcome):
                self._say(_STATUS[given], given)
            else:
                self._answer(200, msgspec.json.encode(Listening(given)))

    def _tell_latest(self, owner_id: UUID) -> None:
        try:
            latest = self.asked.latest_of(owner_id)
        except TimeoutError:
            self._say(503, "busy")
            return
        if latest is None:
            self._say(404, "unknown")
        else:
            self._answer(200, msgspec.json.encode(latest))

    def _let_hear(self, listener_id: UUID) -> None:
        try:
            chunk = self.asked.heard(listener_id)
        except TimeoutError:
            self._say(503, "busy")
            return
        if chunk is None:
            self._say(404, "unknown")
        else:
            self._answer(200, chunk.pcm, {"Content-Type": PCM, HEARD: chunk.heard})

    def _may(self) -> bool:
        """Whether the request has the token; else it is answered."""
        given = self.headers.get("Authorization", "").encode("latin-1", "replace")
        if hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return True
        self._say(401, "token")
        return False

    def _body(self) -> bytes | None:
        """Return the body; None: it is answered already."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal() and len(length) < 6):
            self._say(411, "length")
        elif int(length) > MOST_BYTES:
            self._say(413, "too_long")
        else:
            return self.rfile.read(int(length))
        return None

    def _say(self, status: int, code: str) -> None:
        self._answer(status, msgspec.json.encode({"code": code}))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = JSON) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep requests out of the log: the session says what was done."""


def _id_in(path: str, before: str, *after: str) -> UUID | None:
    """Read the id in /before/ID/after; None: another address."""
    match path.split("/"):
        case ["", first, found, *rest] if first == before and rest == [*after]:
            try:
                return UUID(found) if len(found) == 36 else None
            except ValueError:
                return None
    return None


def _wanted(path: str) -> tuple[Deed, UUID] | None:
    """Read /calls/ID/pause."""
    match path.split("/"):
        case ["", "calls", call_id, deed] if len(call_id) == 36:
            try:
                return Deed(deed), UUID(call_id)
            except ValueError:
                return None
    return None
