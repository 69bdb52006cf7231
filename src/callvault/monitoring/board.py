"""Where a program shows how it is; read by the listener's threads."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from callvault import __version__
from callvault.monitoring.families import Sample


@dataclass(slots=True)
class Board:
    """Figures and state as last shown. One thread writes; each attribute is swapped as a whole."""

    program: str  # recorder, worker, web
    silent_after_s: float
    """A program that shows nothing for so long is not alive."""
    now: Callable[[], float] = time.monotonic
    not_ready: str = "starting"
    """Why no work is taken; empty: it is."""
    samples: tuple[Sample, ...] = ()
    _shown_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._shown_s = self.now()

    def show(self, samples: Iterable[Sample], *, not_ready: str = "") -> None:
        """Replace what is shown."""
        self.samples = tuple(samples)
        self.not_ready = not_ready
        self.is_going_on()

    def is_going_on(self) -> None:
        """Say that the program lives, with nothing new to show."""
        self._shown_s = self.now()

    @property
    def trouble(self) -> str:
        """Why the program counts as stuck; empty: it is alive."""
        silent_s = self.now() - self._shown_s
        return f"nothing heard for {silent_s:.0f} s" if silent_s > self.silent_after_s else ""

    def all_samples(self) -> tuple[Sample, ...]:
        """Return the figures, and which version shows them."""
        build = Sample("callvault_build_info", 1, (self.program, __version__))
        return (build, *self.samples)
