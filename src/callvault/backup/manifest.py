"""What a backup says of itself: the manifest, and who vouches for it."""

import re
from hashlib import sha256
from typing import Annotated

import msgspec

from callvault.errors import BackupRefused

FORMAT = "callvault-backup-1"
_FORMATS = re.compile(r"callvault-backup-(\d{1,6})\n?")
MAGIC = "callvault-backup"  # name of the first member
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
DATABASE, SEQUENCES, SETTINGS = "database.sqlite3", "sequences.json", "settings.toml"
SECRETS, HEAD = "secrets.sealed", "audit-head.json"
TABLES, KEYS, VAULT = "tables/", "keys/", "vault/"
LARGEST_MANIFEST = 4 * 1024 * 1024
LARGEST_SMALL = 1024 * 1024
_SMALL = re.compile(
    r"settings\.toml|sequences\.json|audit-head\.json|secrets\.sealed"
    r"|keys/(archive|ingest)/[a-z0-9][a-z0-9_-]{0,62}\.crt\.pem"
    r"|keys/audit/[a-z0-9][a-z0-9_-]{0,62}\.pub\.pem"
)
_LARGE = re.compile(r"database\.sqlite3|tables/[a-z][a-z0-9_]{0,62}")

Hex64 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**60)]


class Member(msgspec.Struct, frozen=True):
    """One member outside of the vault."""

    name: Text
    size: Count
    sha256: Hex64


class BackedUpCertificate(msgspec.Struct, frozen=True):
    """A certificate of the key folder, and whether its private key was beside it."""

    role: Text
    name: Text
    subject: Text
    fingerprint: Text
    is_current: bool
    had_key: bool


class Manifest(msgspec.Struct, frozen=True):
    """What was backed up, when, by which version, and the digest of every member."""

    format: Text
    version: Text  # of Callvault
    made_at: Text  # UTC, ISO 8601
    node: Text
    database: Text  # sqlite or postgresql
    migrations: list[Text]  # "people.0001_initial", all that the database has
    recordings: Count
    people: Count
    certificates: list[BackedUpCertificate] = []
    tables: dict[Text, list[Text]] = {}  # columns, in the order of the rows
    with_keys: bool = False
    members: list[Member] = []
    vault_objects: Count = 0
    vault_bytes: Count = 0
    vault_sha256: Hex64 = sha256().hexdigest()  # over "name\0size\0digest\n" of each, in order

    @property
    def with_recordings(self) -> bool:
        """Whether objects of the vault are in it."""
        return self.vault_objects > 0


class Signed(msgspec.Struct, frozen=True):
    """Who vouches for the manifest's bytes."""

    key: Hex64  # fingerprint of the audit key that signed
    signature: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{128}$")]
    tag: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""  # by the passphrase


def largest(name: str) -> int | None:
    """Return how many bytes a member may have, None for any; refuse a name that none has."""
    if _SMALL.fullmatch(name):
        return LARGEST_SMALL
    if _LARGE.fullmatch(name) or name.startswith(VAULT):
        return None
    if name == MANIFEST:
        return LARGEST_MANIFEST
    if name == SIGNATURE:
        return 4096
    raise BackupRefused(f"the backup is damaged: it holds {name!r}, which no backup does")


def check_format(text: bytes) -> None:
    """Read the first member. Raises BackupRefused for a newer form."""
    found = _FORMATS.fullmatch(text.decode("ascii", errors="replace"))
    if found is None:
        raise BackupRefused("this is not a backup of Callvault")
    if found[0].strip() != FORMAT:
        raise BackupRefused(
            f"the backup has the form {found[0].strip()}, and this version knows {FORMAT}: "
            "install the version that made it, or a newer one"
        )


def parse_manifest(data: bytes) -> Manifest:
    """Read the manifest. Raises BackupRefused."""
    try:
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BackupRefused("the backup is damaged: its manifest cannot be read") from None


def parse_signed(data: bytes) -> Signed:
    """Read who vouches for it. Raises BackupRefused."""
    try:
        return msgspec.json.decode(data, type=Signed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BackupRefused("the backup is damaged: its signature cannot be read") from None
