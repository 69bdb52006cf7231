"""A recorder of the demo portal that only has calls in progress: listed, paused, started."""

import math
import sqlite3
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from uuid import UUID

import msgspec

from callvault.monitoring.http_server import SmallServer
from callvault.monitoring.live_calls import (
    CONTROL_FILE,
    HEARD,
    Asked,
    ControlDoor,
    EndedCall,
    EndedCalls,
    Listening,
    LiveCall,
    LiveCalls,
    LiveOwner,
    LiveParty,
)
from tools.demo_portal import cast

TOKEN = "of-the-demo"  # noqa: S105 - of no service
_NOW_ON_THE_PHONE = (
    ("ann.keller", "in", LiveParty("+15550142", "Paul Remote"), 372, (-9.0, -21.0), "always_on"),
    ("bruno.castellani", "out", LiveParty("+390655500123"), 131, (-30.0, -6.0), "on_demand"),
    ("mei.tanaka", "in", LiveParty(""), 18, (None, None), "on_demand"),
    (
        "priya.nair",
        "out",
        LiveParty("+442079460321", "Nora Field"),
        44,
        (-14.0, -18.0),
        "live_keep",
    ),
)


_IS_CALL = {HEARD: "call"}
_PLAIN: Mapping[str, str] = {}


def _heard(asked_s: dict[str, float], who: str) -> bytes:
    """Return what was said since somebody asked last."""
    now_s = time.monotonic()
    before_s, asked_s[who] = asked_s.get(who, now_s), now_s
    return _tone(now_s - before_s)


def _tone(seconds: float) -> bytes:
    """Return what is said on every call: 440 Hz by the one, 880 Hz by the other."""
    turns = (2 * math.pi * number / 8000 for number in range(round(min(seconds, 3) * 8000)))
    return b"".join(
        struct.pack("<hh", round(9000 * math.sin(440 * turn)), round(3000 * math.sin(880 * turn)))
        for turn in turns
    )


@contextmanager
def calls_in_progress(data: Path) -> Iterator[None]:
    """Have calls in progress, of people in the catalogue of this data folder."""
    calls = {call.call_id: call for call in _calls(data / "callvault.sqlite3")}
    ended = {call.call_id: _over(call) for call in list(calls.values())[3:]}

    heard: dict[str, float] = {}  # when each listener asked last

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/listeners/"):
                self._say(200, _heard(heard, self.path), _IS_CALL)
                return
            if self.path == "/ended":
                self._say(
                    200, msgspec.json.encode(EndedCalls(time.time_ns(), tuple(ended.values())))
                )
                return
            self._say(200, msgspec.json.encode(LiveCalls(time.time_ns(), tuple(calls.values()))))

        def do_POST(self) -> None:
            _, _, call_id, deed = self.path.split("/")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if "listen" in self.path:
                self._say(200, msgspec.json.encode(Listening(UUID(call_id))))
                return
            asked, which = msgspec.json.decode(body, type=Asked), UUID(call_id)
            if which in calls:
                calls[which] = _after(calls[which], deed, asked)
            else:
                ended[which] = _marked(ended[which], deed)
            self._say(200, b"{}")

        def _say(self, status: int, body: bytes, headers: Mapping[str, str] = _PLAIN) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = SmallServer(Handler, "127.0.0.1", 0, name="recorder")
    door = data / CONTROL_FILE
    door.parent.mkdir(parents=True, exist_ok=True)
    door.write_bytes(msgspec.json.encode(ControlDoor(server.port, TOKEN)))
    try:
        yield
    finally:
        server.close()


def _over(call: LiveCall) -> EndedCall:
    """Return an earlier call of the same people, which may still be marked."""
    now_ns = time.time_ns()
    return EndedCall(
        UUID(int=call.call_id.int + 100),
        call.trunk,
        answered_at_ns=now_ns - 250_000_000_000,
        ended_at_ns=now_ns - 48_000_000_000,
        until_ns=now_ns + 72_000_000_000,
        owners=call.owners,
    )


def _marked(call: EndedCall, deed: str) -> EndedCall:
    """Return a call after it was marked."""
    mark = {"keep": "kept", "drop": "dropped"}[deed]
    owners = tuple(msgspec.structs.replace(one, mark=mark) for one in call.owners)
    return msgspec.structs.replace(call, owners=owners)


def _after(call: LiveCall, deed: str, asked: Asked) -> LiveCall:
    """Return a call after something was done with it."""
    if deed in ("keep", "drop"):
        mark = {"keep": "kept", "drop": "dropped"}[deed]
        owners = tuple(msgspec.structs.replace(one, mark=mark) for one in call.owners)
        return msgspec.structs.replace(call, owners=owners)
    if deed in ("start", "stop"):
        owners = tuple(
            msgspec.structs.replace(one, is_started=deed == "start") for one in call.owners
        )
        return msgspec.structs.replace(call, owners=owners, may_keep=deed == "start")
    return msgspec.structs.replace(
        call, is_paused=deed == "pause", paused_by=asked.who, paused_at_ns=time.time_ns()
    )


def _calls(database: Path) -> Iterator[LiveCall]:
    people = {user.username: user for user in cast.USERS}
    with closing(sqlite3.connect(database)) as connection:
        ids = dict(connection.execute("SELECT username, public_id FROM people_user").fetchall())
    for number, (username, direction, remote, since_s, levels, mode) in enumerate(
        _NOW_ON_THE_PHONE, 1
    ):
        user = people[username]
        owner = LiveOwner(
            UUID(ids[username]), user.full_name, user.extension, user.group, direction,
            remote, *levels, mode, is_started=levels[0] is not None and mode == "on_demand",
        )  # fmt: skip
        answered_at_ns = time.time_ns() - since_s * 1_000_000_000
        may_keep = mode != "on_demand" or owner.is_started
        yield LiveCall(UUID(int=number), "Main SBC", answered_at_ns, (owner,), may_keep=may_keep)
