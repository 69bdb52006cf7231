"""Joins one agent to its endpoints and to the loop's clock; knows no SIP and no sockets."""

import logging
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from callvault.sip.flow import Flow, Transport

logger = logging.getLogger(__name__)

E = TypeVar("E")


class Loop(Protocol):
    """What a pump needs of an asyncio or uvloop loop."""

    def time(self) -> float:
        """Seconds on the loop's clock."""
        ...

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> Any:
        """Call back at that time; the handle can be cancelled."""
        ...


class Agent(Protocol[E]):
    """What `UserAgentServer` and `UserAgentClient` have in common."""

    def receive(self, data: bytes, *, flow: Flow, now: float) -> None:
        """Take bytes."""

    def flow_opened(self, flow: Flow, now: float) -> None:
        """Learn of a new connection."""

    def flow_closed(self, flow: Flow, now: float) -> None:
        """Learn that a connection is gone."""

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is to be sent."""
        ...

    def flows_to_close(self) -> list[Flow]:
        """Take the connections to be closed."""
        ...

    def events(self) -> list[E]:
        """Take what has happened."""
        ...

    def next_timer(self) -> float | None:
        """When `handle_timer` is due."""
        ...

    def handle_timer(self, now: float) -> None:
        """Do what is due."""


class Endpoint(Protocol):
    """What a driver offers to the pump."""

    def send(self, flow: Flow, data: bytes) -> None:
        """Send bytes on a flow."""

    def close_flow(self, flow: Flow) -> None:
        """Close one connection."""


class Pump(Generic[E]):
    """Moves bytes in and out of an agent, its timers and its events."""

    def __init__(
        self, agent: Agent[E], loop: Loop, *, on_events: Callable[[list[E]], None]
    ) -> None:
        """`on_events` is called on the loop; it may call the agent's commands directly.

        Commands from elsewhere on the loop are followed by `flush`.
        """
        self._agent = agent
        self._loop = loop
        self._on_events = on_events
        self._endpoints: dict[Transport, Endpoint] = {}
        self._timer: Any = None
        self._timer_at = 0.0
        self._is_flushing = False

    def attach(self, transport: Transport, endpoint: Endpoint) -> None:
        """Send what goes by `transport` through that endpoint from now on."""
        self._endpoints[transport] = endpoint

    def close(self) -> None:
        """Stop the timer. Endpoints are closed by who bound them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def now(self) -> float:
        """The time that commands of the agent want."""
        return self._loop.time()

    def received(self, data: bytes, flow: Flow) -> None:
        """Hand bytes to the agent. No error leaves it: other calls go on."""
        try:
            self._agent.receive(data, flow=flow, now=self._loop.time())
        except Exception:
            logger.exception("a message from %s could not be handled", flow.remote[0])
        self.flush()

    def opened(self, flow: Flow) -> None:
        """Tell the agent of a new connection."""
        self._agent.flow_opened(flow, self._loop.time())
        self.flush()

    def closed(self, flow: Flow) -> None:
        """Tell the agent that a connection is gone."""
        self._agent.flow_closed(flow, self._loop.time())
        self.flush()

    def flush(self) -> None:
        """Send what the agent has to send, report its events, re-arm its timer."""
        if self._is_flushing:
            return  # the loop below takes what an event's handler has added
        self._is_flushing = True
        try:
            self._move()
        finally:
            self._is_flushing = False
        self._arm()

    def _move(self) -> None:
        events = None
        while events is None or events:
            for flow, data in self._agent.messages_to_send():
                endpoint = self._endpoints.get(flow.transport)
                if endpoint is not None:
                    endpoint.send(flow, data)
            events = self._agent.events()
            for event in events:
                self._report(event)
        for flow in self._agent.flows_to_close():
            self._endpoints[flow.transport].close_flow(flow)

    def _report(self, event: E) -> None:
        """Hand on one at a time, so that an error costs that one alone."""
        try:
            self._on_events([event])
        except Exception:
            logger.exception("an event could not be handled")

    def _arm(self) -> None:
        """Arm the loop's timer. One armed for earlier stays: it comes to nothing, cheaply."""
        due = self._agent.next_timer()
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            # The loop's clock may stand a hair before the time it was asked for.
            self._agent.handle_timer(max(self._loop.time(), self._timer_at))
        except Exception:
            logger.exception("a timer could not be handled")
        self.flush()
