"""Signing requests: a key is made, and waits for its certificate."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from callvault.errors import VaultError
from callvault.vault import (
    KeyKind,
    Subject,
    forget_request,
    key_for,
    load_certificate,
    make_request,
    waiting,
)
from tests.vault.fakes import KeyPair

SUBJECT = Subject("Call archive 2027", "Northgate Mutual", "IT", "gb")


@pytest.mark.parametrize("kind", list(KeyKind))
def test_openssl_reads_a_request(kind: KeyKind, tmp_path: Path) -> None:
    pem = make_request(tmp_path, "archive-2027", SUBJECT, kind=kind)
    said = subprocess.run(
        ["openssl", "req", "-verify", "-noout", "-subject", "-nameopt", "RFC2253"],
        input=pem,
        capture_output=True,
        check=True,
    )
    assert b"verify OK" in said.stderr + said.stdout
    assert b"subject=CN=Call archive 2027,OU=IT,O=Northgate Mutual,C=GB" in said.stdout
    key = tmp_path / "requests" / "archive-2027.key.pem"
    assert key.stat().st_mode & 0o777 == 0o600


def signed(pem: bytes, authority: KeyPair) -> bytes:
    """Return the certificate that an authority makes for a request."""
    request = x509.load_pem_x509_csr(pem)
    issuer = authority.certificate.x509
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
    )
    return builder.sign(authority.private_key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_certificate_finds_its_key(tmp_path: Path, ec_pair: KeyPair) -> None:
    pem = make_request(tmp_path, "one", SUBJECT, kind=KeyKind.EC)
    make_request(tmp_path, "two", SUBJECT, kind=KeyKind.EC)
    certificate = load_certificate(signed(pem, ec_pair))
    found = key_for(tmp_path, certificate)
    assert found is not None
    assert found.name == "one"
    assert key_for(tmp_path, ec_pair.certificate) is None
    forget_request(tmp_path, "one")
    assert [one.name for one in waiting(tmp_path)] == ["two"]
    assert key_for(tmp_path, certificate) is None


def test_a_name_is_used_once(tmp_path: Path) -> None:
    make_request(tmp_path, "one", SUBJECT, kind=KeyKind.EC)
    with pytest.raises(VaultError, match="waits already"):
        make_request(tmp_path, "one", SUBJECT, kind=KeyKind.EC)
    with pytest.raises(VaultError, match="name"):
        forget_request(tmp_path, "../archive/archive-1")


def test_a_subject_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="subject"):
        make_request(tmp_path, "one", Subject("x" * 65), kind=KeyKind.EC)
    assert list(waiting(tmp_path)) == []


def test_a_request_whose_files_are_broken_is_left_out(tmp_path: Path) -> None:
    make_request(tmp_path, "one", SUBJECT, kind=KeyKind.EC)
    (tmp_path / "requests" / "one.key.pem").write_bytes(b"")
    assert list(waiting(tmp_path)) == []
