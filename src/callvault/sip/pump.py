"""Joins one agent to its endpoints and to the loop's clock; knows no SIP and no sockets."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from callvault.sip.flow import Flow

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

    def events(self) -> list[E]:
        """Take what has happened."""
        ...


class Pump(Generic[E]):
    """Moves bytes, timers and events. The face is final; the inside is filled in next."""

    def __init__(
        self, agent: Agent[E], loop: Loop, *, on_events: Callable[[list[E]], None]
    ) -> None:
        """`on_events` is called on the loop; it may call the agent's commands directly.

        Commands from elsewhere on the loop are followed by `flush`.
        """
        raise NotImplementedError

    @property
    def now(self) -> float:
        """The time that commands of the agent want."""
        raise NotImplementedError

    def flush(self) -> None:
        """Send what the agent has to send, report its events, re-arm its timer."""
        raise NotImplementedError
