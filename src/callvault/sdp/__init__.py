"""SDP offers read, answers written (RFC 8866, RFC 3264): pure functions on frozen values."""

from callvault.sdp.answer import (
    LinePlan,
    LocalDescription,
    LocalMedia,
    answer,
    check_recordable,
    own_offer,
    plan,
)
from callvault.sdp.description import Codec, Direction, MediaLine, SessionDescription
from callvault.sdp.reader import parse_offer, without_keys

__all__ = [
    "Codec",
    "Direction",
    "LinePlan",
    "LocalDescription",
    "LocalMedia",
    "MediaLine",
    "SessionDescription",
    "answer",
    "check_recordable",
    "own_offer",
    "parse_offer",
    "plan",
    "without_keys",
]
