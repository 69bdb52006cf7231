"""A certificate authority for tests: certificates with the names and lifetimes they want."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from callvault.sip.tls_context import ClientCertificate, TlsFiles


@dataclass
class Authority:
    """Signs certificates and puts them into a folder."""

    folder: Path
    name: str = "Test authority"
    days: int = 60
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        subject = _common_name(self.name)
        certificate = _builder(subject, subject, self._key.public_key(), self.days)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        signed = certificate.add_extension(constraints, critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.file = self.folder / "authority.crt"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        dns: tuple[str, ...] = (),
        uris: tuple[str, ...] = (),
        addresses: tuple[str, ...] = (),
        file: str = "",
        trusts_peers: bool = True,
        client_certificate: ClientCertificate = "off",
    ) -> TlsFiles:
        """Sign a certificate; return it with its key, and this authority as the one trusted."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_common_name(name), _common_name(self.name), key.public_key(), self.days)
        names: list[x509.GeneralName] = [x509.DNSName(one) for one in dns]
        names += [x509.UniformResourceIdentifier(one) for one in uris]
        names += [x509.IPAddress(ip_address(one)) for one in addresses]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        stem = self.folder / (file or name)
        crt, pem = stem.with_suffix(".crt"), stem.with_suffix(".key")
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return TlsFiles(crt, pem, self.file if trusts_peers else None, client_certificate)


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )
