"""Certificates: made, read in each form, and refused in plain words."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import VaultError
from callvault.vault import (
    Certificate,
    CertificateInfo,
    KeyKind,
    load_certificate,
    load_pfx,
    load_private_key,
    make_self_signed,
)
from callvault.vault.certificates import belong_together, private_key_pem
from tests.vault.fakes import KeyPair

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def certificate_der(
    key: SigningKey,
    *,
    usage: x509.KeyUsage | None = None,
    signed_by: SigningKey | None = None,
) -> bytes:
    """Return a certificate as some other tool would make it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Elsewhere")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]) if signed_by else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    signer = signed_by or key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(serialization.Encoding.DER)


def only_signatures() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def test_a_self_signed_certificate_says_what_it_is(ec_pair: KeyPair) -> None:
    info = ec_pair.certificate.info
    assert info == CertificateInfo(
        subject="CN=Test archive EC",
        sha256=ec_pair.certificate.x509.fingerprint(hashes.SHA256()).hex(),
        not_before=NOW - timedelta(hours=1),
        not_after=NOW + timedelta(days=3650),
        key_kind="EC P-256",
        self_signed=True,
    )


def test_the_rsa_kind_has_3072_bits(rsa_pair: KeyPair) -> None:
    assert rsa_pair.certificate.info.key_kind == "RSA 3072"


def test_a_fingerprint_is_shown_as_people_compare_it() -> None:
    info = CertificateInfo("CN=A", "4f9a" + "00" * 30, NOW, NOW, "RSA 3072", self_signed=True)
    assert str(info) == "CN=A (SHA-256 4F:9A" + ":00" * 30 + ")"


def test_a_certificate_of_a_ca_is_not_self_signed() -> None:
    key, ca_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    info = load_certificate(certificate_der(key, signed_by=ca_key)).info
    assert (info.self_signed, info.key_kind) == (False, "EC P-384")


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_a_certificate_is_read_from_both_forms(
    encoding: serialization.Encoding, ec_pair: KeyPair
) -> None:
    data = ec_pair.certificate.x509.public_bytes(encoding)
    assert load_certificate(data) == ec_pair.certificate


def test_a_private_key_is_read_back_from_its_pem(ec_pair: KeyPair) -> None:
    key = load_private_key(private_key_pem(ec_pair.private_key))
    assert belong_together(ec_pair.certificate, key)


def test_a_key_of_another_certificate_does_not_belong(
    ec_pair: KeyPair, rsa_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    assert not belong_together(ec_pair.certificate, other_ec_pair.private_key)
    assert not belong_together(ec_pair.certificate, rsa_pair.private_key)


def pfx(pair: KeyPair, password: bytes) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"archive",
        pair.private_key,
        pair.certificate.x509,
        None,
        serialization.BestAvailableEncryption(password),
    )


def test_a_pfx_file_gives_certificate_and_key(ec_pair: KeyPair) -> None:
    certificate, key = load_pfx(pfx(ec_pair, b"secret"), password=b"secret")
    assert certificate == ec_pair.certificate
    assert belong_together(certificate, key)


def test_a_pfx_file_with_another_password_is_refused(ec_pair: KeyPair) -> None:
    with pytest.raises(VaultError, match="not a PFX file, or its password is another one"):
        load_pfx(pfx(ec_pair, b"secret"), password=b"guess")


def test_a_pfx_file_without_a_key_is_refused(ec_pair: KeyPair) -> None:
    no_key = pkcs12.serialize_key_and_certificates(
        b"archive", None, ec_pair.certificate.x509, None, serialization.NoEncryption()
    )
    with pytest.raises(VaultError, match=r"holds no (certificate|RSA or EC private key)"):
        load_pfx(no_key, password=None)


@pytest.mark.parametrize(
    ("key", "usage", "expected"),
    [
        (
            rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
            None,
            "the certificate's RSA key has 1024 bits, allowed: 2048 to 8192",
        ),
        (
            ec.generate_private_key(ec.SECP256K1()),
            None,
            "the certificate's curve is secp256k1, allowed: P-256, P-384, P-521",
        ),
        (
            ed25519.Ed25519PrivateKey.generate(),
            None,
            "the certificate's key is of another kind, allowed: RSA, EC",
        ),
        (
            ec.generate_private_key(ec.SECP256R1()),
            only_signatures(),
            "the certificate's key usage lacks key agreement",
        ),
        (
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            only_signatures(),
            "the certificate's key usage lacks key encipherment",
        ),
    ],
)
def test_a_certificate_that_nothing_can_be_sealed_to_is_refused(
    key: SigningKey, usage: x509.KeyUsage | None, expected: str
) -> None:
    with pytest.raises(VaultError) as caught:
        load_certificate(certificate_der(key, usage=usage))
    assert str(caught.value) == expected
    assert caught.value.permanent


def test_a_private_key_of_another_kind_is_refused() -> None:
    pem = dsa.generate_private_key(2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(VaultError, match="neither RSA nor EC"):
        load_private_key(pem)


def test_a_file_too_long_for_a_certificate_is_not_even_read() -> None:
    with pytest.raises(VaultError, match="has 65537 bytes, allowed: at most 65536"):
        load_certificate(bytes(65537))


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b"-----BEGIN" + data))
def test_any_bytes_are_refused_by_our_error(data: bytes) -> None:
    for load in (load_certificate, load_private_key):
        with pytest.raises(VaultError):
            load(data)
    with pytest.raises(VaultError):
        load_pfx(data, password=None)


def test_certificates_compare_by_their_content(ec_pair: KeyPair, other_ec_pair: KeyPair) -> None:
    again = Certificate(ec_pair.certificate.x509)
    assert {again, ec_pair.certificate} == {again}
    assert again != other_ec_pair.certificate


def test_two_certificates_of_one_name_have_different_serial_numbers() -> None:
    one, _ = make_self_signed("A", kind=KeyKind.EC, now=NOW)
    two, _ = make_self_signed("A", kind=KeyKind.EC, now=NOW)
    assert one.serial_number != two.serial_number


EC_CERTIFICATE_DER = make_self_signed("Fuzzed", kind=KeyKind.EC, now=NOW)[0].to_der()


@pytest.mark.filterwarnings("ignore")  # what the library takes with a warning is no crash
@given(place=st.integers(0, len(EC_CERTIFICATE_DER) - 1), value=st.integers(0, 255))
def test_a_changed_certificate_is_read_or_refused_by_our_error(place: int, value: int) -> None:
    changed = bytearray(EC_CERTIFICATE_DER)
    changed[place] = value
    with suppress(VaultError):
        assert load_certificate(bytes(changed)).info.key_kind
