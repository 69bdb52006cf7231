"""The key that signs the audit log's chain, beside the certificates in the key folder.

    <key folder>/audit/audit-1.key.pem   Ed25519 private key (mode 0600), where workers run
    <key folder>/audit/NAME.pub.pem      public keys: statements signed with them are believed

Made at the first start. Whoever verifies elsewhere needs the public file only. Old public keys
stay, so that what they signed still counts.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from callvault.errors import VaultError

FOLDER = "audit"
NAME = "audit-1"
PRIVATE_SUFFIX, PUBLIC_SUFFIX = ".key.pem", ".pub.pem"
_MAX_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class AuditKey:
    """The private key, and how it is called in what it signed."""

    private: Ed25519PrivateKey
    fingerprint: str

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes (RFC 8032, section 5.1.6)."""
        return self.private.sign(message)


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Public keys by fingerprint: SHA-256 over the 32 bytes of the key, hex."""

    keys: Mapping[str, Ed25519PublicKey]

    def __contains__(self, fingerprint: object) -> bool:
        return fingerprint in self.keys

    def verifies(self, fingerprint: str, signature: bytes, message: bytes) -> bool:
        """Whether the key with this fingerprint made this signature."""
        try:
            self.keys[fingerprint].verify(signature, message)
        except (KeyError, InvalidSignature):
            return False
        return True


def audit_key(folder: Path) -> AuditKey:
    """Return the private key of the key folder; make it if there is none.

    Raises VaultError if the file is no such key, OSError if it cannot be read or made.
    """
    path = folder / FOLDER / (NAME + PRIVATE_SUFFIX)
    if not path.exists():
        _make(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key(path) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_key(path)
    public = path.with_name(NAME + PUBLIC_SUFFIX)
    if not public.exists():
        _place(public, _public_pem(private.public_key()))
    return AuditKey(private, fingerprint_of(private.public_key()))


def audit_keys(folder: Path) -> AuditKeys:
    """Return the public keys of a key folder; none where there is no such folder."""
    return read_audit_keys(*sorted((folder / FOLDER).glob("*" + PUBLIC_SUFFIX)))


def read_audit_keys(*files: Path) -> AuditKeys:
    """Return the public keys in these PEM files. Raises VaultError for what is none."""
    found = {}
    for path in files:
        try:
            with path.open("rb") as file:
                key = serialization.load_pem_public_key(file.read(_MAX_BYTES))
        except (ValueError, UnsupportedAlgorithm):
            raise _no_key(path) from None
        except OSError as error:
            raise VaultError(f"{path} cannot be read: {error.strerror}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise _no_key(path)
        found[fingerprint_of(key)] = key
    return AuditKeys(found)


def fingerprint_of(key: Ed25519PublicKey) -> str:
    """Return how a key is called in what it signed."""
    return sha256(key.public_bytes_raw()).hexdigest()


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _place(path, pem)


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _place(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, whole or not at all; of two that try at once the first stays."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _no_key(path: Path) -> VaultError:
    error = VaultError(f"{path} is not an Ed25519 key in PEM")
    error.permanent = True
    return error
