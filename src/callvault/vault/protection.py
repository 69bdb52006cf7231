"""What protects the private keys of certificates at rest: nothing but their mode, or a passphrase.

    <key folder>/protection    where the passphrase is, one place a line, the one in use first:
                               "file /etc/callvault/key-passphrase", "credential callvault-keys"

A key file is encrypted PKCS #8 under that passphrase, which `openssl pkey` opens, too. The file
that says where the passphrase is lies beside the keys, so every program finds it; the passphrase
lies elsewhere. A change that was interrupted leaves all keys usable: places are named until the
last key has left them.
"""

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from callvault.errors import VaultError
from callvault.vault.certificates import PrivateKey, load_private_key, private_key_pem
from callvault.vault.key_files import changing, write_file

FILE = "protection"
VARIABLE = "CALLVAULT_KEY_PASSPHRASE_FILE"
"""Names a file with the passphrase for a command by hand, where the place of the line is not."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)
SHORTEST = 32
LONGEST = 1024
MOST_SOURCES = 8
_KEYS = ("archive", "ingest", "requests")
_CREDENTIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_MARK = b"BEGIN ENCRYPTED PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a passphrase is."""

    kind: str  # file, credential
    name: str  # path, or name of the credential

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def path(self) -> Path | None:
        """Return the file that holds it; None: not in this process."""
        if self.kind == "file":
            return Path(self.name)
        folder = os.environ.get(CREDENTIALS, "")
        return Path(folder) / self.name if folder else None


def file_source(path: Path) -> Source:
    """Return the source that a file is. Raises VaultError for a path that no line can hold."""
    text = str(path)
    if not path.is_absolute() or "\n" in text:
        raise _refused(f"passphrase file {text!r}, allowed: an absolute path")
    return Source("file", text)


def credential_source(name: str) -> Source:
    """Return the source that a credential of systemd is."""
    if not _CREDENTIAL.fullmatch(name):
        raise _refused(f"credential {name!r}, allowed: letters, digits, dot, hyphen, underscore")
    return Source("credential", name)


def new_passphrase() -> str:
    """Draw a passphrase that nobody guesses."""
    return secrets.token_urlsafe(48)


def sources(folder: Path) -> tuple[Source, ...]:
    """Return where passphrases of a key folder are; none: new keys are not encrypted."""
    path = folder / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"{path} cannot be read: {error}") from error
    found = []
    for line in lines[:MOST_SOURCES]:
        kind, _, name = line.partition(" ")
        if kind == "file":
            found.append(file_source(Path(name)))
        elif kind == "credential":
            found.append(credential_source(name))
        else:
            raise _refused(f"{path} says {line!r}, allowed: file PATH, credential NAME")
    return tuple(found)


def passphrase_of(source: Source) -> bytes:
    """Return the passphrase. Raises VaultError saying why it cannot be had."""
    path = source.path()
    if path is None or (source.kind == "credential" and not path.exists()):
        named = os.environ.get(VARIABLE, "")
        if not named:
            raise _refused(f"{source} is not here: it comes from systemd, or {VARIABLE} names it")
        path = Path(named)
    try:
        with path.open("rb") as file:
            passphrase = file.read(LONGEST + 1).rstrip(b"\r\n")
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror}") from error
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise _refused(f"{path} has {len(passphrase)} bytes, allowed: {SHORTEST} to {LONGEST}")
    return passphrase


def is_encrypted(data: bytes) -> bool:
    """Whether a key file needs a passphrase."""
    return _MARK in data


def encode_key(folder: Path, key: PrivateKey) -> bytes:
    """Return the bytes of a key's file, as the key folder protects keys. Raises VaultError."""
    known = sources(folder)
    return _encrypted(key, passphrase_of(known[0])) if known else private_key_pem(key)


def decode_key(folder: Path, data: bytes) -> PrivateKey:
    """Read a key file of the key folder. Raises VaultError."""
    if not is_encrypted(data):
        return load_private_key(data)
    known, problem = sources(folder), "nothing says where its passphrase is"
    for source in known:
        try:
            return load_private_key(data, password=passphrase_of(source))
        except VaultError as error:
            problem = str(error)
    raise _refused(f"a private key is encrypted, and {problem}")


def key_files(folder: Path) -> Iterator[Path]:
    """Return the files that are protected: keys of certificates, and of those asked for."""
    for name in _KEYS:
        yield from sorted((folder / name).glob("*.key.pem"))


@dataclass(frozen=True, slots=True)
class State:
    """How the private keys of a key folder lie there."""

    plain: int  # whoever reads the file has the key
    encrypted: int
    locked: int  # of them, those whose passphrase cannot be had here now
    places: tuple[Source, ...]  # of passphrases

    @property
    def total(self) -> int:
        """How many keys there are."""
        return self.plain + self.encrypted


def state_of(folder: Path) -> State:
    """Look at all key files. Raises VaultError."""
    plain = encrypted = locked = 0
    for path in key_files(folder):
        data = path.read_bytes()
        if not is_encrypted(data):
            plain += 1
            continue
        encrypted += 1
        try:
            decode_key(folder, data)
        except VaultError:
            locked += 1
    return State(plain, encrypted, locked, sources(folder))


def protect(folder: Path, source: Source) -> int:
    """Encrypt all keys under another passphrase; return how many. Raises VaultError.

    Both passphrases stay named until the last key has the new one, and all are read again then.
    """
    passphrase = passphrase_of(source)
    with changing(folder):
        old = sources(folder)
        keys = {path: decode_key(folder, path.read_bytes()) for path in key_files(folder)}
        _say(folder, (source, *(one for one in old if one != source)))
        for path, key in keys.items():
            write_file(path, _encrypted(key, passphrase))
        for path in key_files(folder):
            load_private_key(path.read_bytes(), password=passphrase)
        _remove_drafts(folder)
        _say(folder, (source,))
    return len(keys)


def unprotect(folder: Path) -> int:
    """Write all keys without encryption; return how many. Raises VaultError, nothing done."""
    with changing(folder):
        keys = {path: decode_key(folder, path.read_bytes()) for path in key_files(folder)}
        for path, key in keys.items():
            write_file(path, private_key_pem(key))
        (folder / FILE).unlink(missing_ok=True)
    return len(keys)


def places_to_watch(folder: Path) -> Iterator[Path]:
    """Return the files that decide whether encrypted keys open, besides the keys."""
    yield folder / FILE
    try:
        found = [source.path() for source in sources(folder)]
    except VaultError:
        return
    yield from (path for path in found if path is not None)


def _remove_drafts(folder: Path) -> None:
    """Remove what a program left that died while it wrote a key: it may be in clear."""
    for name in _KEYS:
        for draft in (folder / name).glob(".*.key.pem.*"):
            draft.unlink(missing_ok=True)


def _say(folder: Path, said: Sequence[Source]) -> None:
    write_file(folder / FILE, "".join(f"{one}\n" for one in said).encode())


def _encrypted(key: PrivateKey, passphrase: bytes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )


def _refused(message: str) -> VaultError:
    error = VaultError(message)
    error.permanent = True
    return error
