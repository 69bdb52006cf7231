"""Somebody listens to a call of a real recorder: hears what is sent, and nothing of a pause."""

import asyncio
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from callvault.audio.g711 import Samples, decode_alaw
from callvault.monitoring.live_calls import HEARD, ControlDoor
from callvault.recorder.listening import MOST_LISTENERS
from callvault.recorder.playout import RATE_HZ
from callvault.rtp import RtpPacket
from tests.flows.recorder_node import ANN, RunningRecorder, Src, media_ports, send_rtp
from tests.flows.test_recorder_control import ASKED, asked, door_of
from tests.recorder.bodies import ANN as ANN_SAID
from tests.recorder.bodies import MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RunningRecorder]:
    with RunningRecorder(tmp_path) as running:
        yield running


def heard(door: ControlDoor, listener: str) -> tuple[str, bytes]:
    """Ask for what was said since the last time."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {door.token}"}
        connection.request("GET", f"/listeners/{listener}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            return json.loads(body)["code"], b""
        return str(answer.getheader(HEARD)), body
    finally:
        connection.close()


async def sound(door: ControlDoor, listener: str, seconds: float) -> tuple[set[str], Samples]:
    """Listen for so long; return what was told, and the samples of both sides."""
    told, chunks, begun_s = set(), [], time.monotonic()
    for _look in range(round(seconds / 0.2)):
        what, pcm = await asyncio.to_thread(heard, door, listener)
        told.add(what)
        chunks.append(pcm)
        await asyncio.sleep(0.2)
    samples = np.frombuffer(b"".join(chunks), dtype="<i2").reshape(-1, 2)
    # As much as time went by: on a busy machine that is more than was slept.
    assert len(samples) / RATE_HZ == pytest.approx(time.monotonic() - begun_s, abs=1.0)
    return told, samples


def said(packets: set[tuple[int, bytes]], stream: int) -> Samples:
    """Return what a listener must hear of packets that were sent."""
    read = [RtpPacket.parse(datagram) for index, datagram in packets if index == stream]
    read.sort(key=lambda one: one.sequence_number)
    return decode_alaw(np.frombuffer(b"".join(one.payload for one in read), dtype=np.uint8))


def is_within(part: Samples, whole: Samples) -> bool:
    return part.tobytes() in whole.tobytes()


async def _listened(recorder: RunningRecorder) -> None:
    door = door_of(recorder)
    async with Src(recorder) as src:
        dialog_id, answer = await src.call(both(sdp(), metadata(ANN_SAID, REMOTE)), MULTIPART)
        ports = media_ports(answer.body)
        send_rtp(ports, 10)
        await asyncio.sleep(0.3)
        (call,) = (await asked(door, "/calls"))[1]["calls"]
        address = f"/calls/{call['call_id']}"
        owner = {"owner": str(ANN.user_id)}
        status, given = await asked(door, f"{address}/listen", owner)
        assert status == 200
        listener = given["listener"]
        assert heard(door, listener)[0] == "call"
        sent = send_rtp(ports, 50, first=10)
        told, samples = await sound(door, listener, 2.4)
        assert told == {"call"}
        near, far = said(sent, 0), said(sent, 1)
        assert near.any()
        assert is_within(near, samples[:, 0])
        assert is_within(far, samples[:, 1])

        assert (await asked(door, f"{address}/pause", ASKED))[0] == 200
        send_rtp(ports, 50, first=60)
        told, samples = await sound(door, listener, 1.6)
        assert told == {"not_kept"}
        assert not samples.any()
        assert (await asked(door, f"{address}/resume", ASKED))[0] == 200
        sent = send_rtp(ports, 20, first=110)
        told, samples = await sound(door, listener, 2.0)
        assert is_within(said(sent, 0), samples[:, 0])

        nobodys = await asked(door, f"{address}/listen", {"owner": str(uuid4())})
        send_rtp(ports, 20, first=130)
        told, samples = await sound(door, nobodys[1]["listener"], 1.0)
        assert told == {"not_kept"}
        assert not samples.any()
        for _ in range(MOST_LISTENERS - 2):
            assert (await asked(door, f"{address}/listen", owner))[0] == 200
        assert await asked(door, f"{address}/listen", owner) == (429, {"code": "listeners"})
        stopped = f"/listeners/{nobodys[1]['listener']}/stop"
        assert (await asked(door, stopped, {}))[0] == 200
        assert (await asked(door, stopped, {}))[0] == 404
        assert (await asked(door, f"{address}/listen", owner))[0] == 200
        assert (await asked(door, f"{address}/listen", {"who": 1}))[0] == 400
        await src.hang_up(dialog_id)
        await asyncio.sleep(0.2)
        assert heard(door, listener) == ("unknown", b"")
        assert (await asked(door, f"{address}/listen", owner))[0] == 404


def test_a_listener_hears_both_sides_and_nothing_of_a_pause(recorder: RunningRecorder) -> None:
    asyncio.run(_listened(recorder))
