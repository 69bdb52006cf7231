"""Runs the programs of a node as processes: starts them again, and stops them in order.

Knows nothing of what they do. A program that refuses its settings (exit code 2) stops all, since
starting it again would not change them; any other end is reported and waited out.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from callvault.commands.processes import PARENT_VARIABLE

logger = logging.getLogger(__name__)

REFUSED_SETTINGS = 2


@dataclass(frozen=True, slots=True)
class Program:
    """One process to be kept running."""

    name: str
    command: tuple[str, ...]
    grace_s: float  # between asking it to stop and ending it


@dataclass(slots=True)
class BackOff:
    """How long to wait before a program is started again: longer each time, to a bound.

    Hardly at all the first time: while a recorder is gone, calls in progress lose their audio.
    """

    first_s: float = 0.25
    longest_s: float = 30.0
    forgiven_after_s: float = 60.0
    _next_s: float = field(init=False, default=0.0)

    def delay_after(self, ran_for_s: float) -> float:
        """Return the pause after a run of this length; a long run starts anew."""
        if ran_for_s >= self.forgiven_after_s or self._next_s == 0.0:
            self._next_s = self.first_s
        delay = self._next_s
        self._next_s = min(self._next_s * 2, self.longest_s)
        return delay


class Supervisor:
    """Keeps programs running until it is told to stop."""

    def __init__(self, programs: Sequence[Program], *, back_off: BackOff | None = None) -> None:
        self._programs = tuple(programs)
        self._back_off = back_off or BackOff()
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._sign = signal.SIGTERM
        self._exit_code = 0

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Begin to stop, by the signal we were told with; `run` returns when all have ended."""
        self._sign = sign
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop, or a program refused its settings."""
        return self._stopping.is_set()

    async def run(self) -> int:
        """Start all programs, keep them, stop them in the order given; return the exit code."""
        keepers = {
            program.name: asyncio.create_task(self._keep(program)) for program in self._programs
        }
        await self._stopping.wait()
        for program in self._programs:
            await self._end(program)
            await keepers[program.name]
        return self._exit_code

    async def _keep(self, program: Program) -> None:
        loop = asyncio.get_running_loop()
        back_off = BackOff(
            self._back_off.first_s, self._back_off.longest_s, self._back_off.forgiven_after_s
        )
        while not self._stopping.is_set():
            started = loop.time()
            process = await self._start(program)
            code = await process.wait()
            del self._running[program.name]
            if self._stopping.is_set():
                return
            if code == REFUSED_SETTINGS:
                self._exit_code = code
                self._stopping.set()
                return
            delay_s = back_off.delay_after(loop.time() - started)
            logger.error(
                "%s ended (%s); starting it again in %g s", program.name, _cause(code), delay_s
            )
            await self._pause(delay_s)

    async def _start(self, program: Program) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
            # Ctrl+C reaches a whole foreground group; only we hear it, and stop them in order.
            start_new_session=True,
        )
        self._running[program.name] = process
        return process

    async def _end(self, program: Program) -> None:
        process = self._running.get(program.name)
        if process is None or process.returncode is not None:
            return
        process.send_signal(self._sign)
        try:
            await asyncio.wait_for(asyncio.shield(process.wait()), program.grace_s)
        except TimeoutError:
            logger.error("%s did not stop within %.0f s", program.name, program.grace_s)
            process.kill()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def callvault_command(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command line of one of our own programs."""
    return (sys.executable, "-m", "callvault.commands", name, *arguments)


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
