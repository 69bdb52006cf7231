"""The pump between agent, endpoints and clock; with a loop that only the test moves."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from callvault.sip import AgentSettings, Event, Flow, InviteReceived, UserAgentServer
from callvault.sip.pump import Pump
from tests.sip.harness import CLIENT, SERVER, raw_request

FLOW = Flow("udp", SERVER, CLIENT)


class ManualLoop:
    """A loop with one timer slot per call."""

    def __init__(self) -> None:
        self.now = 10.0
        self.calls: list[ManualHandle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> "ManualHandle":
        handle = ManualHandle(when, lambda: callback(*args))
        self.calls.append(handle)
        return handle

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [c for c in self.calls if not c.is_cancelled and c.when <= end]:
            first = min(due, key=lambda call: call.when)
            self.calls.remove(first)
            self.now = max(self.now, first.when)
            first.callback()
        self.now = end


class ManualHandle:
    def __init__(self, when: float, callback: Callable[[], Any]) -> None:
        self.when = when
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class MemoryEndpoint:
    """Keeps what it is told to send and close."""

    def __init__(self) -> None:
        self.sent: list[tuple[Flow, bytes]] = []
        self.closed: list[Flow] = []

    def send(self, flow: Flow, data: bytes) -> None:
        self.sent.append((flow, data))

    def close_flow(self, flow: Flow) -> None:
        self.closed.append(flow)

    def words(self) -> list[bytes]:
        return [data.split(b" ")[1] for _, data in self.sent]


class Bench:
    def __init__(self) -> None:
        self.loop = ManualLoop()
        self.endpoint = MemoryEndpoint()
        self.agent = UserAgentServer(AgentSettings(), admits=lambda _: True)
        self.pump: Pump[Event] = Pump(self.agent, self.loop, on_events=self.on_events)
        self.pump.attach("udp", self.endpoint)
        self.pump.attach("tcp", self.endpoint)

    def on_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, InviteReceived):
                self.agent.respond(event.request_id, 200, now=self.pump.now)


def test_a_command_given_while_an_event_is_handled_is_sent_at_once() -> None:
    bench = Bench()
    bench.pump.received(raw_request("INVITE"), FLOW)
    assert bench.endpoint.words() == [b"100", b"200"]


def test_timers_of_the_agent_run_on_the_loop() -> None:
    bench = Bench()
    bench.pump.received(raw_request("INVITE"), FLOW)
    bench.loop.advance(1.6)
    assert bench.endpoint.words() == [b"100", b"200", b"200", b"200"]
    bench.pump.close()
    bench.loop.advance(10)
    assert len(bench.endpoint.sent) == 4


def test_an_error_of_the_application_is_logged_and_goes_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()

    def fail(events: list[Event]) -> None:
        raise RuntimeError("the application has a fault")

    bench.pump = Pump(bench.agent, bench.loop, on_events=fail)
    bench.pump.attach("udp", bench.endpoint)
    with caplog.at_level(logging.ERROR):
        bench.pump.received(raw_request("INVITE"), FLOW)
        bench.pump.received(raw_request("OPTIONS"), FLOW)
    assert bench.endpoint.words() == [b"100", b"200"]
    assert caplog.messages.count("an event could not be handled") == 4


def test_connections_come_and_go() -> None:
    bench = Bench()
    flow = Flow("tcp", SERVER, CLIENT, 3)
    bench.pump.opened(flow)
    bench.pump.received(b"BYE sip:x SIP/2.0\r\nl: x\r\n\r\n", flow)
    assert bench.endpoint.closed == [flow]
    bench.pump.closed(flow)


def test_what_goes_by_a_transport_that_nobody_serves_is_dropped() -> None:
    bench = Bench()
    bench.pump.received(raw_request("OPTIONS"), Flow("tls", SERVER, CLIENT, 3))
    assert bench.endpoint.sent == []
