"""A server of a test as a process that can be killed, or hang."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any


class ServerProcess:
    """One process and what it starts, in a session of their own: signals reach all of them."""

    _process: "subprocess.Popen[bytes] | None" = None

    def _begin(self, command: Sequence[Any], log: IO[bytes] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log if log is not None else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Let it die as in a power cut, if it runs."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=20)
            self._process = None

    def hang(self) -> None:
        """Let it take connections and answer nothing."""
        self._signal(signal.SIGSTOP)
        if self._process is not None:  # a busy machine takes a moment to stop all its threads
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        """Let it answer again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
