"""Session descriptions as values: what an SRC offers, and what its lines mean (RFC 4566, 3264).

Reading stands in `reader`, answering in `answer`, keys of SRTP in `crypto`: they never show in the
text of a value.
"""

from enum import StrEnum

import msgspec

from callvault.sdp.crypto import Crypto


class Direction(StrEnum):
    """Which way media flows, from the side that wrote the description (RFC 3264, section 5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


class Codec(msgspec.Struct, frozen=True):
    """What one payload type means: an rtpmap and its fmtp."""

    payload_type: int
    encoding: str  # upper case: PCMU, G722, TELEPHONE-EVENT
    clock_rate_hz: int
    channels: int = 1
    parameters: str = ""  # fmtp, as received


class MediaLine(msgspec.Struct, frozen=True):
    """One m-line with its attributes."""

    media: str  # audio, video, … in lower case
    port: int
    protocol: str  # RTP/AVP, RTP/SAVP, … in upper case; any other as received
    formats: tuple[str, ...]  # as on the m-line, to be echoed when the line is refused
    codecs: tuple[Codec, ...] = ()
    label: str = ""
    direction: Direction = Direction.SENDRECV  # media level beats session level
    address: str = ""  # from c=, media level beats session level; empty: none given
    crypto: tuple[Crypto, ...] = ()  # the `a=crypto` lines that we could honour, in order
    has_crypto: bool = False  # whether there was any such line
    has_fingerprint: bool = False  # of DTLS-SRTP, on the line or for the session
    rtcp_mux: bool = False
    record: str = ""  # on, off, paused: what the recorded are told (RFC 7866, section 9.1)
    record_preference: str = ""  # on, off, pause, nopreference: what they wish (section 9.2)

    @property
    def is_on_hold(self) -> bool:
        """True when the line cannot bring us media now: not sending, or the old zero address."""
        silent = self.direction in (Direction.RECVONLY, Direction.INACTIVE)
        # No c= at all is no hold: OpenSIPS leaves it out and sends.
        return silent or self.address in ("0.0.0.0", "::")  # noqa: S104 - compared, never bound


class SessionDescription(msgspec.Struct, frozen=True):
    """A whole session description of a peer."""

    media: tuple[MediaLine, ...]


STATIC_CODECS = {
    0: Codec(0, "PCMU", 8000),
    2: Codec(2, "G726-32", 8000),  # reserved by RFC 3551, G.726 in practice
    3: Codec(3, "GSM", 8000),
    4: Codec(4, "G723", 8000),
    8: Codec(8, "PCMA", 8000),
    9: Codec(9, "G722", 8000),  # the RTP clock is 8000 although it samples at 16000
    10: Codec(10, "L16", 44100, 2),
    11: Codec(11, "L16", 44100),
    13: Codec(13, "CN", 8000),
    15: Codec(15, "G728", 8000),
    18: Codec(18, "G729", 8000),
    19: Codec(19, "CN", 8000),  # older Cisco
}
"""Payload types that need no rtpmap (RFC 3551, table 4)."""

KNOWN_ENCODINGS = frozenset(codec.encoding for codec in STATIC_CODECS.values()) | {
    *("OPUS", "ILBC", "AMR", "AMR-WB", "SPEEX", "TELEPHONE-EVENT", "RED"),
    *("G726-16", "G726-24", "G726-32", "G726-40", "AAL2-G726-32"),
}
"""Names that mean what they say, whatever payload type bears them."""
