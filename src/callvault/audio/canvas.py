"""A stretch of one stream's time, on which decoded packets are laid.

Two layers, since a stream may change between narrow and wide codecs: samples at 8 kHz and at
16 kHz, silent where nothing is laid. Positions count 1/8000 s on both.
"""

import numpy as np

from callvault.audio.decoder import NARROW_HZ, WIDE_HZ
from callvault.audio.g711 import Samples
from callvault.audio.timeline import TICK_HZ
from callvault.rtp.batch import Integers, ranges

_TAIL = TICK_HZ  # room behind the end for packets that begin before it; none is longer than 1 s


class Canvas:
    """Positions from `start` on, as many as one window and a tail hold."""

    def __init__(self, start: int, window: int) -> None:
        self.start = start
        size = window + _TAIL
        self._layers = {
            NARROW_HZ: np.zeros(size, dtype=np.int16),
            WIDE_HZ: np.zeros(size * WIDE_HZ // TICK_HZ, dtype=np.int16),
        }
        self._is_wide_used = False

    def lay(self, position: Integers, length: Integers, samples: Samples, rate_hz: int) -> None:
        """Lay packets that follow each other in sending order; later ones win.

        `length` is in positions. Where the clock's drift opened or closed a gap of one position
        the edge is smoothed, so that following a clock is not heard.
        """
        scale = rate_hz // TICK_HZ
        self._is_wide_used |= rate_hz == WIDE_HZ
        layer = self._layers[rate_hz]
        at = ranges((position - self.start) * scale, length * scale)
        inside = (at >= 0) & (at < len(layer))
        if not inside.all():
            at, samples = at[inside], samples[inside]
        layer[at] = samples
        opened = position[1:] - (position[:-1] + length[:-1])
        for row in np.flatnonzero(np.abs(opened) == 1).tolist():
            self._smooth(layer, int(position[row + 1] - self.start) * scale, scale)

    def lay_noise(self, start: int, samples: Samples) -> None:
        """Lay comfort noise at 8 kHz from a position on, not before the canvas begins."""
        begin = start - self.start
        layer = self._layers[NARROW_HZ]
        part = samples[: max(len(layer) - begin, 0)]
        layer[begin : begin + len(part)] = part

    def cut(self, until: int) -> tuple[Samples, Samples | None]:
        """Take off what lies before `until`: 8 kHz and, if anything is laid there, 16 kHz."""
        count = until - self.start
        narrow = self._take(NARROW_HZ, count)
        wide = self._take(WIDE_HZ, count * (WIDE_HZ // TICK_HZ)) if self._is_wide_used else None
        self.start = until
        return narrow, wide

    def _take(self, rate_hz: int, count: int) -> Samples:
        layer = self._layers[rate_hz]
        taken = layer[:count].copy()
        layer[: len(layer) - count] = layer[count:].copy()
        layer[len(layer) - count :] = 0
        return taken

    @staticmethod
    def _smooth(layer: Samples, at: int, scale: int) -> None:
        """Bend the samples just before a packet's first one to a straight line."""
        first, last = at - scale, at
        if first >= 1 and last < len(layer):
            before, behind = int(layer[first - 1]), int(layer[last])
            line = np.linspace(before, behind, scale + 2)[1:-1]
            layer[first:last] = np.rint(line).astype(np.int16)
