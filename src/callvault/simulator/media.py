"""The media of a simulated call: what each side says as a track, and the track as RTP packets.

A track covers the whole call, silence included; frame n is what is heard from n times 20 ms after
the answer. Which frames were really sent (none on hold) is remembered beside the packets, since
that is what a recording must contain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from struct import Struct

import numpy as np

from callvault.simulator.codecs import BYTES_PER_FRAME, PAYLOAD_TYPES, SAMPLE_RATES_HZ, Samples
from callvault.simulator.script import FRAME_MS, CallScript, Codec, Line, Speaker

TICKS_PER_FRAME = 160  # the RTP clock of G.711 and, by an old mistake kept on, of G.722 (RFC 3551)
_HEADER = Struct("!BBHII")
_VERSION_2 = 0x80
_MARKER = 0x80
_EDGE_MS = 5  # a sentence that is cut fades, or it would click

Clips = Callable[[Line, int], Samples]
"""The sound of a line at a sample rate (Hz)."""


def render(script: CallScript, speaker: Speaker, clips: Clips) -> Samples:
    """Return a side's whole track at the sample rate of the call's codec."""
    rate_hz = SAMPLE_RATES_HZ[script.codec]
    track = np.zeros(script.length_ms * rate_hz // 1000, dtype=np.int16)
    for turn in script.turns:
        if turn.speaker is speaker:
            clip = _cut(clips(turn.line, rate_hz), turn.length_ms * rate_hz // 1000, rate_hz)
            start = turn.start_ms * rate_hz // 1000
            track[start : start + len(clip)] = clip[: len(track) - start]
    return track


def _cut(clip: Samples, length: int, rate_hz: int) -> Samples:
    if len(clip) <= length:
        return clip
    fade = np.ones(length, dtype=np.float32)
    edge = min(_EDGE_MS * rate_hz // 1000, length)
    fade[length - edge :] = np.linspace(1.0, 0.0, edge, dtype=np.float32)
    return (clip[:length] * fade).astype(np.int16)


@dataclass(slots=True)
class RtpStream:
    """One stream of a call: its encoded track, and the counters of its RTP headers (RFC 3550)."""

    payload: bytes
    payload_type: int
    ssrc: int
    first_sequence_number: int
    first_timestamp: int
    sent: bytearray = field(init=False)  # one byte a frame: 1 when it was sent
    _sequence_number: int = field(init=False)
    _starts_talkspurt: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self.sent = bytearray(self.frames)
        self._sequence_number = self.first_sequence_number

    @property
    def frames(self) -> int:
        """Number of whole frames of 20 ms in the track."""
        return len(self.payload) // BYTES_PER_FRAME

    def packet(self, frame: int) -> bytes:
        """Return the packet of one frame and count it as sent; frames are asked for in order."""
        marker = _MARKER if self._starts_talkspurt else 0
        header = _HEADER.pack(
            _VERSION_2,
            marker | self.payload_type,
            self._sequence_number,
            (self.first_timestamp + frame * TICKS_PER_FRAME) & 0xFFFFFFFF,
            self.ssrc,
        )
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._starts_talkspurt = False
        self.sent[frame] = 1
        start = frame * BYTES_PER_FRAME
        return header + self.payload[start : start + BYTES_PER_FRAME]

    def go_on(self, rng: Random | None = None) -> None:
        """Begin a talkspurt after a hold; with `rng` as another source, as some devices do."""
        self._starts_talkspurt = True
        if rng is not None:
            self.ssrc = rng.getrandbits(32)
            self._sequence_number = rng.getrandbits(16)
            self.first_timestamp = rng.getrandbits(32)


def new_stream(payload: bytes, codec: Codec, *, rng: Random) -> RtpStream:
    """Begin to send an encoded track; all counters begin anywhere (RFC 3550, section 5.1)."""
    return RtpStream(
        payload=payload,
        payload_type=PAYLOAD_TYPES[codec],
        ssrc=rng.getrandbits(32),
        first_sequence_number=rng.getrandbits(16),
        first_timestamp=rng.getrandbits(32),
    )


def envelope(track: Samples, rate_hz: int) -> Samples:
    """Return the loudness of each frame of 20 ms (root mean square, 0 to 32767)."""
    frame = rate_hz * FRAME_MS // 1000
    whole = track[: len(track) // frame * frame].astype(np.float32).reshape(-1, frame)
    return np.asarray(np.sqrt(np.mean(whole * whole, axis=1)), dtype=np.int16)
