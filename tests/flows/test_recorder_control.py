"""The control API of a real recorder, with a real call: listed, paused, resumed."""

import asyncio
import http.client
import json
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from callvault.config.sections import ControlConfig
from callvault.monitoring.live_calls import CONTROL_FILE, ControlDoor, read_door
from callvault.spool.entries import NodeEvent, TimelineEvent
from tests.flows.recorder_node import ANN, RunningRecorder, Src, media_ports, send_rtp
from tests.recorder.bodies import ANN as ANN_SAID
from tests.recorder.bodies import MULTIPART, REMOTE, both, metadata, sdp
from tests.recorder.test_meters import spoken

pytestmark = pytest.mark.flow

ASKED = {"who": "Ann Keller", "detail": "card number"}


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RunningRecorder]:
    with RunningRecorder(tmp_path) as running:
        yield running


def door_of(recorder: RunningRecorder) -> ControlDoor:
    door = read_door(recorder.folder)
    assert door is not None
    return door


def ask(
    door: ControlDoor,
    path: str,
    body: object = None,
    *,
    token: str | None = None,
    raw: bytes | None = None,
) -> tuple[int, Any]:
    """Send a request, a POST where it has a body; return status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    headers = {"Authorization": f"Bearer {door.token if token is None else token}"}
    content = raw if raw is not None else json.dumps(body).encode() if body is not None else None
    try:
        connection.request("POST" if content is not None else "GET", path, content, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


async def asked(door: ControlDoor, path: str, body: object = None) -> tuple[int, Any]:
    return await asyncio.to_thread(ask, door, path, body)


async def _controlled(recorder: RunningRecorder) -> None:
    door = door_of(recorder)
    async with Src(recorder) as src:
        dialog_id, answer = await src.call(both(sdp(), metadata(ANN_SAID, REMOTE)), MULTIPART)
        ports = media_ports(answer.body)
        send_rtp(ports, 10)
        await asyncio.sleep(0.7)  # more than a sweep, and than a list is kept
        (call,) = (await asked(door, "/calls"))[1]["calls"]
        (owner,) = call["owners"]
        assert (UUID(owner["user_id"]), owner["name"]) == (ANN.user_id, "Ann Keller")
        assert owner["remote"]["number"] == "+15550142999"
        assert call["packets"] == 20
        assert not call["is_paused"]
        address = f"/calls/{call['call_id']}"
        assert await asked(door, f"{address}/pause", ASKED) == (200, {"code": "done"})
        send_rtp(ports, 100, first=10)
        await asyncio.sleep(0.1)
        (call,) = (await asked(door, "/calls"))[1]["calls"]
        assert (call["is_paused"], call["paused_by"]) == (True, "Ann Keller")
        assert 0 <= time.time_ns() - call["paused_at_ns"] < 10e9
        assert await asked(door, f"{address}/resume", {"who": "Sam"}) == (200, {"code": "done"})
        send_rtp(ports, 5, first=110)
        await asyncio.sleep(0.1)
        await src.hang_up(dialog_id)
        unknown = await asked(door, f"{address}/pause", ASKED)
    assert unknown == (404, {"code": "unknown"})


def test_a_call_is_listed_paused_and_resumed(recorder: RunningRecorder) -> None:
    asyncio.run(_controlled(recorder))
    recorder.stop()
    (journal,) = recorder.journals()
    told = [one for one in journal.events if isinstance(one, TimelineEvent)]
    assert [(one.kind, one.who, one.detail) for one in told if "paused" in one.kind] == [
        ("paused", "Ann Keller", "card number"),
        ("unpaused", "Sam", ""),
    ]
    assert len(journal.packets) == 30  # none of the pause


async def _measured(recorder: RunningRecorder) -> tuple[float, float]:
    """Return the levels of a call in G.722, loud on one side."""
    door = door_of(recorder)
    offer = sdp().replace(b"AVP 8 ", b"AVP 9 ").replace(b"rtpmap:8 PCMA", b"rtpmap:9 G722")
    async with Src(recorder) as src:
        dialog_id, answer = await src.call(both(offer, metadata(ANN_SAID, REMOTE)), MULTIPART)
        ports = media_ports(answer.body)
        until, sent = time.monotonic() + 30, 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            while True:
                for port, amplitude in zip(ports, (0.5, 0.05), strict=True):
                    for packet in spoken(amplitude, first=sent):
                        phone.sendto(packet, ("127.0.0.1", port))
                sent += 50
                await asyncio.sleep(0.6)
                (call,) = (await asked(door, "/calls"))[1]["calls"]
                (owner,) = call["owners"]
                if None not in (owner["level_dbfs"], owner["remote_level_dbfs"]):
                    break
                assert time.monotonic() < until
        await src.hang_up(dialog_id)
    return owner["level_dbfs"], owner["remote_level_dbfs"]


def test_a_call_in_another_codec_has_levels(recorder: RunningRecorder) -> None:
    near, far = asyncio.run(_measured(recorder))
    assert near == pytest.approx(-6, abs=1.5)
    assert far == pytest.approx(-26, abs=1.5)


async def _forgotten(recorder: RunningRecorder) -> None:
    door = door_of(recorder)
    async with Src(recorder) as src:
        dialog_id, _answer = await src.call(both(sdp(), metadata(ANN_SAID, REMOTE)), MULTIPART)
        (call,) = (await asked(door, "/calls"))[1]["calls"]
        await asked(door, f"/calls/{call['call_id']}/pause", ASKED)
        until = time.monotonic() + 15
        while (await asked(door, "/calls"))[1]["calls"][0]["is_paused"]:
            assert time.monotonic() < until
            await asyncio.sleep(0.3)
        await src.hang_up(dialog_id)


def test_a_forgotten_pause_is_told_and_ends_by_itself(tmp_path: Path) -> None:
    control = ControlConfig(resume_after_s=3, pause_alarm_after_s=1)
    with RunningRecorder(tmp_path, control=control) as recorder:
        asyncio.run(_forgotten(recorder))
        recorder.stop()
        (journal,) = recorder.journals()
        noted = [one.kind for one in recorder.node_events() if isinstance(one, NodeEvent)]
    last = [one for one in journal.events if isinstance(one, TimelineEvent)][-2]
    assert (last.kind, last.who, last.detail) == ("unpaused", "", "automatic")
    assert [kind for kind in noted if kind.startswith("pause_")] == [
        "pause_forgotten",
        "pause_ended",
    ]


def test_what_is_no_request_of_ours_is_refused_and_disturbs_nothing(
    recorder: RunningRecorder,
) -> None:
    door, nobody = door_of(recorder), f"/calls/{UUID(int=7)}"
    assert ask(door, "/calls", token="") == (401, {"code": "token"})
    assert ask(door, "/calls", token="é" * 40)[0] == 401
    assert ask(door, f"{nobody}/pause", ASKED, token="x") == (401, {"code": "token"})
    assert ask(door, "/calls/../etc") == (404, {"code": "not_found"})
    assert ask(door, f"{nobody}/delete", ASKED) == (404, {"code": "not_found"})
    assert ask(door, f"{nobody}/pause", ASKED) == (404, {"code": "unknown"})
    wrong: tuple[object, ...] = (
        {},
        {"who": ""},
        {"who": "x" * 321},
        {"who": "a", "more": 1},
        [],
        7,
    )
    for body in wrong:
        assert ask(door, f"{nobody}/pause", body) == (400, {"code": "unreadable"})
    assert ask(door, f"{nobody}/pause", raw=b"\xff\xfe{") == (400, {"code": "unreadable"})
    assert ask(door, f"{nobody}/pause", raw=b"[" * 4096) == (400, {"code": "unreadable"})
    assert ask(door, f"{nobody}/pause", raw=b" " * 4097) == (413, {"code": "too_long"})
    with socket.create_connection(("127.0.0.1", door.port)) as stranger:
        stranger.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
    assert ask(door, "/calls")[1]["calls"] == []


def test_more_clients_than_there_is_room_for_are_let_go(recorder: RunningRecorder) -> None:
    door = door_of(recorder)
    silent = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(40)]
    try:
        silent[-1].settimeout(5)
        assert silent[-1].recv(1) == b""
    finally:
        for one in silent:
            one.close()
    until = time.monotonic() + 8
    while True:
        try:
            assert ask(door, "/calls")[0] == 200
            return
        except (ConnectionError, http.client.HTTPException):
            assert time.monotonic() < until
            time.sleep(0.1)


def test_the_token_is_for_its_own_user_alone_and_goes_with_the_recorder(
    recorder: RunningRecorder,
) -> None:
    path = recorder.folder / CONTROL_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    recorder.stop()
    assert not path.exists()
