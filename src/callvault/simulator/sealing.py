"""SRTP of a simulated call: keys told in its offers, and packets sealed under them.

Sealed with libsrtp where it has the suite, and so not by the code that opens what was recorded:
a fault there cannot hide itself.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pylibsrtp import Policy, Session

from callvault.srtp import SUITES, Protection

_RTP_HEADER_BYTES = 12  # of what `media` writes
_PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}

Seal = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class SealedStream:
    """One stream's key: as told, and at work."""

    suite: str
    told: bytes
    seal: Seal

    @property
    def line(self) -> str:
        """The attribute that tells it (RFC 4568)."""
        return f"a=crypto:1 {self.suite} inline:{base64.b64encode(self.told).decode('ascii')}"


class Sealing:
    """The keys of a call's streams; new ones for each time that it comes back from hold."""

    def __init__(self, suite: str, *, streams: int, rng: Random, wrong_key: bool = False) -> None:
        """`wrong_key`: seal with another key than is told, as a broken SRC does."""
        self._suite, self._rng, self._wrong_key = suite, rng, wrong_key
        self._count = streams
        self.streams = self._new_streams()

    @property
    def lines(self) -> tuple[str, ...]:
        """What the offer says of each stream."""
        return tuple(one.line for one in self.streams)

    def seal(self, stream: int, packet: bytes) -> bytes:
        """Return the packet as it goes on the wire."""
        return self.streams[stream].seal(packet)

    def change_keys(self) -> None:
        """Take new keys; the next offer tells them."""
        self.streams = self._new_streams()

    def _new_streams(self) -> tuple[SealedStream, ...]:
        return tuple(self._new_stream() for _ in range(self._count))

    def _new_stream(self) -> SealedStream:
        told = self._rng.randbytes(SUITES[self._suite].master_bytes)
        used = self._rng.randbytes(len(told)) if self._wrong_key else told
        return SealedStream(self._suite, told, _sealer(self._suite, used))


def _sealer(suite: str, secret: bytes) -> Seal:
    profile = _PROFILES.get(suite)
    if profile is None:
        return _Counting(Protection(SUITES[suite], secret)).seal
    kind = Policy.SSRC_ANY_OUTBOUND
    return Session(Policy(key=secret, ssrc_type=kind, srtp_profile=profile)).protect


class _Counting:
    """Counts the roll-overs of each source, for the suites that libsrtp's binding does not have."""

    def __init__(self, protection: Protection) -> None:
        self._protection = protection
        self._indexes: dict[bytes, int] = {}

    def seal(self, packet: bytes) -> bytes:
        """Seal the next packet of its source; a source counts without gaps."""
        ssrc, number = packet[8:12], int.from_bytes(packet[2:4])
        index = self._indexes[ssrc] + 1 if ssrc in self._indexes else number
        self._indexes[ssrc] = index
        return self._protection.seal_rtp(packet, _RTP_HEADER_BYTES, index)
