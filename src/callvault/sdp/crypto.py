"""Keys of SRTP in SDP: `a=crypto` lines read, chosen and written (RFC 4568).

A line that asks for what cannot be honoured is as if it were not there (section 6.3.7): another
line of the same offer may do.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callvault.srtp import SUITES, Context, MasterKey

OWN_SUITES = (
    "AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)
"""What an offer of ours lists, best first; the fourth is the one that all must have."""

NewKey = Callable[[int], bytes]
"""Returns so many random bytes."""

MAX_LINE = 1024
_MAX_KEYS = 8  # of one line, told apart by MKIs
_MAX_MKI_BYTES = 128  # RFC 4568, section 6.1
_MAX_LIFETIME = 2**48  # packets under one master key (RFC 3711, section 9.2)
_LINE = re.compile(r"(\d{1,9})\s+([A-Za-z0-9_]{1,64})\s+(\S+)((?:\s+\S+)*)")
_KEY = re.compile(r"inline:([A-Za-z0-9+/]{16,128}={0,2})((?:\|[0-9^:]{1,24}){0,2})", re.IGNORECASE)
_LIFETIME = re.compile(r"(2\^)?(\d{1,15})")
_MKI = re.compile(r"(\d{1,40}):(\d{1,3})")
# A window size is a hint, and ours is wider than any that can be asked for. All else (packets in
# clear, without authentication, key derivation rates, FEC) changes what packets mean.
_HONOURED = re.compile(r"-.*|WSH=\d{1,6}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Crypto:
    """One `a=crypto` line: which of the peer's or ours it is, and what it makes known."""

    tag: int
    context: Context

    def line(self) -> str:
        """Return the attribute as we send it; ours never carries more than one key."""
        secret = base64.b64encode(self.context.keys[0].secret).decode("ascii")
        return f"a=crypto:{self.tag} {self.context.suite} inline:{secret}"


def read_crypto(text: str) -> Crypto | None:
    """Read what stands behind `a=crypto:`; None if it is of no use to us."""
    found = _LINE.fullmatch(text.strip()) if len(text) <= MAX_LINE else None
    suite = SUITES.get(found[2].upper()) if found else None
    if found is None or suite is None:
        return None
    if not all(_HONOURED.fullmatch(one) for one in found[4].split()):
        return None
    texts = found[3].split(";")
    keys = [_key(one, suite.master_bytes) for one in texts[:_MAX_KEYS]]
    read = tuple(key for key in keys if key is not None)
    if len(read) < len(texts) or len({len(key.mki) for key in read}) != 1:
        return None
    if len({key.mki for key in read}) < len(read):
        return None  # two keys, and nothing to tell them apart by
    return Crypto(int(found[1]), Context(suite.name, read))


def answer_to(offered: Crypto, previous: Sequence[Crypto], new_key: NewKey) -> Crypto:
    """Return our line for the one that was chosen: same tag, same suite, a key of our own.

    A repeated offer gets the key that it got before.
    """
    for one in previous:
        if (one.tag, one.context.suite) == (offered.tag, offered.context.suite):
            return one
    return own_line(offered.tag, offered.context.suite, new_key)


def own_lines(new_key: NewKey) -> tuple[Crypto, ...]:
    """Return the lines of an offer of ours, each with a key of its own."""
    return tuple(own_line(tag, suite, new_key) for tag, suite in enumerate(OWN_SUITES, start=1))


def own_line(tag: int, suite: str, new_key: NewKey) -> Crypto:
    """Return a line with a fresh key."""
    return Crypto(tag, Context(suite, (MasterKey(new_key(SUITES[suite].master_bytes)),)))


def chosen_by(answered: Sequence[Crypto], offered: Sequence[Crypto]) -> Crypto | None:
    """Return the line of an answer that fits one that we offered (RFC 4568, section 5.1.3)."""
    known = {(one.tag, one.context.suite) for one in offered}
    return next((one for one in answered if (one.tag, one.context.suite) in known), None)


def _key(text: str, size: int) -> MasterKey | None:
    """Read `inline:<key and salt>[|lifetime][|MKI:length]`."""
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    try:
        # Padding is left out by some; what stands for the length is the suite.
        secret = base64.b64decode(found[1].rstrip("=") + "==")
    except binascii.Error:
        return None
    mki = b""
    for field in found[2].split("|")[1:]:
        read = _mki(field) if ":" in field else (b"" if _is_lifetime(field) else None)
        if read is None:
            return None
        mki = read or mki
    return MasterKey(secret, mki) if len(secret) == size else None


def _mki(text: str) -> bytes | None:
    found = _MKI.fullmatch(text)
    size = int(found[2]) if found else 0
    if found is None or not 1 <= size <= _MAX_MKI_BYTES:
        return None
    value = int(found[1])
    return value.to_bytes(size) if value < 1 << 8 * size else None


def _is_lifetime(text: str) -> bool:
    found = _LIFETIME.fullmatch(text)
    if found is None:
        return False
    number = int(found[2])
    packets = 2 ** min(number, 64) if found[1] else number
    return 0 < packets <= _MAX_LIFETIME
