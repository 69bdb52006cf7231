"""A recorder that only has its control API, with calls that a test puts there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from callvault.monitoring.http_server import SmallServer
from callvault.monitoring.live_calls import (
    CONTROL_FILE,
    HEARD,
    ControlDoor,
    EndedCall,
    EndedCalls,
    Listening,
    LiveCall,
    LiveCalls,
    LiveOwner,
    LiveParty,
)
from callvault.portal.people.models import User

TOKEN = "of-the-test"
LISTENER = UUID(int=77)
ANSWERED_NS = 1_795_442_730_000_000_000


@dataclass
class Recorder:
    """What it tells, and what it was asked."""

    calls: list[LiveCall] = field(default_factory=list)
    ended: list[EndedCall] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    pcm: bytes | None = b"\1\0\2\0"  # what a listener hears; None: it is over
    status: int = 200  # of what it is asked to do


def call_of(
    person: User | None, number: int = 1, *, owned: dict[str, Any] | None = None, **changed: Any
) -> LiveCall:
    """Return a call of a person, or of nobody. `owned` are values of its owner."""
    remote = LiveParty("+15550142999", "Paul Remote")
    owners: tuple[LiveOwner, ...] = ()
    if person is not None:
        user_id = UUID(str(person.public_id))
        one = LiveOwner(
            user_id, person.get_full_name(), person.extension, person.group, "in", remote, -12.0
        )
        owners = (msgspec.structs.replace(one, **(owned or {})),)
    call = LiveCall(
        UUID(int=number),
        "Main SBC",
        ANSWERED_NS,
        owners,
        caller=LiveParty("4711"),
        called=LiveParty("4712"),
    )
    return msgspec.structs.replace(call, **changed)


def ended_call_of(person: User, number: int = 1, mark: str = "", **changed: Any) -> EndedCall:
    """Return a call of a person that is over and may still be marked."""
    (owner,) = call_of(person, owned={"mode": "live_keep", "mark": mark}).owners
    call = EndedCall(
        UUID(int=number),
        "Main SBC",
        ANSWERED_NS,
        ANSWERED_NS + 60_000_000_000,
        ANSWERED_NS + 180_000_000_000,
        (owner,),
    )
    return msgspec.structs.replace(call, **changed)


@pytest.fixture
def recorder(data_folder: Path) -> Iterator[Recorder]:
    """A recorder of the portal's machine that is reached."""
    told = Recorder()
    server = served(told)
    path = data_folder / CONTROL_FILE
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode(ControlDoor(server.port, TOKEN)))
    yield told
    server.close()


def served(told: Recorder) -> SmallServer:
    """Answer for a recorder, on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            if self.path.startswith("/listeners/"):
                told.asked.append((self.path, None))
                is_over = told.pcm is None
                self.say(404 if is_over else 200, told.pcm or b"{}", {HEARD: "call"})
            elif self.path == "/ended":
                self.say(200, msgspec.json.encode(EndedCalls(ANSWERED_NS, tuple(told.ended))))
            else:
                self.say(200, msgspec.json.encode(LiveCalls(ANSWERED_NS, tuple(told.calls))))

        def do_POST(self) -> None:
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            length = int(self.headers["Content-Length"])
            told.asked.append((self.path, json.loads(self.rfile.read(length))))
            is_listen = self.path.endswith("/listen")
            given = msgspec.json.encode(Listening(LISTENER)) if is_listen else b"{}"
            self.say(told.status, given)

        def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return SmallServer(Handler, "127.0.0.1", 0, name="recorder")
