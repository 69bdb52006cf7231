"""Secrets of a backup, sealed under a passphrase; the same passphrase vouches for the manifest.

scrypt (RFC 7914, N = 2^17, r = 8, p = 1) makes 64 bytes of the passphrase and a salt: the first
half seals by AES-256-GCM, the second is the key of an HMAC. The cost is fixed by the format, so
that no file makes a reader work longer.
"""

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from callvault.errors import BackupRefused

MAGIC = b"CVSECRET1\n"
SALT_BYTES, NONCE_BYTES = 16, 12
_COST = 2**17
SHORTEST = 12  # characters: whoever has the file tries as often as he likes


class Sealer:
    """Seals with one passphrase and salt."""

    def __init__(self, passphrase: bytes, salt: bytes | None = None) -> None:
        """Derive the keys: that takes a third of a second and 128 MB, on purpose."""
        self.salt = salt or os.urandom(SALT_BYTES)
        derived = Scrypt(salt=self.salt, length=64, n=_COST, r=8, p=1).derive(passphrase)
        self._cipher, self._mac_key = AESGCM(derived[:32]), derived[32:]

    def seal(self, secrets: Mapping[str, bytes]) -> bytes:
        """Return files by their names, sealed."""
        plain = {name: b64encode(data).decode() for name, data in secrets.items()}
        nonce = os.urandom(NONCE_BYTES)
        return MAGIC + self.salt + nonce + self._cipher.encrypt(
            nonce, msgspec.json.encode(plain), MAGIC
        )  # fmt: skip

    def tag(self, manifest: bytes) -> str:
        """Return the tag of a manifest, hex."""
        return hmac.digest(self._mac_key, manifest, "sha256").hex()

    def unseal(self, sealed: bytes) -> dict[str, bytes]:
        """Return what was sealed. Raises BackupRefused."""
        body = sealed[len(MAGIC) + SALT_BYTES :]
        try:
            plain = self._cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], MAGIC)
            named = msgspec.json.decode(plain, type=dict[str, str])
            return {name: b64decode(text, validate=True) for name, text in named.items()}
        except InvalidTag:
            raise BackupRefused("the passphrase is not the one of this backup") from None
        except (ValueError, msgspec.DecodeError):
            raise BackupRefused("the backup is damaged: its secrets cannot be read") from None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the passphrase opened: secret files by their names; and who proves the rest."""

    files: Mapping[str, bytes]


def open_secrets(sealed: bytes, passphrase: bytes, *, manifest: bytes, tag: str) -> Opened:
    """Open the secrets, and check that the passphrase vouches for the manifest, too.

    Raises BackupRefused for another passphrase, and for a manifest that was changed.
    """
    if not sealed.startswith(MAGIC) or len(sealed) < len(MAGIC) + SALT_BYTES + NONCE_BYTES + 16:
        raise BackupRefused("the backup is damaged: its secrets cannot be read")
    sealer = Sealer(passphrase, sealed[len(MAGIC) : len(MAGIC) + SALT_BYTES])
    files = sealer.unseal(sealed)
    if not hmac.compare_digest(sealer.tag(manifest), tag):
        raise BackupRefused("the backup was changed after it was made: its tag is another one")
    return Opened(files)
