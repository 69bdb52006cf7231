"""Seals short secrets that the database keeps: client secrets, keys of authenticator apps.

The key is derived from the portal's secret key, which lies in a file beside the database and
never in it: a copy of the database alone tells nothing.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from callvault.errors import VaultError

PREFIX = "v1."
NONCE_BYTES = 12


def seal(secret: str, *, purpose: str) -> str:
    """Return the secret as text that only this portal opens, and only for this purpose."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = _cipher().encrypt(nonce, secret.encode(), purpose.encode())
    return PREFIX + urlsafe_b64encode(nonce + sealed).decode("ascii")


def unseal(sealed: str, *, purpose: str) -> str:
    """Return the secret. Raises VaultError if it was sealed with another key or purpose."""
    try:
        raw = urlsafe_b64decode(sealed.removeprefix(PREFIX).encode("ascii"))
        opened = _cipher().decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode())
    except (ValueError, InvalidTag) as broken:
        raise VaultError("a sealed secret does not open with this portal's key") from broken
    return opened.decode()


def _cipher() -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"callvault portal sealed secrets")
    return AESGCM(derived.derive(settings.SECRET_KEY.encode()))
