"""The key folder: which certificates new objects are sealed to, and which private keys are here.

    <key folder>/ingest/NAME.crt.pem     certificate: journals are sealed to it
    <key folder>/ingest/NAME.key.pem     its private key (mode 0600), on workers only
    <key folder>/archive/NAME.crt.pem    certificate: recordings are sealed to it
    <key folder>/archive/NAME.key.pem    its private key, where people play, or nowhere here
    <key folder>/<role>/current          names in use for new objects, one a line
    <key folder>/protection              where the passphrase of private keys is (`protection`)

Certificates not named in `current` stay, so that what they sealed still opens. Without the file a
single certificate is the current one; several are refused, since nobody said which.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from callvault import clock
from callvault.errors import VaultError
from callvault.vault.certificates import (
    MAX_FILE_BYTES,
    Certificate,
    KeyKind,
    PrivateKey,
    belong_together,
    load_certificate,
    make_self_signed,
)
from callvault.vault.key_files import changing, make_folder, write_file
from callvault.vault.protection import decode_key, encode_key, is_encrypted

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_CERTIFICATE_SUFFIX = ".crt.pem"
_KEY_SUFFIX = ".key.pem"
_CURRENT = "current"


class Role(StrEnum):
    """What is sealed to a certificate: the name of its folder."""

    INGEST = "ingest"  # journals
    ARCHIVE = "archive"  # recordings


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate of the keyring."""

    role: Role
    name: str  # of its files, without suffix
    certificate: Certificate
    private_key: PrivateKey | None
    is_current: bool
    is_encrypted: bool = False  # its key file needs a passphrase
    is_locked: bool = False  # and that cannot be had here now: there is a key, and it opens nothing


class Keyring:
    """Certificates and private keys of a node, as they lay in the folder when it was read."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._keys: dict[tuple[bytes, int], list[PrivateKey]] = {}
        for entry in self._entries:
            if entry.private_key is not None:
                name = (entry.certificate.issuer, entry.certificate.serial_number)
                self._keys.setdefault(name, []).append(entry.private_key)

    @classmethod
    def load(cls, folder: Path) -> "Keyring":
        """Read a key folder. A missing folder is an empty keyring.

        Raises VaultError naming the file that cannot be used, and why.
        """
        return cls(entry for role in Role for entry in _read_role(folder / role.value, role))

    def entries(self, role: Role | None = None) -> tuple[Entry, ...]:
        """Return all certificates, or those of one role, ordered by name."""
        return tuple(one for one in self._entries if role in (None, one.role))

    def current(self, role: Role) -> tuple[Certificate, ...]:
        """Return the certificates that new objects of `role` are sealed to.

        Raises VaultError when there is none: nothing may be sealed to nobody.
        """
        chosen = tuple(one.certificate for one in self.entries(role) if one.is_current)
        if not chosen:
            raise _refused(f"the key folder holds no current {role} certificate")
        return chosen

    def has_current(self, role: Role) -> bool:
        """Whether new objects of `role` are sealed to anybody."""
        return any(one.is_current for one in self.entries(role))

    def private_keys(self, issuer: bytes, serial_number: int) -> Sequence[PrivateKey]:
        """Return the private keys of the certificates with this issuer (DER) and number."""
        return self._keys.get((issuer, serial_number), ())


def create_first_certificates(
    folder: Path,
    *,
    node_name: str = "",
    kind: KeyKind = KeyKind.RSA,
    now: datetime | None = None,
) -> Keyring:
    """Make what is missing of the ingest and archive certificates, self-signed, with keys.

    For one machine that does everything. A role that has a certificate is left as it is, so the
    call can be repeated. Returns the keyring as it is afterwards.
    """
    moment = now or clock.read().utc
    keyring = Keyring.load(folder)
    for role in Role:
        if not keyring.entries(role):
            common_name = f"Callvault {role} {node_name}".rstrip()
            certificate, key = make_self_signed(common_name, kind=kind, now=moment)
            add_certificate(folder, role, f"{role}-1", certificate, private_key=key)
            use_certificates(folder, role, [f"{role}-1"])
    return Keyring.load(folder)


def add_certificate(
    folder: Path,
    role: Role,
    name: str,
    certificate: Certificate,
    *,
    private_key: PrivateKey | None = None,
) -> None:
    """Add a certificate, with its private key if this node may open what it seals.

    The same certificate may be added again, to bring its key. Raises VaultError for a name that
    another certificate has, and for a private key of another certificate.
    """
    check_name(name)
    if private_key is not None and not belong_together(certificate, private_key):
        raise _refused(f"the private key is not that of {certificate.info}")
    role_folder = folder / role.value
    path = role_folder / (name + _CERTIFICATE_SUFFIX)
    with changing(folder):
        make_folder(role_folder)
        if path.exists() and load_certificate(_read(path)) != certificate:
            raise _refused(f"{path.name} is the name of another certificate")
        _name_the_current(role_folder, path)
        if private_key is not None:  # first: a certificate must not be used before its key is safe
            write_file(role_folder / (name + _KEY_SUFFIX), encode_key(folder, private_key))
        write_file(path, certificate.to_pem())


def _name_the_current(role_folder: Path, added: Path) -> None:
    """Write down which certificate is in use where it was plain, before there are two of them."""
    there = list(role_folder.glob("*" + _CERTIFICATE_SUFFIX))
    if len(there) == 1 and there[0] != added and not (role_folder / _CURRENT).exists():
        name = there[0].name.removesuffix(_CERTIFICATE_SUFFIX)
        write_file(role_folder / _CURRENT, f"{name}\n".encode())


def use_certificates(folder: Path, role: Role, names: Sequence[str]) -> None:
    """Seal new objects of `role` to these certificates from the next load on."""
    role_folder = folder / role.value
    if not names:
        raise _refused(f"no {role} certificate chosen, allowed: at least one")
    for name in names:
        if not (role_folder / (name + _CERTIFICATE_SUFFIX)).exists():
            raise _refused(f"there is no {role} certificate named {name!r}")
    write_file(role_folder / _CURRENT, "".join(f"{name}\n" for name in names).encode())


def check_name(name: str) -> None:
    """Raise VaultError if files of the key folder cannot have this name."""
    if not _NAME.fullmatch(name):
        raise _refused(f"certificate name {name!r}, allowed: a-z, 0-9, hyphen, underscore")


def _read_role(role_folder: Path, role: Role) -> list[Entry]:
    paths = sorted(role_folder.glob("*" + _CERTIFICATE_SUFFIX))
    names = [path.name.removesuffix(_CERTIFICATE_SUFFIX) for path in paths]
    current = _read_current(role_folder, names)
    return [
        _read_entry(path, role, name, is_current=name in current)
        for path, name in zip(paths, names, strict=True)
    ]


def _read_current(role_folder: Path, names: Sequence[str]) -> Sequence[str]:
    path = role_folder / _CURRENT
    if path.exists():
        current = _read(path).decode(errors="replace").split()
        for name in current:
            if name not in names:
                raise _refused(f"{path} names {name!r}, but {name}{_CERTIFICATE_SUFFIX} is missing")
        return current
    if len(names) > 1:
        raise _refused(f"{path} is missing: it says which of {', '.join(names)} is in use")
    return names


def _read_entry(path: Path, role: Role, name: str, *, is_current: bool) -> Entry:
    key_path = path.with_name(name + _KEY_SUFFIX)
    try:
        certificate = load_certificate(_read(path))
        pem = _read_secret(key_path) if key_path.exists() else None
        if pem is not None and is_encrypted(pem):
            return _read_encrypted(role, name, certificate, pem, key_path, is_current=is_current)
        private_key = decode_key(path.parents[1], pem) if pem is not None else None
    except VaultError as error:
        raise _refused(f"{path}: {error}") from error
    _check_pair(certificate, private_key, key_path)
    return Entry(role, name, certificate, private_key, is_current)


def _read_encrypted(
    role: Role, name: str, certificate: Certificate, pem: bytes, key_path: Path, *, is_current: bool
) -> Entry:
    """Read an encrypted key; without its passphrase the certificate goes on sealing."""
    try:
        private_key = decode_key(key_path.parents[1], pem)
    except VaultError as error:
        logger.error("%s/%s opens nothing: %s", role, name, error)
        return Entry(role, name, certificate, None, is_current, is_encrypted=True, is_locked=True)
    _check_pair(certificate, private_key, key_path)
    return Entry(role, name, certificate, private_key, is_current, is_encrypted=True)


def _check_pair(certificate: Certificate, key: PrivateKey | None, key_path: Path) -> None:
    if key is not None and not belong_together(certificate, key):
        name = key_path.name.removesuffix(_KEY_SUFFIX) + _CERTIFICATE_SUFFIX
        raise _refused(f"{key_path} is not the private key of {name}")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _read_secret(path: Path) -> bytes:
    mode = path.stat().st_mode & 0o777
    if mode & 0o007:
        raise _refused(f"{path.name} has mode {mode:04o}, so everyone may use it: chmod 600")
    return _read(path)


def _refused(message: str) -> VaultError:
    error = VaultError(message)
    error.permanent = True
    return error
