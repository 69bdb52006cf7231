"""What the payload types of a stream mean, and which decoder each encoding has.

The core decodes G.711, G.722, L16 and comfort noise; the `codecs` extra the others. An encoding
that cannot be decoded here and now is counted, and kept raw by its caller.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

import numpy as np

from callvault.audio import libav, opus
from callvault.audio.core_decoders import (
    AlawDecoder,
    ComfortNoiseDecoder,
    G722Decoder,
    LinearDecoder,
    UlawDecoder,
)
from callvault.audio.decoder import NARROW_HZ, WIDE_HZ, Decoder
from callvault.audio.libav import LibavDecoder, OpenG726, open_codec
from callvault.audio.payloads import (
    AmrPacking,
    LatmPacking,
    Split,
    read_parameters,
    speex_header,
    split_g723,
    split_g726,
    split_g728,
    split_g729,
    split_gsm,
    split_ilbc,
    split_opus,
    split_speex,
)
from callvault.rtp.batch import Integers

_OPUS_HZ = 48000
_ILBC_BIT_RATES = {20: 15200, 30: 13330}  # how libavcodec tells the modes apart


class PayloadKind(IntEnum):
    """What a payload is to finalise."""

    UNKNOWN = 0  # counted, kept raw
    COMFORT_NOISE = 1
    EVENT = 2  # RFC 4733: listed, never audio
    NARROW = 3  # speech that is decoded at 8 kHz
    WIDE = 4  # at 16 kHz


@dataclass(frozen=True, slots=True)
class Encoding:
    """One payload type of one stream: its encoding's name in upper case and its RTP clock."""

    payload_type: int
    name: str
    clock_rate_hz: int
    channels: int = 1
    parameters: str = ""  # of its fmtp line, as received


# RFC 3551, table 4, as far as recording clients send them without an rtpmap; 19 was comfort noise
# before RFC 3389 gave it 13, and CUBE still sends it; 2 was G.726 at 32 kbit/s before it got a
# dynamic type.
STATIC_ENCODINGS = (
    Encoding(0, "PCMU", 8000),
    Encoding(2, "G726-32", 8000),
    Encoding(3, "GSM", 8000),
    Encoding(4, "G723", 8000),
    Encoding(8, "PCMA", 8000),
    Encoding(9, "G722", 8000),
    Encoding(13, "CN", 8000),
    Encoding(15, "G728", 8000),
    Encoding(18, "G729", 8000),
    Encoding(19, "CN", 8000),
)
_DEFAULT_CLOCK_HZ = 8000

Open = Callable[[], Decoder]
Find = Callable[[Encoding, dict[str, str]], tuple[PayloadKind, Open] | None]


def find_decoder(encoding: Encoding) -> tuple[PayloadKind, Open] | None:
    """Return what an encoding's payloads are and how to open their decoder; None: keep them raw."""
    found = _CORE.get(encoding.name)
    if found is None and libav.is_present():
        found = _EXTRA.get(encoding.name)
    return found(encoding, read_parameters(encoding.parameters)) if found else None


class PayloadTable:
    """Payload types of one stream as columns of 128, for look-up by whole batches."""

    def __init__(self, negotiated: Iterable[Encoding] = ()) -> None:
        self.names = [f"PT{number}" for number in range(128)]
        self.kinds: Integers = np.full(128, PayloadKind.UNKNOWN, dtype=np.int64)
        self.clock_rates_hz: Integers = np.full(128, _DEFAULT_CLOCK_HZ, dtype=np.int64)
        self.encodings: dict[int, Encoding] = {}
        for encoding in (*STATIC_ENCODINGS, *negotiated):
            self._set(encoding)

    def _set(self, encoding: Encoding) -> None:
        number = encoding.payload_type
        if not 0 <= number < 128 or encoding.clock_rate_hz <= 0:
            return
        self.names[number] = encoding.name
        self.encodings[number] = encoding
        self.clock_rates_hz[number] = _clock_rate_hz(encoding)
        if encoding.name == "TELEPHONE-EVENT":
            self.kinds[number] = PayloadKind.EVENT
        else:
            found = find_decoder(encoding)
            self.kinds[number] = found[0] if found else PayloadKind.UNKNOWN


def _clock_rate_hz(encoding: Encoding) -> int:
    """Return the clock that a sender counts in, whatever it announced."""
    # G.722 is announced with 8000 for historical reasons, whatever its samples (RFC 3551, section
    # 4.5.2); some write 16000 and count 8000 all the same. Opus always counts 48000 (RFC 7587,
    # section 4.1).
    fixed = {"G722": 8000, "OPUS": _OPUS_HZ}
    return fixed.get(encoding.name, encoding.clock_rate_hz)


def _core(kind: PayloadKind, decoder: Open) -> Find:
    return lambda encoding, parameters: (kind, decoder) if encoding.channels == 1 else None


def _narrow(split: Split, name: str) -> Find:
    """Return the finder of a codec of 8 kHz that needs nothing but its name."""

    def find(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
        opened = partial(_open, name, NARROW_HZ)
        return _libav(split, opened, NARROW_HZ) if encoding.channels == 1 else None

    return find


def _open(name: str, rate_hz: int, mode: int) -> libav.Context:
    return open_codec(name, rate_hz)


def _libav(split: Split, opened: libav.OpenContext, rate_hz: int) -> tuple[PayloadKind, Open]:
    kind = PayloadKind.NARROW if rate_hz == NARROW_HZ else PayloadKind.WIDE
    return kind, lambda: LibavDecoder(split, opened, rate_hz=rate_hz)


def _find_linear(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
    if encoding.channels != 1 or encoding.clock_rate_hz not in (NARROW_HZ, WIDE_HZ):
        return None
    kind = PayloadKind.NARROW if encoding.clock_rate_hz == NARROW_HZ else PayloadKind.WIDE
    return kind, partial(LinearDecoder, encoding.clock_rate_hz)


def _find_opus(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
    """Return Opus; announced with two channels always (RFC 7587, section 7)."""
    library = opus.library()
    if library is None:
        return _libav(split_opus, _open_opus, _OPUS_HZ)
    return PayloadKind.WIDE, partial(opus.OpusDecoder, library)


def _open_opus(mode: int) -> libav.Context:
    return open_codec("libopus", _OPUS_HZ, channels=2)


def _find_amr(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
    is_wide = encoding.name == "AMR-WB"
    packing = AmrPacking.of(parameters, is_wide=is_wide)
    if packing is None or encoding.channels != 1:
        return None
    # These two know the frames of silence, which libavcodec's own decoders refuse.
    name, rate_hz = ("amrwb", WIDE_HZ) if is_wide else ("amrnb", NARROW_HZ)
    return _libav(packing.split, partial(_open, f"libopencore_{name}", rate_hz), rate_hz)


def _find_ilbc(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
    """Return iLBC; its mode is 30 ms unless the fmtp line says otherwise (RFC 3952, section 5)."""
    split = split_ilbc(20 if parameters.get("mode") == "20" else 30)
    return _libav(split, _open_ilbc, NARROW_HZ) if encoding.channels == 1 else None


def _open_ilbc(mode: int) -> libav.Context:
    return open_codec("ilbc", NARROW_HZ, bit_rate=_ILBC_BIT_RATES[mode])


def _find_speex(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
    rate_hz = encoding.clock_rate_hz
    if encoding.channels != 1 or rate_hz not in (NARROW_HZ, WIDE_HZ, 32000):
        return None
    return _libav(split_speex(rate_hz), partial(_open_speex, rate_hz), rate_hz)


def _open_speex(rate_hz: int, mode: int) -> libav.Context:
    return open_codec("speex", rate_hz, extradata=speex_header(rate_hz))


def _find_latm(encoding: Encoding, parameters: dict[str, str]) -> tuple[PayloadKind, Open] | None:
    packing = LatmPacking.of(parameters)
    if packing is None:
        return None
    name = "aac" if packing.config else "aac_latm"
    opened = partial(_open_aac, name, packing.config)
    return _libav(packing.split, opened, _OPUS_HZ)  # the real rate comes with the first frame


def _open_aac(name: str, config: bytes, mode: int) -> libav.Context:
    return open_codec(name, _OPUS_HZ, extradata=config)


def _g726(bits: int, *, is_aal2: bool) -> Find:
    """G.726 in either order of bits: RFC 3551, section 4.5.4, or as over AAL2."""
    return lambda encoding, parameters: _libav(split_g726(bits), OpenG726(bits, is_aal2), NARROW_HZ)


_CORE: dict[str, Find] = {
    "PCMU": _core(PayloadKind.NARROW, UlawDecoder),
    "PCMA": _core(PayloadKind.NARROW, AlawDecoder),
    "G722": _core(PayloadKind.WIDE, G722Decoder),
    "CN": _core(PayloadKind.COMFORT_NOISE, ComfortNoiseDecoder),
    "L16": _find_linear,
}
_EXTRA: dict[str, Find] = {
    **dict.fromkeys(("G729", "G729A", "G729B", "G729AB"), _narrow(split_g729, "g729")),
    "GSM": _narrow(split_gsm, "gsm"),
    "G723": _narrow(split_g723, "g723_1"),
    "G728": _narrow(split_g728, "g728"),
    "OPUS": _find_opus,
    "AMR": _find_amr,
    "AMR-WB": _find_amr,
    "ILBC": _find_ilbc,
    "SPEEX": _find_speex,
    "MP4A-LATM": _find_latm,
    **{
        f"{prefix}G726-{bits * 8}": _g726(bits, is_aal2=bool(prefix))
        for prefix in ("", "AAL2-")
        for bits in (2, 3, 4, 5)
    },
}
