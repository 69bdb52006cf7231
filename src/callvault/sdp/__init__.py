"""SDP offers read, answers written (RFC 8866, 3264, 4568): pure functions on frozen values."""

from callvault.sdp.answer import (
    DECODABLE,
    DECODABLE_WITH_CODECS,
    Decodable,
    LinePlan,
    LocalDescription,
    LocalMedia,
    Transports,
    answer,
    check_recordable,
    g711_first,
    own_offer,
    plan,
)
from callvault.sdp.crypto import Crypto, NewKey, chosen_by, read_crypto
from callvault.sdp.description import Codec, Direction, MediaLine, SessionDescription
from callvault.sdp.reader import parse_offer, without_keys

__all__ = [
    "DECODABLE",
    "DECODABLE_WITH_CODECS",
    "Codec",
    "Crypto",
    "Decodable",
    "Direction",
    "LinePlan",
    "LocalDescription",
    "LocalMedia",
    "MediaLine",
    "NewKey",
    "SessionDescription",
    "Transports",
    "answer",
    "check_recordable",
    "chosen_by",
    "g711_first",
    "own_offer",
    "parse_offer",
    "plan",
    "read_crypto",
    "without_keys",
]
