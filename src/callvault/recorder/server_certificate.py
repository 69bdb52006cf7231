"""The certificate that TLS begins with, of SIP or the portal: self-signed, made if missing."""

import os
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 3650


def ensure_server_certificate(
    certificate: Path,
    key: Path,
    *,
    node: str,
    addresses: tuple[str, ...],
    now: datetime,
    names: tuple[str, ...] = (),
) -> bool:
    """Make certificate and key unless one of them is there; return whether they were made.

    It names the node, the addresses, and further `names` of DNS.

    A lonely certificate or key is left alone: whoever put it there means to bring the other.
    Raises OSError.
    """
    if certificate.exists() or key.exists():
        return False
    private = ec.generate_private_key(ec.SECP256R1())
    made = _self_signed(private, names=(node, *names), addresses=addresses, now=now)
    form = serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    _put(key, pem, mode=0o600)  # first: a certificate without its key would stay so
    _put(certificate, made.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return True


def expires_at(certificate: Path) -> datetime:
    """Return until when the certificate in a file is valid. Raises OSError, ValueError."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def _self_signed(
    private: ec.EllipticCurvePrivateKey,
    *,
    names: tuple[str, ...],
    addresses: tuple[str, ...],
    now: datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    known_by: list[x509.GeneralName] = [x509.DNSName(one) for one in dict.fromkeys(names)]
    known_by += [x509.IPAddress(ip_address(one)) for one in addresses]
    # Both uses: the same certificate is shown when a connection is ours to make.
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(known_by), critical=False)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )


def _put(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
