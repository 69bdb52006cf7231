"""Certificates to which keys are sealed: made, read, checked and described.

Journals and recordings are sealed to the public key of X.509 certificates (RSA or EC). Whether a
certificate is trusted by anyone plays no part: it names a key, and the organisation chose it.
Where certificates and private keys lie is the keyring's business.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from callvault.errors import VaultError

MAX_FILE_BYTES = 65_536
SMALLEST_RSA_BITS = 2048
LARGEST_RSA_BITS = 8192
SELF_SIGNED_VALID_DAYS = 3650

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# What reading a certificate raises, here or when a part of it is looked at first.
_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
_CURVE_NAMES = {"secp256r1": "EC P-256", "secp384r1": "EC P-384", "secp521r1": "EC P-521"}


class KeyKind(StrEnum):
    """Kinds of key that a self-signed certificate is made with."""

    RSA = "rsa"  # 3072 bits
    EC = "ec"  # P-256


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """What people need to recognise a certificate. Holds no key."""

    subject: str  # RFC 4514: "CN=Callvault archive 1,O=Northgate Mutual"
    sha256: str  # fingerprint of the DER form, 64 hex digits, lower case
    not_before: datetime  # aware UTC
    not_after: datetime  # aware UTC
    key_kind: str  # "RSA 3072", "EC P-256"
    self_signed: bool

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as people compare it: "4F:9A:11:…"."""
        return ":".join(self.sha256[i : i + 2].upper() for i in range(0, 64, 2))

    def __str__(self) -> str:
        return f"{self.subject} (SHA-256 {self.fingerprint})"


class Certificate:
    """A certificate that keys can be sealed to; immutable.

    `issuer` (DER) and `serial_number` are how an envelope names it (RFC 5652, section 10.2.4).
    """

    __slots__ = ("info", "issuer", "public_key", "serial_number", "x509")

    def __init__(self, certificate: x509.Certificate) -> None:
        self.x509 = certificate
        self.public_key = _usable_public_key(certificate)
        self.issuer = certificate.issuer.public_bytes()
        self.serial_number = certificate.serial_number
        self.info = _describe(certificate, self.public_key)

    def to_pem(self) -> bytes:
        """Return the certificate as PEM text."""
        return self.x509.public_bytes(serialization.Encoding.PEM)

    def to_der(self) -> bytes:
        """Return the certificate as DER."""
        return self.x509.public_bytes(serialization.Encoding.DER)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.x509 == other.x509

    def __hash__(self) -> int:
        return hash(self.x509)

    def __repr__(self) -> str:
        return f"<Certificate {self.info}>"


def make_self_signed(
    common_name: str, *, kind: KeyKind, now: datetime
) -> tuple[Certificate, PrivateKey]:
    """Make a key pair and a certificate for it that nobody else vouches for.

    Valid from an hour before `now` (clocks of other nodes may be behind) for ten years.
    """
    key = new_key(kind)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage_of(kind), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(certificate), key


def load_certificate(data: bytes) -> Certificate:
    """Read a certificate, PEM (the first one in the file) or DER.

    Raises VaultError saying what is wrong: not a certificate, or a key that cannot be used.
    """
    _check_size(data, what="certificate")
    load = (
        x509.load_pem_x509_certificate if b"-----BEGIN" in data else x509.load_der_x509_certificate
    )
    try:
        return Certificate(load(data))
    except _UNREADABLE as error:
        raise _refused("this is not an X.509 certificate in PEM or DER form") from error


def load_private_key(data: bytes, *, password: bytes | None = None) -> PrivateKey:
    """Read a private key, PEM or DER (PKCS #8 or traditional). Raises VaultError."""
    _check_size(data, what="private key")
    pem = b"-----BEGIN" in data
    load = serialization.load_pem_private_key if pem else serialization.load_der_private_key
    try:
        key = load(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _refused("this is not a private key, or its password is another one") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _refused("the private key is neither RSA nor EC")
    return key


def load_pfx(data: bytes, *, password: bytes | None) -> tuple[Certificate, PrivateKey]:
    """Read a certificate with its private key from a PFX file (PKCS #12). Raises VaultError."""
    _check_size(data, what="PFX file")
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("this is not a PFX file, or its password is another one") from error
    if certificate is None:
        raise _refused("the PFX file holds no certificate")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _refused("the PFX file holds no RSA or EC private key")
    return Certificate(certificate), key


def private_key_pem(key: PrivateKey) -> bytes:
    """Return a private key as unencrypted PKCS #8 PEM; the caller guards the file's mode."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def belong_together(certificate: Certificate, key: PrivateKey) -> bool:
    """Whether `key` is the private half of the certificate's key."""
    return bool(certificate.public_key == key.public_key())


def _usable_public_key(certificate: x509.Certificate) -> PublicKey:
    """Return the key if keys can be sealed to it. Raises VaultError."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("the certificate's key is of an unknown kind, allowed: RSA, EC") from error
    if isinstance(key, rsa.RSAPublicKey):
        if not SMALLEST_RSA_BITS <= key.key_size <= LARGEST_RSA_BITS:
            raise _refused(
                f"the certificate's RSA key has {key.key_size} bits,"
                f" allowed: {SMALLEST_RSA_BITS} to {LARGEST_RSA_BITS}"
            )
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVE_NAMES:
            raise _refused(
                f"the certificate's curve is {key.curve.name}, allowed: P-256, P-384, P-521"
            )
    else:
        raise _refused("the certificate's key is of another kind, allowed: RSA, EC")
    _check_usage(certificate, key)
    return key


def _check_usage(certificate: x509.Certificate, key: PublicKey) -> None:
    """Refuse a certificate whose key usage excludes encryption.

    RFC 5652 leaves the meaning to RFC 5280, section 4.2.1.3: RSA needs keyEncipherment, EC needs
    keyAgreement. Without the extension every use is allowed.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    except _UNREADABLE as error:
        raise _refused("the certificate's extensions cannot be read") from error
    if isinstance(key, rsa.RSAPublicKey) and not usage.key_encipherment:
        raise _refused("the certificate's key usage lacks key encipherment")
    if isinstance(key, ec.EllipticCurvePublicKey) and not usage.key_agreement:
        raise _refused("the certificate's key usage lacks key agreement")


def _describe(certificate: x509.Certificate, key: PublicKey) -> CertificateInfo:
    if isinstance(key, rsa.RSAPublicKey):
        key_kind = f"RSA {key.key_size}"
    else:
        key_kind = _CURVE_NAMES[key.curve.name]
    return CertificateInfo(
        subject=certificate.subject.rfc4514_string(),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_kind=key_kind,
        self_signed=_is_self_signed(certificate),
    )


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (TypeError, InvalidSignature, *_UNREADABLE):
        return False
    return True


def new_key(kind: KeyKind) -> PrivateKey:
    """Make a private key."""
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return ec.generate_private_key(ec.SECP256R1())


def key_usage_of(kind: KeyKind) -> x509.KeyUsage:
    """Return what a key of this kind is for: to seal other keys to it."""
    return _key_usage(key_encipherment=kind is KeyKind.RSA, key_agreement=kind is KeyKind.EC)


def _key_usage(*, key_encipherment: bool, key_agreement: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _check_size(data: bytes, *, what: str) -> None:
    if len(data) > MAX_FILE_BYTES:
        raise _refused(f"the {what} has {len(data)} bytes, allowed: at most {MAX_FILE_BYTES}")


def _refused(message: str) -> VaultError:
    error = VaultError(message)
    error.permanent = True
    return error
