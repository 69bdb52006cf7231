"""Real encoders for the tests of decoders: libraries of Debian, and those that PyAV brings.

Each returns what a phone would put on the wire before packing: one frame an element. A library
that is not installed skips the test (`tools/need.sh test` installs them).
"""

import ctypes
import io
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import soxr

from callvault.audio.g711 import Samples

CORPUS = Path(__file__).parents[1] / "corpus" / "codecs"
_TEXT = (
    "Good morning, this is the claims department, my name is Ann Keller. "
    "Please hold the line while I look up your file. Thank you for waiting."
)
Frames = list[bytes]


@cache
def spoken(rate_hz: int, seconds: float = 6.0) -> Samples:
    """Speech of espeak-ng, at most `seconds` of it, with 100 ms of silence before."""
    tool = shutil.which("espeak-ng")
    if tool is None:
        pytest.skip("espeak-ng is not installed")
    made = subprocess.run([tool, "--stdout", _TEXT], capture_output=True, check=True)
    samples, made_hz = sf.read(io.BytesIO(made.stdout), dtype="float32")
    raised = soxr.resample(samples, made_hz, rate_hz)[: round((seconds - 0.1) * rate_hz)]
    quiet = np.zeros(round(0.1 * rate_hz), dtype=np.float32)
    speech: Samples = np.rint(np.concatenate((quiet, raised)) * 16000).astype(np.int16)
    return speech


def library(name: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(name)
    except OSError:
        pytest.skip(f"{name} is not installed")


def blocks(samples: Samples, size: int) -> list[Samples]:
    whole = samples[: len(samples) // size * size]
    return [np.ascontiguousarray(one) for one in whole.reshape(-1, size)]


def g729(samples: Samples, *, annex_b: bool = False) -> Frames:
    """10 bytes a frame of 10 ms; with Annex B also 2 bytes (silence) or none."""
    bcg = library("libbcg729.so.0")
    bcg.initBcg729EncoderChannel.restype = ctypes.c_void_p
    bcg.bcg729Encoder.argtypes = [ctypes.c_void_p] * 4
    channel = bcg.initBcg729EncoderChannel(ctypes.c_uint8(annex_b))
    frames = []
    for block in blocks(samples, 80):
        octets, size = (ctypes.c_uint8 * 10)(), ctypes.c_uint8(0)
        bcg.bcg729Encoder(channel, block.ctypes.data, octets, ctypes.byref(size))
        frames.append(bytes(octets)[: size.value])
    return frames


def gsm(samples: Samples) -> Frames:
    lib = library("libgsm.so.1")
    lib.gsm_create.restype = ctypes.c_void_p
    lib.gsm_encode.argtypes = [ctypes.c_void_p] * 3
    state, frames = lib.gsm_create(), []
    for block in blocks(samples, 160):
        octets = (ctypes.c_uint8 * 33)()
        lib.gsm_encode(state, block.ctypes.data, octets)
        frames.append(bytes(octets))
    return frames


def speex(samples: Samples, *, is_wide: bool, together: int = 1) -> Frames:
    """Payloads of `together` frames of 20 ms, with the terminator of RFC 5574."""
    lib = library("libspeex.so.1")
    lib.speex_lib_get_mode.restype = lib.speex_encoder_init.restype = ctypes.c_void_p
    lib.speex_encoder_init.argtypes = [ctypes.c_void_p]
    lib.speex_encode_int.argtypes = [ctypes.c_void_p] * 3
    lib.speex_bits_write.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    state = lib.speex_encoder_init(lib.speex_lib_get_mode(int(is_wide)))
    bits, out = (ctypes.c_uint8 * 128)(), (ctypes.c_uint8 * 400)()
    lib.speex_bits_init(bits)
    frames = []
    for group in blocks(samples, (320 if is_wide else 160) * together):
        lib.speex_bits_reset(bits)
        for block in group.reshape(together, -1).copy():
            lib.speex_encode_int(state, block.ctypes.data, bits)
        lib.speex_bits_insert_terminator(bits)
        size = lib.speex_bits_write(bits, out, 400)
        frames.append(bytes(out)[:size])
    return frames


def amr_wb(samples: Samples, *, mode: int = 8, dtx: bool = False) -> Frames:
    """Storage frames of 20 ms (RFC 4867, section 5.3)."""
    lib = library("libvo-amrwbenc.so.0")
    lib.E_IF_init.restype = ctypes.c_void_p
    lib.E_IF_encode.argtypes = [ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 2, ctypes.c_int]
    state, frames = lib.E_IF_init(), []
    for block in blocks(samples, 320):
        octets = (ctypes.c_uint8 * 500)()
        size = lib.E_IF_encode(state, mode, block.ctypes.data, octets, int(dtx))
        frames.append(bytes(octets)[:size])
    return frames


def libav(
    name: str, samples: Samples, rate_hz: int, *, bit_rate: int, channels: int = 1, **options: str
) -> Frames:
    """What an encoder of libavcodec makes of samples (of two channels: rows of left and right)."""
    av = pytest.importorskip("av")
    context = av.CodecContext.create(name, "w")
    context.sample_rate, context.bit_rate = rate_hz, bit_rate
    context.layout = "stereo" if channels == 2 else "mono"
    context.format = "fltp" if name == "aac" else "s16"
    context.options = options
    context.open()
    size, frames = context.frame_size or 160, []
    for number, block in enumerate(blocks(samples.reshape(-1), size * channels)):
        frame = _frame(av, block, context)
        frame.sample_rate, frame.pts = rate_hz, number * size
        frames += [bytes(one) for one in context.encode(frame)]
    return frames + [bytes(one) for one in context.encode(None)]


def _frame(av: Any, block: Samples, context: Any) -> Any:
    layout = context.layout.name
    if context.format.name == "fltp":
        values = (block[None, :] / 32768).astype(np.float32)
        return av.AudioFrame.from_ndarray(values, format="fltp", layout=layout)
    return av.AudioFrame.from_ndarray(block[None, :], format="s16", layout=layout)


def amr_nb(samples: Samples, *, dtx: bool = False) -> Frames:
    return libav("libopencore_amrnb", samples, 8000, bit_rate=12200, dtx=str(int(dtx)))


def opus(samples: Samples, *, channels: int = 1, frame_ms: int = 20, **options: str) -> Frames:
    """`samples` at 48 kHz."""
    plain = {"application": "voip", "frame_duration": str(frame_ms)}
    return libav("libopus", samples, 48000, bit_rate=24000, channels=channels, **plain, **options)


_OPUS_VOIP = 2048
_OPUS_SET = {"bit_rate": 4002, "inband_fec": 4012, "loss_percent": 4014, "dtx": 4016}


def opus_for_loss(
    samples: Samples, *, rate_hz: int = 16000, channels: int = 1, frame_ms: int = 20, **wishes: int
) -> Frames:
    """Packets of libopus itself: `inband_fec=1, loss_percent=20` sends each of them twice."""
    lib = library("libopus.so.0")
    lib.opus_encoder_create.restype = ctypes.c_void_p
    lib.opus_encode.argtypes = [
        *[ctypes.c_void_p] * 2,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_int32,
    ]
    made = lib.opus_encoder_create(rate_hz, channels, _OPUS_VOIP, None)
    state, frames = ctypes.c_void_p(made), []
    for name, value in {"bit_rate": 32000 * channels, **wishes}.items():
        assert lib.opus_encoder_ctl(state, _OPUS_SET[name], value) == 0
    size = rate_hz * frame_ms // 1000
    for block in blocks(samples.reshape(-1), size * channels):
        octets = (ctypes.c_uint8 * 1500)()
        length = lib.opus_encode(state, block.ctypes.data, size, octets, 1500)
        assert length > 0
        frames.append(bytes(octets)[:length])
    lib.opus_encoder_destroy(state)
    return frames


def g726(samples: Samples, *, bits: int, is_aal2: bool) -> Frames:
    """Payloads of 20 ms."""
    name = "g726" if is_aal2 else "g726le"
    joined = b"".join(libav(name, samples, 8000, bit_rate=bits * 8000))
    size = 20 * bits
    return [joined[at : at + size] for at in range(0, len(joined), size)]


def amr_payload(frames: Frames, *, bits: tuple[int, ...], aligned: bool) -> bytes:
    """Pack storage frames as RFC 4867 says; `bits` of each frame type."""
    heads = [one[0] & 0x7C | 0x80 * (at + 1 < len(frames)) for at, one in enumerate(frames)]
    if aligned:
        return bytes([0xF0, *heads]) + b"".join(one[1:] for one in frames)
    text = "1111" + "".join(f"{head >> 2:06b}" for head in heads)
    for one in frames:
        kind = one[0] >> 3 & 0x0F
        size = bits[kind] if kind < len(bits) else 0
        text += "".join(f"{octet:08b}" for octet in one[1:])[:size]
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
