"""AMR and AMR-WB payloads (RFC 4867), repacked to the frames of its file format (section 5).

Both packings are read: bandwidth-efficient (section 4.3), where everything is a string of bits,
and octet-aligned (section 4.4). Which of them a sender means is in the fmtp line, and some mean
the other one: if a payload is not as long as it says, the other packing is tried.
"""

from dataclasses import dataclass

from callvault.audio.payloads.frames import MEASURED, SPEECH, Frame
from callvault.audio.payloads.parameters import is_on

_NARROW_BITS = (95, 103, 118, 134, 148, 159, 204, 244, 39)  # by frame type; the last is silence
_WIDE_BITS = (132, 177, 253, 285, 317, 365, 397, 461, 477, 40)
_SPEECH_LOST, _NO_DATA = 14, 15
_MAX_FRAMES = 64  # of a payload: more than a second


@dataclass(frozen=True, slots=True)
class AmrPacking:
    """How a sender packs its frames."""

    is_wide: bool = False
    is_octet_aligned: bool = False
    has_crc: bool = False  # a byte a frame between table and frames (section 4.4.2.1)

    @classmethod
    def of(cls, parameters: dict[str, str], *, is_wide: bool) -> "AmrPacking | None":
        """Return the packing of an fmtp line; None for one that is not read here.

        Interleaved and sorted frames (sections 4.4.1 and 4.4.4) are sent by nobody we know.
        """
        if "interleaving" in parameters or is_on(parameters, "robust-sorting"):
            return None
        has_crc = is_on(parameters, "crc")
        aligned = has_crc or is_on(parameters, "octet-align")
        return cls(is_wide, aligned, has_crc)

    def split(self, payload: bytes) -> list[Frame]:
        """Return the frames of a payload, each with its header of one byte."""
        readers = (self._aligned, self._efficient)
        for read in readers if self.is_octet_aligned else reversed(readers):
            frames = read(payload)
            if frames is not None:
                return [self._frame(*one) for one in frames]
        raise ValueError(f"{len(payload)} bytes are no AMR payload")

    def _frame(self, header: int, speech: bytes) -> Frame:
        kind = header >> 3 & 0x0F
        is_silence = kind == len(self._bits) - 1 or kind >= _SPEECH_LOST
        noise = MEASURED if is_silence else SPEECH
        return Frame(bytes([header]) + speech, 320 if self.is_wide else 160, noise)

    @property
    def _bits(self) -> tuple[int, ...]:
        return _WIDE_BITS if self.is_wide else _NARROW_BITS

    def _bits_of(self, kind: int) -> int | None:
        """Return how many bits a frame of this type has; None: there is no such type."""
        if kind == _NO_DATA or (kind == _SPEECH_LOST and self.is_wide):
            return 0
        return self._bits[kind] if kind < len(self._bits) else None

    def _aligned(self, payload: bytes) -> list[tuple[int, bytes]] | None:
        """Read a byte of mode request, a byte a frame of table, then frames of whole bytes."""
        headers: list[int] = []
        at = 1
        while at < len(payload) and at <= _MAX_FRAMES:
            headers.append(payload[at] & 0x7C)
            at += 1
            if not payload[at - 1] & 0x80:
                break
        else:
            return None
        sizes = [self._bits_of(one >> 3) for one in headers]
        if self.has_crc:
            at += sum(1 for size in sizes if size)
        frames = []
        for header, bits in zip(headers, sizes, strict=True):
            if bits is None:
                return None
            size = (bits + 7) // 8
            frames.append((header, payload[at : at + size]))
            at += size
        return frames if at == len(payload) else None

    def _efficient(self, payload: bytes) -> list[tuple[int, bytes]] | None:
        """Read four bits of mode request, six a frame of table, then the bits of all frames."""
        total = len(payload) * 8
        value, at = int.from_bytes(payload, "big"), 4
        headers: list[int] = []
        while at + 6 <= total and len(headers) < _MAX_FRAMES:
            entry = value >> total - at - 6 & 0x3F
            headers.append(entry << 2 & 0x7C)
            at += 6
            if not entry & 0x20:
                break
        else:
            return None
        frames = []
        for header in headers:
            bits = self._bits_of(header >> 3)
            if bits is None or at + bits > total:
                return None
            size = (bits + 7) // 8
            speech = (value >> total - at - bits & (1 << bits) - 1) << size * 8 - bits
            frames.append((header, speech.to_bytes(size, "big")))
            at += bits
        return frames if total - at < 8 else None
