"""Decoding, alignment on the wall clock, encoding, waveform and levels."""

from callvault.audio.choice import HeardSource, hear
from callvault.audio.codecs import Encoding, PayloadKind, PayloadTable, find_decoder
from callvault.audio.copies import AudioCopy, CopyForm
from callvault.audio.decoder import NARROW_HZ, WIDE_HZ, Decoder, Payloads
from callvault.audio.levels import FLOOR_DBFS, LevelMeter
from callvault.audio.mp3 import Mp3Encoder
from callvault.audio.peaks import PeaksMeter, Waveform
from callvault.audio.render import WINDOW, CallRenderer, StreamRenderer
from callvault.audio.survey import Digit, Hole, SourceSurvey
from callvault.audio.timeline import TICK_HZ, position_of

__all__ = [
    "FLOOR_DBFS",
    "NARROW_HZ",
    "TICK_HZ",
    "WIDE_HZ",
    "WINDOW",
    "AudioCopy",
    "CallRenderer",
    "CopyForm",
    "Decoder",
    "Digit",
    "Encoding",
    "HeardSource",
    "Hole",
    "LevelMeter",
    "Mp3Encoder",
    "PayloadKind",
    "PayloadTable",
    "Payloads",
    "PeaksMeter",
    "SourceSurvey",
    "StreamRenderer",
    "Waveform",
    "find_decoder",
    "hear",
    "position_of",
]
