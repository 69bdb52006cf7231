"""How one program of a node shows itself: board, listener and systemd, in one place."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from callvault.monitoring import Board, Listener, Notifier, Sample

logger = logging.getLogger(__name__)

SPOKEN_EVERY_S = 1.0
"""systemd is told at most so often: its watchdogs are set to tens of seconds."""


@dataclass(slots=True)
class Watch:
    """Shows a program while the block lasts. Used by one thread."""

    program: str
    address: str
    port: int
    silent_after_s: float
    notifier: Notifier = field(default_factory=Notifier.from_environment)
    board: Board = field(init=False)
    _listener: Listener | None = None
    _is_ready: bool = False
    _spoken_s: float = 0.0

    def __post_init__(self) -> None:
        self.board = Board(self.program, self.silent_after_s)

    def __enter__(self) -> Self:
        self._listener = Listener.start(self.board, self.address, self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping("stopped")
        self.notifier.close()
        if self._listener is not None:
            self._listener.close()

    def alive(self, status: str) -> None:
        """Say that the program gets on with its work; the first time, that it is ready."""
        self.board.is_going_on()
        if not self._is_ready:
            self._is_ready = True
            self.notifier.ready(status)
        if time.monotonic() - self._spoken_s >= SPOKEN_EVERY_S:
            self._spoken_s = time.monotonic()
            self.notifier.alive(status)

    def show(self, samples: Iterable[Sample], *, not_ready: str = "") -> None:
        """Put figures down, and whether work is taken."""
        self.board.show(samples, not_ready=not_ready)

    def stopping(self, status: str) -> None:
        """Say that the program ends."""
        self.board.not_ready = "stopping"
        self.notifier.stopping(status)
