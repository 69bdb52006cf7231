"""Certificate signing requests (RFC 2986): a key made here, which an authority vouches for.

The key waits in the key folder, apart from those in use, until the signed certificate comes:

    <key folder>/requests/NAME.key.pem    mode 0600
    <key folder>/requests/NAME.csr.pem    what is sent to the authority
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from callvault.errors import VaultError
from callvault.vault.certificates import (
    Certificate,
    KeyKind,
    PrivateKey,
    belong_together,
    key_usage_of,
    new_key,
)
from callvault.vault.key_files import changing, make_folder, write_file
from callvault.vault.keyring import check_name
from callvault.vault.protection import decode_key, encode_key

FOLDER = "requests"
MOST_WAITING = 20
_KEY, _REQUEST = ".key.pem", ".csr.pem"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the certificate will be for; empty parts are left out."""

    common_name: str
    organisation: str = ""
    unit: str = ""
    country: str = ""  # two letters


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request whose certificate has not come yet."""

    name: str
    subject: str  # RFC 4514
    pem: bytes
    key: PrivateKey


def make_request(folder: Path, name: str, subject: Subject, *, kind: KeyKind) -> bytes:
    """Make a key and keep it; return the request as PEM.

    Raises VaultError for a name that is taken, a subject that cannot be, or too many that wait.
    """
    check_name(name)
    there = folder / FOLDER
    make_folder(there)
    if (there / (name + _KEY)).exists():
        raise _refused(f"a request named {name!r} waits already")
    if len(list(there.glob("*" + _KEY))) >= MOST_WAITING:
        raise _refused(f"{MOST_WAITING} requests wait; remove one first")
    key = new_key(kind)
    request = _signed(subject, key, kind)
    with changing(folder):
        write_file(there / (name + _KEY), encode_key(folder, key))  # first: a request needs its key
        write_file(there / (name + _REQUEST), request)
    return request


def waiting(folder: Path) -> Iterator[Waiting]:
    """Return the requests that wait. One that cannot be read is left out."""
    for path in sorted((folder / FOLDER).glob("*" + _REQUEST)):
        name = path.name.removesuffix(_REQUEST)
        try:
            pem = path.read_bytes()
            subject = x509.load_pem_x509_csr(pem).subject.rfc4514_string()
            key = decode_key(folder, path.with_name(name + _KEY).read_bytes())
        except (OSError, ValueError, VaultError):
            continue
        yield Waiting(name, subject, pem, key)


def key_for(folder: Path, certificate: Certificate) -> Waiting | None:
    """Return the request that a certificate answers; None: it answers none."""
    return next((one for one in waiting(folder) if belong_together(certificate, one.key)), None)


def forget_request(folder: Path, name: str) -> None:
    """Remove a request and its key: a certificate for it would be of no use any more."""
    check_name(name)
    for suffix in (_REQUEST, _KEY):
        (folder / FOLDER / (name + suffix)).unlink(missing_ok=True)


def _signed(subject: Subject, key: PrivateKey, kind: KeyKind) -> bytes:
    parts = (
        (NameOID.COUNTRY_NAME, subject.country.upper()),
        (NameOID.ORGANIZATION_NAME, subject.organisation),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, subject.unit),
        (NameOID.COMMON_NAME, subject.common_name),
    )
    try:
        name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        builder = builder.add_extension(key_usage_of(kind), critical=True)
        request = builder.sign(key, hashes.SHA256())
    except ValueError as error:
        raise _refused(f"the subject cannot be used: {error}") from error
    return request.public_bytes(serialization.Encoding.PEM)


def _refused(message: str) -> VaultError:
    error = VaultError(message)
    error.permanent = True
    return error
