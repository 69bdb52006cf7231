"""Two-channel MP3 at a constant rate, with the Info frame that makes it exact.

lameenc writes frames only. Players then show a file about 140 ms late and long: the encoder's
delay and its padding are told in a first frame, the LAME Info tag, which is built here. Since the
rate is constant and the length of a call is known before it is encoded, that frame can be written
first and the file sealed as a stream.
"""

import struct

import lameenc
import numpy as np

from callvault.audio.g711 import Samples
from callvault.errors import AudioError

FRAME_SAMPLES = 576  # of MPEG-2 and 2.5 Layer III, a channel
ENCODER_DELAY = 576  # samples that LAME puts before the first; decoders add 529 of their own

_RATES_KBIT_S = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # bit-rate index 1…14
# LAME keeps MPEG-2.5 Layer III within 64 kbit/s, as the informal standard has it.
_HIGHEST_KBIT_S = {8000: 64, 16000: 160}
# First two header bytes (sync, version, layer III, no CRC) and the sampling-rate index.
_VERSIONS = {8000: (b"\xff\xe3", 2), 16000: (b"\xff\xf3", 2)}
_JOINT_STEREO = 0x40
_SIDE_INFO_BYTES = 17  # of two channels in MPEG-2 and 2.5; silent when all zero
_XING = struct.Struct(">4sIII100sI")
_LAME = struct.Struct(">9sBBIHHBB3sBBHIH")
_HAS_ALL = 0x0F  # frames, bytes, table of contents and quality are there
_CBR_TAG = 0x01  # revision 0 of the tag, method: constant bit rate
_CRC_BYTES = 2


class Mp3Encoder:
    """Encodes one recording of a known length. Call `start`, then `encode`, then `finish`."""

    def __init__(self, *, samples: int, sample_rate_hz: int, kbit_s: int, quality: int) -> None:
        """Prepare for `samples` a channel, exactly; see `usable_rate` for `kbit_s`."""
        if sample_rate_hz not in _VERSIONS:
            raise AudioError(f"MP3 of {sample_rate_hz} Hz, allowed: 8000, 16000")
        self._samples = samples
        self._sample_rate_hz = sample_rate_hz
        self._quality = quality
        self._encoder = lameenc.Encoder()
        self._encoder.silence()
        self._encoder.set_channels(2)
        self._encoder.set_in_sample_rate(sample_rate_hz)
        self._encoder.set_out_sample_rate(sample_rate_hz)
        self._kbit_s = usable_rate(kbit_s, sample_rate_hz)
        self._encoder.set_bit_rate(self._kbit_s)
        self._encoder.set_quality(quality)
        self._written = 0

    def start(self) -> bytes:
        """Return the Info frame, which comes first."""
        return info_frame(
            samples=self._samples,
            sample_rate_hz=self._sample_rate_hz,
            kbit_s=self._kbit_s,
            quality=self._quality,
        )

    def encode(self, frames: Samples) -> bytes:
        """Return what is ready after these rows of (left, right)."""
        return self._count(self._encoder.encode(np.ascontiguousarray(frames, "<i2").tobytes()))

    def finish(self) -> bytes:
        """Return the rest. Raises AudioError if the file is not what the Info frame says."""
        rest = self._count(self._encoder.flush())
        expected = frame_count(self._samples) * _frame_bytes(self._kbit_s, self._sample_rate_hz)
        if self._written != expected:
            raise AudioError(f"MP3 of {self._written} bytes where {expected} were announced")
        return rest

    def _count(self, data: bytearray) -> bytes:
        self._written += len(data)
        return bytes(data)


def usable_rate(kbit_s: int, sample_rate_hz: int) -> int:
    """Return the highest rate of the format that is not above the one asked for."""
    highest = min(kbit_s, _HIGHEST_KBIT_S[sample_rate_hz])
    return max((rate for rate in _RATES_KBIT_S if rate <= highest), default=_RATES_KBIT_S[0])


def frame_count(samples: int) -> int:
    """Return how many frames LAME makes of so many samples, the Info frame not counted."""
    return (ENCODER_DELAY + samples + _padding(samples)) // FRAME_SAMPLES


def _padding(samples: int) -> int:
    """Return the samples behind the last: up to a frame's end, at least a whole frame."""
    padding = FRAME_SAMPLES - (ENCODER_DELAY + samples) % FRAME_SAMPLES
    return padding if padding >= FRAME_SAMPLES else padding + FRAME_SAMPLES


def info_frame(*, samples: int, sample_rate_hz: int, kbit_s: int, quality: int) -> bytes:
    """Return a silent frame that holds the Xing header and the LAME tag behind it.

    The checksum of the music stays zero ("not known"): the frame is written before the music.
    """
    rate = _rate_that_holds(4 + _SIDE_INFO_BYTES + _XING.size + _LAME.size, kbit_s, sample_rate_hz)
    size = _frame_bytes(rate, sample_rate_hz)
    sync, rate_index = _VERSIONS[sample_rate_hz]
    header = sync + bytes(((_RATES_KBIT_S.index(rate) + 1) << 4 | rate_index << 2, _JOINT_STEREO))
    frames = frame_count(samples)
    total = size + frames * _frame_bytes(kbit_s, sample_rate_hz)
    contents = bytes((size + (total - size) * part // 100) * 256 // total for part in range(100))
    grade = 100 - 10 * quality - 5
    xing = _XING.pack(b"Info", _HAS_ALL, frames, total, contents, max(grade, 0))
    tagged = header + bytes(_SIDE_INFO_BYTES) + xing + _lame_tag(samples, total, kbit_s)
    checked = tagged[:-_CRC_BYTES]
    return (checked + _crc16(checked).to_bytes(_CRC_BYTES, "big")).ljust(size, b"\0")


def _lame_tag(samples: int, total_bytes: int, kbit_s: int) -> bytes:
    """Return the LAME tag, its own checksum still zero."""
    delay_and_padding = (ENCODER_DELAY << 12 | _padding(samples)).to_bytes(3, "big")
    return _LAME.pack(
        b"LAME3.100",
        _CBR_TAG,
        0,  # lowpass: not told
        0,  # peak: not told
        0,  # replay gain of the track: none, a recording is played as loud as it was
        0,
        0,
        min(kbit_s, 255),
        delay_and_padding,
        3 << 2,  # joint stereo; the two highest bits zero: at most 32 kHz
        0,
        0,
        total_bytes & 0xFFFFFFFF,
        0,
    ) + bytes(_CRC_BYTES)


def _rate_that_holds(size: int, kbit_s: int, sample_rate_hz: int) -> int:
    """Return the lowest rate, from the file's own on, whose frame has `size` bytes."""
    return next(
        rate
        for rate in _RATES_KBIT_S
        if rate >= kbit_s and _frame_bytes(rate, sample_rate_hz) >= size
    )


def _frame_bytes(kbit_s: int, sample_rate_hz: int) -> int:
    """Bytes of a frame; at 8 and 16 kHz always whole, so that no frame is padded."""
    return FRAME_SAMPLES // 8 * kbit_s * 1000 // sample_rate_hz


def _crc16(data: bytes) -> int:
    """Return the CRC-16 (reflected 0x8005) that closes the tag."""
    crc = 0
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
