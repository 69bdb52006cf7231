"""Levels of one channel in dB below full scale, and how much of it is clipped."""

import math

import numpy as np

from callvault.audio.g711 import LOUDEST, Samples

FLOOR_DBFS = -120.0  # stands for silence without end
_FULL_SCALE = 32768.0


class LevelMeter:
    """Takes a channel's samples window by window."""

    def __init__(self) -> None:
        self.clipped_samples = 0  # at the highest value that G.711 can say
        self._samples = 0
        self._peak = 0
        self._energy = 0.0

    def add(self, samples: Samples) -> None:
        """Take the next samples."""
        if not len(samples):
            return
        self._samples += len(samples)
        self._peak = max(self._peak, int(samples.max()), -int(samples.min()))
        as_float = samples.astype(np.float32)
        self._energy += float(np.dot(as_float, as_float))
        self.clipped_samples += int(((samples >= LOUDEST) | (samples <= -LOUDEST)).sum())

    @property
    def clipped_share(self) -> float:
        """Share of clipped samples among all."""
        return self.clipped_samples / self._samples if self._samples else 0.0

    @property
    def peak_dbfs(self) -> float:
        """Level of the loudest sample."""
        return _dbfs(self._peak)

    @property
    def rms_dbfs(self) -> float:
        """Level of the whole channel, silence included."""
        return _dbfs(math.sqrt(self._energy / self._samples)) if self._samples else FLOOR_DBFS


def _dbfs(value: float) -> float:
    """Return the level of an amplitude, to a tenth of a decibel."""
    if value <= 0:
        return FLOOR_DBFS
    return round(max(20 * math.log10(value / _FULL_SCALE), FLOOR_DBFS), 1)
