"""The waveform of a recording: the loudest sample of each stretch, for both channels.

The portal hands the JSON to the player as it is (docs/explain/audio.md describes it). At most
40,000 points a channel, whatever the length of the call.
"""

import msgspec
import numpy as np

from callvault.audio.g711 import Samples

POINTS_PER_SECOND = 25
MAX_POINTS = 40_000


class Waveform(msgspec.Struct, frozen=True):
    """The peaks object: one value of 0 to 1 a point, three decimals; owner first."""

    version: int
    duration_s: float
    peaks_per_second: float
    channels: tuple[list[float], list[float]]


class PeaksMeter:
    """Takes samples window by window; the length is known before."""

    def __init__(self, *, samples: int, sample_rate_hz: int) -> None:
        self._samples = samples
        self._sample_rate_hz = sample_rate_hz
        fewest = -(-samples // MAX_POINTS)
        self._samples_per_point = max(sample_rate_hz // POINTS_PER_SECOND, fewest)
        self._rest: Samples = np.empty((0, 2), dtype=np.int16)
        self._points: list[Samples] = []

    def add(self, frames: Samples) -> None:
        """Take the next rows of (owner, remote)."""
        frames = np.concatenate((self._rest, frames))
        whole = len(frames) // self._samples_per_point * self._samples_per_point
        self._rest = frames[whole:]
        if whole:
            self._points.append(self._loudest(frames[:whole]))

    def to_json(self) -> bytes:
        """Return the peaks object."""
        points = [*self._points]
        if len(self._rest):
            missing = self._samples_per_point - len(self._rest)
            points.append(self._loudest(np.pad(self._rest, ((0, missing), (0, 0)))))
        joined = np.concatenate(points) if points else np.empty((0, 2), dtype=np.int16)
        waveform = Waveform(
            version=1,
            duration_s=round(self._samples / self._sample_rate_hz, 3),
            peaks_per_second=self._sample_rate_hz / self._samples_per_point,
            channels=(_thousandths(joined[:, 0]), _thousandths(joined[:, 1])),
        )
        return msgspec.json.encode(waveform)

    def _loudest(self, frames: Samples) -> Samples:
        """Return the scaled peaks of whole points, as rows of (owner, remote)."""
        by_point = np.ascontiguousarray(frames.T).reshape(2, -1, self._samples_per_point)
        # Of -32768 there is no absolute value in 16 bits, hence the two ends apart.
        highest = by_point.max(axis=2).astype(np.int32)
        lowest = by_point.min(axis=2).astype(np.int32)
        peak = np.minimum(np.maximum(highest, -lowest), 32767)
        # Rounded up: what is not silent must not look silent.
        scaled: Samples = (-(-peak * 1000 // 32767)).astype(np.int16).T
        return scaled


def _thousandths(points: Samples) -> list[float]:
    return [value / 1000 for value in points.tolist()]
