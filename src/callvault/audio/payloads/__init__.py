"""RTP payload formats of codecs that send frames: payloads are split into what a decoder takes.

Pure: bytes in, frames out. A payload that is none of its format raises ValueError.
"""

from callvault.audio.payloads.amr import AmrPacking
from callvault.audio.payloads.frames import (
    MEASURED,
    SPEECH,
    Frame,
    Split,
    split_g723,
    split_g726,
    split_g728,
    split_g729,
    split_gsm,
    split_ilbc,
    split_opus,
)
from callvault.audio.payloads.latm import LatmPacking
from callvault.audio.payloads.parameters import read_parameters
from callvault.audio.payloads.speex import speex_header, split_speex

__all__ = [
    "MEASURED",
    "SPEECH",
    "AmrPacking",
    "Frame",
    "LatmPacking",
    "Split",
    "read_parameters",
    "speex_header",
    "split_g723",
    "split_g726",
    "split_g728",
    "split_g729",
    "split_gsm",
    "split_ilbc",
    "split_opus",
    "split_speex",
]
