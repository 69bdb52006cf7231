"""What is kept of a digest password: two hashes, one an algorithm that SIP knows (RFC 8760).

They are as good as the password for this realm, so that they are treated as one: never shown,
never logged, never in the audit log.
"""

import hashlib
from dataclasses import dataclass

from callvault.policy.snapshot import DIGEST_REALM


@dataclass(frozen=True, slots=True)
class DigestHashes:
    """Hex of H(user:realm:password) (RFC 7616, section 3.4.2)."""

    md5: str
    sha256: str


def digest_hashes(user: str, password: str) -> DigestHashes:
    """Return what a challenge of our realm is checked against."""
    secret = f"{user}:{DIGEST_REALM}:{password}".encode()
    return DigestHashes(
        # Most clients know only MD5; RFC 8760 asks to offer SHA-256 beside it.
        md5=hashlib.md5(secret, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(secret).hexdigest(),
    )
