"""Places all calls of a list, at most so many at once, whoever sends them."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Generic, Protocol, TypeVar

from callvault.simulator.call import SimulatedCall
from callvault.simulator.media import new_stream
from callvault.simulator.preparation import PreparedCall, prepare
from callvault.simulator.script import CallScript
from callvault.simulator.sealing import Sealing
from callvault.simulator.signalling import Signalling
from callvault.simulator.wire import LiveCall, Placeable, Placing, Wire, media_socket
from callvault.sip.client import UserAgentClient

Plan = TypeVar("Plan")
Call = TypeVar("Call", bound=Placeable)
_PlanOf = TypeVar("_PlanOf", contravariant=True)
_CallOf = TypeVar("_CallOf", bound=Placeable, covariant=True)


class Sender(Protocol[_PlanOf, _CallOf]):
    """What makes calls of plans: an SBC, or CUCM."""

    def new_client(self) -> UserAgentClient:
        """Return what speaks SIP."""
        ...

    def scripts_of(self, plan: _PlanOf) -> Sequence[CallScript]:
        """Return what is said in a call."""
        ...

    def new_call(
        self, plan: _PlanOf, prepared: Sequence[PreparedCall], address: str
    ) -> tuple[_CallOf, Sequence[socket.socket]]:
        """Return a call that can be placed, and the sockets of its streams."""
        ...


@dataclass(frozen=True, slots=True)
class FinishedCall(Generic[Call]):
    """A call that is over, with the sound that was prepared for each of its scripts."""

    call: Call
    prepared: tuple[PreparedCall, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the placing of calls is."""

    placed: int
    over: int
    packets: int
    of: int

    @property
    def in_progress(self) -> int:
        """Calls that are going on now."""
        return self.placed - self.over


class Driver(Generic[Plan, Call]):
    """Places all calls of a list, at most so many at once."""

    def __init__(
        self,
        placing: Placing,
        sender: Sender[Plan, Call],
        *,
        executor: Executor,
        cache_folder: Path,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._placing = placing
        self._sender = sender
        self._executor = executor
        self._cache_folder = cache_folder
        self._on_progress = on_progress
        self._finished: list[FinishedCall[Call]] = []
        self._stopping = asyncio.Event()
        self._wire = Wire(placing, sender.new_client())

    def stop(self) -> None:
        """Place no further call, and hang up those in progress."""
        self._stopping.set()
        self._wire.hang_up_all()

    async def run(self, plans: Sequence[Plan]) -> list[FinishedCall[Call]]:
        """Place the calls and return them when all are over, in the order of their ends."""
        async with self._wire.open() as address:
            await self._place_all(plans, address)
        return self._finished

    async def _place_all(self, plans: Sequence[Plan], address: str) -> None:
        slots = asyncio.Semaphore(self._placing.concurrent)
        async with asyncio.TaskGroup() as group:
            for plan in plans:
                await slots.acquire()
                prepared = [await self._prepared(one) for one in self._sender.scripts_of(plan)]
                if self._stopping.is_set():
                    break
                task = group.create_task(self._one_call(plan, prepared, address, of=len(plans)))
                task.add_done_callback(lambda _: slots.release())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._placing.stagger_s)

    async def _prepared(self, script: CallScript) -> PreparedCall:
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, prepare, script, self._cache_folder
        )

    async def _one_call(
        self, plan: Plan, prepared: Sequence[PreparedCall], address: str, *, of: int
    ) -> None:
        call, sockets = self._sender.new_call(plan, prepared, address)
        live = LiveCall(call, sockets)
        try:
            self._wire.begin(live)
            self._report(of)
            await self._wire.until_over(live)
        finally:
            live.close()
        self._finished.append(FinishedCall(call, tuple(prepared)))
        self._report(of)

    def _report(self, of: int) -> None:
        over = len(self._finished)
        placed = over + self._wire.in_progress
        self._on_progress(Progress(placed, over, self._wire.packets, of))


class SrcSender:
    """A recording client (SRC): one session of two streams for each call."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing

    def new_client(self) -> UserAgentClient:
        """Return what speaks SIP."""
        return UserAgentClient()

    def scripts_of(self, plan: CallScript) -> tuple[CallScript, ...]:
        """Return the call's script: it is the plan."""
        return (plan,)

    def new_call(
        self, plan: CallScript, prepared: Sequence[PreparedCall], address: str
    ) -> tuple[SimulatedCall, tuple[socket.socket, ...]]:
        """Return a call that can be placed, and its sockets, the caller's first."""
        rng = Random(f"{self._placing.seed}/{plan.index}/wire")
        media_address = self._placing.media_address or address
        caller, callee = media_socket(media_address), media_socket(media_address)
        signalling = Signalling(
            plan,
            address=media_address,
            ports=(caller.getsockname()[1], callee.getsockname()[1]),
            rng=rng,
            placed_at=datetime.now(UTC),
            sealing=self._new_sealing(plan),
        )
        streams = {
            side: new_stream(payload, plan.codec, rng=rng)
            for side, payload in prepared[0].payloads.items()
        }
        return SimulatedCall(plan, streams, signalling, rng=rng), (caller, callee)

    def _new_sealing(self, script: CallScript) -> Sealing | None:
        placing = self._placing
        if not placing.srtp:
            return None
        rng = Random(f"{placing.seed}/{script.index}/keys")
        return Sealing(placing.srtp, streams=2, rng=rng, wrong_key=placing.srtp_wrong_key)
