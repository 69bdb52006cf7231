"""Calls placed for real, to a recorder that only counts: sockets, pacing, both transports."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callvault.policy.decision import Direction
from callvault.simulator import driver as driver_module
from callvault.simulator.call import SimulatedCall
from callvault.simulator.channels import Pattern
from callvault.simulator.driver import Driver, FinishedCall, Progress, SrcSender
from callvault.simulator.preparation import PreparedCall
from callvault.simulator.script import CallScript, Codec, Hold, Speaker
from callvault.simulator.wire import Placing
from callvault.sip import (
    AgentSettings,
    ByeReceived,
    Event,
    InviteReceived,
    ReinviteReceived,
    Request,
    UserAgentServer,
)
from callvault.sip.pump import Pump
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.udp import UdpEndpoint
from tests.simulator.calls import ANN, CARLA

pytestmark = pytest.mark.flow

LENGTH_MS = 600


@dataclass
class CountingRecorder:
    """Answers each INVITE with two ports and keeps what arrives there."""

    status: int = 200
    packets: dict[str, list[tuple[float, bytes]]] = field(default_factory=dict)
    ended: int = 0
    _sockets: list[tuple[socket.socket, Callable[[], None]]] = field(default_factory=list)
    _ports: dict[int, list[int]] = field(default_factory=dict)

    async def start(self, transport: str) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        self.agent = UserAgentServer(AgentSettings(), admits=lambda flow: True)
        self.pump: Pump[Event] = Pump(self.agent, loop, on_events=self._on_events)
        bind = UdpEndpoint.bind if transport == "udp" else TcpEndpoint.bind
        self._endpoint: Any = await bind(self.pump, "127.0.0.1", 0)
        return (str(self._endpoint.address[0]), int(self._endpoint.address[1]))

    async def stop(self) -> None:
        closing = self._endpoint.close()
        if closing is not None:
            await closing
        self.pump.close()
        for one, take in self._sockets:
            asyncio.get_running_loop().remove_reader(one)
            with contextlib.suppress(BlockingIOError):
                while True:  # what has arrived since the loop last looked
                    take()
            one.close()

    def _on_events(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case InviteReceived(dialog_id=dialog_id, request_id=request_id, request=request):
                    self._ports[dialog_id] = [self._open(label) for label in ("1", "2")]
                    self._answer(request_id, dialog_id, request)
                case ReinviteReceived(dialog_id=dialog_id, request_id=request_id, request=request):
                    self._answer(request_id, dialog_id, request)
                case ByeReceived():
                    self.ended += 1

    def _answer(self, request_id: Any, dialog_id: int, request: Request) -> None:
        way = "inactive" if b"a=inactive" in request.body else "recvonly"
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
        for label, port in enumerate(self._ports[dialog_id], start=1):
            lines += [f"m=audio {port} RTP/AVP 0", f"a={way}", f"a=label:{label}"]
        body = "\r\n".join([*lines, ""]).encode()
        self.agent.respond(
            request_id,
            self.status,
            content_type="application/sdp" if self.status == 200 else "",
            body=body if self.status == 200 else b"",
            now=self.pump.now,
        )

    def _open(self, label: str) -> int:
        loop = asyncio.get_running_loop()
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        kept = self.packets.setdefault(label, [])

        def take() -> None:
            kept.append((loop.time(), one.recv(2048)))

        loop.add_reader(one, take)
        self._sockets.append((one, take))
        return int(one.getsockname()[1])


class Here(Executor):
    """Runs at once what it is given: no process for a test."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture(autouse=True)
def prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners say 0x01 throughout, remote parties 0x02."""

    def prepare(script: CallScript, cache_folder: Path) -> PreparedCall:
        size = script.length_ms * 8
        pattern: Pattern = np.ones(script.length_ms // 20)
        return PreparedCall(
            script,
            {Speaker.OWNER: b"\x01" * size, Speaker.REMOTE: b"\x02" * size},
            {Speaker.OWNER: pattern, Speaker.REMOTE: pattern},
        )

    monkeypatch.setattr(driver_module, "prepare", prepare)


def scripts(count: int, *, hold: Hold | None = None) -> list[CallScript]:
    return [
        CallScript(index, ANN, CARLA, Direction.IN, Codec.PCMU, LENGTH_MS, (), hold)
        for index in range(count)
    ]


async def placed(
    recorder: CountingRecorder,
    calls: list[CallScript],
    *,
    transport: str = "udp",
    concurrent: int = 2,
    seen: list[Progress] | None = None,
) -> list[FinishedCall[SimulatedCall]]:
    """Place calls to the recorder and return them when all are over."""
    target = await recorder.start(transport)
    try:
        placing = Placing(target, transport, concurrent, stagger_s=0.01)  # type: ignore[arg-type]
        driver = Driver(
            placing,
            SrcSender(placing),
            executor=Here(),
            cache_folder=Path(),
            on_progress=(seen if seen is not None else []).append,
        )
        return await driver.run(calls)
    finally:
        await recorder.stop()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_every_frame_of_both_sides_arrives_and_the_call_ends(transport: str) -> None:
    recorder = CountingRecorder()
    finished = asyncio.run(placed(recorder, scripts(3), transport=transport))
    assert [one.call.faults for one in finished] == [[], [], []]
    assert recorder.ended == 3
    frames = LENGTH_MS // 20
    assert len(recorder.packets["1"]) == len(recorder.packets["2"]) == 3 * frames
    assert {packet[12:] for _, packet in recorder.packets["1"]} == {b"\x02" * 160}
    assert {packet[12:] for _, packet in recorder.packets["2"]} == {b"\x01" * 160}


def test_packets_leave_when_they_are_due() -> None:
    recorder = CountingRecorder()
    asyncio.run(placed(recorder, scripts(1)))
    times = [at for at, _ in recorder.packets["1"]]
    stamps = [int.from_bytes(packet[4:8], "big") for _, packet in recorder.packets["1"]]
    media_s = [((stamp - stamps[0]) & 0xFFFFFFFF) / 8000 for stamp in stamps]
    late = [at - times[0] - due for at, due in zip(times, media_s, strict=True)]
    assert min(late) > -0.02
    # A busy machine delays single packets; what matters is that delays do not add up.
    assert min(late[-(len(late) // 4) :]) < 0.02


def test_a_held_call_sends_nothing_between_hold_and_resume() -> None:
    recorder = CountingRecorder()
    (one,) = asyncio.run(placed(recorder, scripts(1, hold=Hold(200, 400))))
    assert one.call.faults == []
    stamps = [int.from_bytes(packet[4:8], "big") for _, packet in recorder.packets["1"]]
    gaps = [(b - a) & 0xFFFFFFFF for a, b in pairwise(stamps)]
    assert max(gaps) >= 200 * 8
    assert sorted(gaps)[-2] == 160


def test_never_more_calls_at_once_than_asked() -> None:
    recorder, seen = CountingRecorder(), list[Progress]()
    asyncio.run(placed(recorder, scripts(5), concurrent=2, seen=seen))
    assert max(progress.in_progress for progress in seen) == 2
    assert seen[-1].over == 5


def test_a_refused_call_is_over_and_the_next_is_placed() -> None:
    finished = asyncio.run(placed(CountingRecorder(status=503), scripts(2)))
    assert [one.call.faults for one in finished] == [["refused with 503 Service Unavailable"]] * 2


def test_stopping_hangs_up_what_is_in_progress() -> None:
    recorder = CountingRecorder()

    async def run() -> list[FinishedCall[SimulatedCall]]:
        target = await recorder.start("udp")
        placing = Placing(target, concurrent=1)
        driver: Driver[CallScript, SimulatedCall]

        def stop_at_first(progress: Progress) -> None:
            asyncio.get_running_loop().call_later(0.2, driver.stop)

        driver = Driver(
            placing,
            SrcSender(placing),
            executor=Here(),
            cache_folder=Path(),
            on_progress=stop_at_first,
        )
        try:
            return await driver.run(scripts(9))
        finally:
            await recorder.stop()

    (one,) = asyncio.run(run())
    assert one.call.is_over
    assert 100 < one.call.length_ms < LENGTH_MS
    assert recorder.ended == 1
