"""Decoders of libavcodec, through PyAV: the `codecs` extra, imported only when it is needed.

A call of the library takes one frame: joining them was measured and gains nothing here. What a
frame does not give is filled with silence, so that no fault of a sender shortens a recording.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from callvault.audio.decoder import NARROW_HZ, NO_NOISE, WIDE_HZ, Payloads, Sound, noise_level
from callvault.audio.g711 import Samples
from callvault.audio.payloads import MEASURED, SPEECH, Frame, Split
from callvault.rtp.batch import Integers

_FULL_SCALE = 32768.0
_LONGEST_S = 2  # of a frame; a decoder that gives more has misread it

Context = Any  # av.CodecContext: PyAV's types are not asked for where it may be missing
OpenContext = Callable[[int], Context]


@cache
def is_present() -> bool:
    """Whether the `codecs` extra is installed."""
    return importlib.util.find_spec("av") is not None


@cache
def _faults() -> tuple[type[Exception], ...]:
    """Return what damaged payloads raise: our reader's error and the library's."""
    import av

    return (ValueError, av.error.FFmpegError)


def open_codec(
    name: str, rate_hz: int, *, channels: int = 1, bit_rate: int = 0, extradata: bytes = b""
) -> Context:
    """Open a decoder of libavcodec by its name there."""
    import av

    context: Context = av.CodecContext.create(name, "r")
    context.sample_rate = rate_hz
    context.layout = "stereo" if channels == 2 else "mono"
    if bit_rate:
        context.bit_rate = bit_rate
    if extradata:
        context.extradata = extradata
    context.open()
    return context


@dataclass(frozen=True, slots=True)
class OpenG726:
    """Opens G.726 of so many bits a sample.

    PyAV sets the bits a sample only through libavformat: the decoder of a stream is taken.
    """

    bits: int
    is_aal2: bool

    def __call__(self, mode: int) -> Context:
        """Open it."""
        import av

        name = "g726" if self.is_aal2 else "g726le"
        container = av.open(BytesIO(bytes(64)), format=name, options={"code_size": str(self.bits)})
        return _Stream(container, container.streams.audio[0].codec_context)


@dataclass(slots=True)
class _Stream:
    """A decoder that lives as long as its container does."""

    container: Any
    context: Context

    def decode(self, packet: Any) -> Any:
        return self.context.decode(packet)


@dataclass(slots=True)
class _Decoded:
    """Sound of a run of payloads at the library's rate."""

    parts: list[Samples] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)  # of each payload
    noise: list[int] = field(default_factory=list)
    rate_hz: int = 0
    damaged: int = 0


class LibavDecoder:
    """Decodes one source's payloads of one encoding with libavcodec."""

    def __init__(self, split: Split, open_context: OpenContext, *, rate_hz: int) -> None:
        """`rate_hz`: of what the library gives; frames count in it."""
        self.sample_rate_hz = NARROW_HZ if rate_hz == NARROW_HZ else WIDE_HZ
        self._split = split
        self._open = open_context
        self._rate_hz = rate_hz
        self._contexts: dict[int, Context] = {}
        self._rate = _ToWide()

    def decode(self, payloads: Payloads) -> Sound:
        """Return the sound of the next payloads; a damaged one has no samples."""
        run = _Decoded(rate_hz=self._rate_hz)
        for payload in payloads.split():
            self._add(run, payload)
        samples = np.concatenate(run.parts) if run.parts else np.empty(0, dtype=np.int16)
        lengths = np.array(run.lengths, dtype=np.int64)
        if run.rate_hz != self.sample_rate_hz:
            samples, lengths = self._rate.convert(samples, lengths, run.rate_hz)
        noise = np.array(run.noise, dtype=np.int64)
        return Sound(samples, lengths, noise if (noise >= 0).any() else None, run.damaged)

    def _add(self, run: _Decoded, payload: bytes) -> None:
        """Decode one payload's frames."""
        length, level = 0, NO_NOISE
        try:
            for frame in self._split(payload):
                samples = self._frame(run, frame)
                run.parts.append(samples)
                length += len(samples)
                level = _level(frame, samples)
        except _faults():
            run.damaged += 1
        run.lengths.append(length)
        run.noise.append(level)

    def _frame(self, run: _Decoded, frame: Frame) -> Samples:
        if not frame.octets:
            return np.zeros(frame.samples, dtype=np.int16)
        import av

        context = self._contexts.get(frame.mode)
        if context is None:
            context = self._contexts[frame.mode] = self._open(frame.mode)
        decoded = context.decode(av.Packet(frame.octets))
        for one in decoded:
            run.rate_hz = one.sample_rate or run.rate_hz
        parts = [_mono(one.to_ndarray(), one.layout.nb_channels) for one in decoded]
        samples = np.concatenate(parts) if parts else np.empty(0, dtype=np.int16)
        if len(samples) > _LONGEST_S * max(run.rate_hz, 1):
            raise ValueError(f"{len(samples)} samples of one frame")
        return _fit(samples, frame.samples) if frame.samples else samples


class _ToWide:
    """Brings sound of any rate to 16 kHz, payload by payload of the right length.

    The filter holds a millisecond back: that much silence goes before the very first sample.
    """

    def __init__(self) -> None:
        self._resampler: Any = None
        self._from_hz = 0
        self._held: Samples = np.empty(0, dtype=np.int16)
        self._rest = 0  # of a position that a payload did not fill

    def convert(
        self, samples: Samples, lengths: Integers, from_hz: int
    ) -> tuple[Samples, Integers]:
        """Return the samples at 16 kHz, and how many each payload has: an even number."""
        if not len(samples):
            return samples, np.zeros_like(lengths)
        ready = np.concatenate((self._held, self._resample(samples, from_hz)))
        step = WIDE_HZ // NARROW_HZ
        ends = (self._rest + np.cumsum(lengths) * WIDE_HZ) // (from_hz * step) * step
        self._rest = int(self._rest + lengths.sum() * WIDE_HZ - int(ends[-1]) * from_hz)
        count = int(ends[-1])
        ready = np.concatenate((np.zeros(max(count - len(ready), 0), dtype=np.int16), ready))
        self._held = ready[count:]
        return ready[:count], np.diff(ends, prepend=0)

    def _resample(self, samples: Samples, from_hz: int) -> Samples:
        import av

        if self._from_hz != from_hz:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=WIDE_HZ)
            self._from_hz, self._held, self._rest = from_hz, self._held[:0], 0
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = from_hz
        parts = [one.to_ndarray()[0] for one in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int16)


def _mono(values: npt.NDArray[Any], channels: int) -> Samples:
    """Return the mean of all channels as 16 bits; `values`: planes, or channels interleaved."""
    scale = _FULL_SCALE if np.issubdtype(values.dtype, np.floating) else 1.0
    if channels > 1:
        rows = values.reshape(-1, channels) if len(values) == 1 else values.T
        values = rows.mean(axis=1, dtype=np.float32)[None, :]
    only: npt.NDArray[Any] = values[0]
    if only.dtype != np.int16:
        only = np.clip(np.rint(only * scale), -32768, 32767)
    return only.astype(np.int16, copy=False)


def _fit(samples: Samples, count: int) -> Samples:
    """Cut, or fill with silence, to the length that the frame has."""
    missing = count - len(samples)
    return np.pad(samples, (0, missing)) if missing > 0 else samples[:count]


def _level(frame: Frame, samples: Samples) -> int:
    """Return the level of the pause behind a frame; NO_NOISE behind speech."""
    if frame.noise == SPEECH:
        return NO_NOISE
    if frame.noise != MEASURED:
        return frame.noise
    return noise_level(samples)
