"""Copies of a two-channel MP3 in another form: WAV or FLAC, both channels or one mix of them.

Made block by block, so that an hour takes no more memory than a minute. Nothing is written
anywhere: the source is read where it lies, the copy leaves as chunks of bytes.
"""

import struct
from collections.abc import Iterator
from enum import StrEnum
from typing import BinaryIO

import numpy as np
import soundfile

from callvault.audio.g711 import Samples
from callvault.errors import AudioError

BLOCK_SAMPLES = 65_536  # a channel: about 8 s of narrow-band speech
_WAV = struct.Struct("<4sI4s4sIHHIIHH4sI")
_SAMPLE_BYTES = 2
_LARGEST_WAV_BYTES = 2**32 - 1  # its header holds 32 bits
_FLAC_HEADER_BYTES = 42  # the mark, a block header and STREAMINFO (RFC 9639, section 8.2)
_FLAC_LENGTH_AT = 21  # low four bits of this byte and four bytes more: samples a channel
_FLAC_DIGEST_AT = 26


class CopyForm(StrEnum):
    """The form of a copy; the value is the suffix of its name."""

    WAV = "wav"
    FLAC = "flac"


class AudioCopy:
    """One copy being made. `source` is an MP3 that can be sought, and stays its owner's."""

    def __init__(self, source: BinaryIO, form: CopyForm, *, is_mixed: bool) -> None:
        """Read the head of the source. Raises AudioError for what is no MP3 of two channels."""
        try:
            self._file = soundfile.SoundFile(source)
        except soundfile.LibsndfileError as unreadable:
            raise AudioError(f"audio that cannot be read: {unreadable.error_string}") from None
        if self._file.channels != 2:
            raise AudioError(f"audio of {self._file.channels} channels, allowed: 2")
        self._form, self._is_mixed = form, is_mixed
        self._channels = 1 if is_mixed else 2
        self.sample_rate_hz = int(self._file.samplerate)
        self.samples = int(self._file.frames)
        if form is CopyForm.WAV and self._wav_bytes() > _LARGEST_WAV_BYTES:
            raise AudioError(f"{self._wav_bytes()} bytes are too many for a WAV file")

    @property
    def size_bytes(self) -> int | None:
        """Length of the copy; None: not known before it is made."""
        return self._wav_bytes() if self._form is CopyForm.WAV else None

    def chunks(self) -> Iterator[bytes]:
        """Yield the copy. Raises AudioError if the source ends before the length it tells."""
        yield from self._wav() if self._form is CopyForm.WAV else self._flac()

    def _wav_bytes(self) -> int:
        return _WAV.size + self.samples * self._channels * _SAMPLE_BYTES

    def _wav(self) -> Iterator[bytes]:
        width = self._channels * _SAMPLE_BYTES
        yield _WAV.pack(
            b"RIFF", self._wav_bytes() - 8, b"WAVE", b"fmt ", 16, 1, self._channels,
            self.sample_rate_hz, self.sample_rate_hz * width, width, 8 * _SAMPLE_BYTES,
            b"data", self.samples * width,
        )  # fmt: skip
        for block in self._blocks():
            yield block.tobytes()

    def _flac(self) -> Iterator[bytes]:
        sink = _Sink(self.samples)
        with soundfile.SoundFile(
            sink, "w", self.sample_rate_hz, self._channels, "PCM_16", format="FLAC"
        ) as encoder:
            for block in self._blocks():
                encoder.write(block)
                yield sink.taken()
        yield sink.taken()

    def _blocks(self) -> Iterator[Samples]:
        """Yield rows of samples, mixed if wanted; as many as the source tells."""
        left = self.samples
        while left:
            rows = self._file.read(min(BLOCK_SAMPLES, left), dtype="int16", always_2d=True)
            if not len(rows):
                raise AudioError(f"audio that ends {left} samples early")
            left -= len(rows)
            yield mixed(rows) if self._is_mixed else rows


def mixed(rows: Samples) -> Samples:
    """Return half of one channel plus half of the other, which never clips."""
    halves: Samples = (rows.sum(axis=1, dtype=np.int32) // 2).astype("<i2")
    return halves.reshape(-1, 1)


class _Sink:
    """A file that is drained while it is written, for an encoder that wants to seek.

    At its end the encoder goes back to fill in length and digest. By then the head is gone: the
    length, known beforehand, is put in as it leaves, and the digest stays zero, which means "not
    known" (RFC 9639, section 8.2).
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._at = 0
        self._end = 0
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        content = bytes(data)
        drained = self._end - len(self._waiting)
        start = self._at - drained
        if start >= 0:
            self._waiting[start : start + len(content)] = content
        self._at += len(content)
        self._end = max(self._end, self._at)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def taken(self) -> bytes:
        """Take what was written since, the head only once it is whole."""
        if self._end == len(self._waiting):
            if self._end < _FLAC_HEADER_BYTES:
                return b""
            self._fill_in_head()
        content = bytes(self._waiting)
        self._waiting.clear()
        return content

    def _fill_in_head(self) -> None:
        head = self._waiting
        length = self._samples.to_bytes(5, "big")
        head[_FLAC_LENGTH_AT] = head[_FLAC_LENGTH_AT] & 0xF0 | length[0]
        head[_FLAC_LENGTH_AT + 1 : _FLAC_DIGEST_AT] = length[1:]
        head[_FLAC_DIGEST_AT:_FLAC_HEADER_BYTES] = bytes(_FLAC_HEADER_BYTES - _FLAC_DIGEST_AT)
