"""The crypto suites of SDES (RFC 4568, section 6.2; RFC 6188; RFC 7714), and keys for them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Suite:
    """One crypto suite as its registration describes it. Lengths are in bytes."""

    name: str
    key_bytes: int
    salt_bytes: int
    tag_bytes: int  # of RTP
    rtcp_tag_bytes: int = 10  # the short tag is for RTP alone (RFC 4568, section 6.2.2)
    is_aead: bool = False

    @property
    def master_bytes(self) -> int:
        """Length of master key and master salt together, as `inline:` carries them."""
        return self.key_bytes + self.salt_bytes


SUITES = {
    suite.name: suite
    for suite in (
        Suite("AES_CM_128_HMAC_SHA1_80", 16, 14, 10),
        Suite("AES_CM_128_HMAC_SHA1_32", 16, 14, 4),
        Suite("AES_192_CM_HMAC_SHA1_80", 24, 14, 10),
        Suite("AES_192_CM_HMAC_SHA1_32", 24, 14, 4),
        Suite("AES_256_CM_HMAC_SHA1_80", 32, 14, 10),
        Suite("AES_256_CM_HMAC_SHA1_32", 32, 14, 4),
        Suite("AEAD_AES_128_GCM", 16, 12, 16, 16, is_aead=True),
        Suite("AEAD_AES_256_GCM", 32, 12, 16, 16, is_aead=True),
    )
}
"""By their names in SDP."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Master key and master salt, joined, and the MKI that packets name them by, if any."""

    secret: bytes = field(repr=False)
    mki: bytes = b""


@dataclass(frozen=True, slots=True)
class Context:
    """What it takes to open a stream: the suite, and its keys, more than one only with MKIs."""

    suite: str
    keys: tuple[MasterKey, ...]
