"""Global settings: certificates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.certificates.models import Rewrapping
from callvault.vault import (
    Certificate,
    KeyKind,
    Keyring,
    PrivateKey,
    Role,
    create_first_certificates,
    make_self_signed,
)
from callvault.vault.protection import file_source, protect
from tests.portal.gated import GatedViewTest
from tests.vault.fakes import KeyPair
from tests.vault.test_signing_request import signed

pytestmark = pytest.mark.django_db
PAGE = "/settings/certificates/"
PASSPHRASE = b"correct horse"


class TestPage(GatedViewTest):
    url = PAGE


@pytest.fixture
def keys(data_folder: Path) -> Path:
    create_first_certificates(data_folder / "keys", kind=KeyKind.EC)
    return data_folder / "keys"


@pytest.fixture(scope="module")
def made() -> tuple[Certificate, PrivateKey]:
    return make_self_signed("Archive 2027", kind=KeyKind.EC, now=datetime.now(UTC))


def pfx(made: tuple[Certificate, PrivateKey]) -> bytes:
    certificate, key = made
    return pkcs12.serialize_key_and_certificates(
        b"archive",
        key,
        certificate.x509,
        None,
        serialization.BestAvailableEncryption(PASSPHRASE),
    )


def send(client: Client, content: bytes, name: str, **more: str) -> int:
    file = SimpleUploadedFile(name, content)
    return client.post(f"{PAGE}upload", {"file": file, "role": "archive", **more}).status_code


def test_the_first_certificate_is_called_insecure(rita_client: Client, keys: Path) -> None:
    page = rita_client.get(PAGE).content.decode()
    assert "A self-signed certificate is in use: insecure." in page
    for one in Keyring.load(keys).entries():
        assert one.certificate.info.fingerprint in page


def test_a_machine_without_keys_says_so(rita_client: Client, data_folder: Path) -> None:
    page = rita_client.get(PAGE).content.decode()
    assert "There is none on this machine." in page


def test_a_pfx_is_taken_in_and_chosen(
    rita_client: Client, keys: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    assert send(rita_client, pfx(made), "Archive 2027.pfx", passphrase="correct horse") == 302
    ring = Keyring.load(keys).entries(Role.ARCHIVE)
    assert [(one.name, one.is_current) for one in ring] == [
        ("archive-1", True),
        ("archive-2027", False),
    ]
    assert ring[1].private_key is not None
    chosen = {"names": ["archive-2027", "archive-1"]}
    assert rita_client.post(f"{PAGE}use/archive", chosen).status_code == 302
    assert len(Keyring.load(keys).current(Role.ARCHIVE)) == 2
    told = AuditEntry.objects.get(action=Action.CERTIFICATES_CHOSEN)
    assert [len(told.detail[name]) for name in ("old", "new")] == [1, 2]
    imported = AuditEntry.objects.get(action=Action.CERTIFICATE_IMPORTED)
    assert imported.detail == {"name": "archive/archive-2027", "has_key": True, "use": False}


@pytest.mark.parametrize(
    ("name", "content", "passphrase"),
    [
        ("a.pfx", None, "wrong"),
        ("a.pem", b"hello", ""),
        ("a.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),
        ("a.pem", b"", ""),
        ("a.der", b"x" * 300_000, ""),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_reason(
    name: str,
    content: bytes | None,
    passphrase: str,
    rita_client: Client,
    keys: Path,
    made: tuple[Certificate, PrivateKey],
) -> None:
    sent = pfx(made) if content is None else content
    assert send(rita_client, sent, name, passphrase=passphrase) == 422
    assert len(Keyring.load(keys).entries(Role.ARCHIVE)) == 1


def test_a_certificate_without_key_is_a_recovery_key(
    rita_client: Client, keys: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    assert send(rita_client, made[0].to_pem(), "safe.crt") == 302
    assert send(rita_client, made[0].to_pem(), "safe.crt") == 302  # the same, once more
    ring = Keyring.load(keys).entries(Role.ARCHIVE)
    assert [(one.name, one.private_key is None) for one in ring[1:]] == [("safe", True)]


def test_at_least_one_is_chosen(rita_client: Client, keys: Path) -> None:
    response = rita_client.post(f"{PAGE}use/archive", {})
    assert response.status_code == 422
    assert "Choose at least one." in response.content.decode()
    assert rita_client.post(f"{PAGE}use/archive", {"names": ["nobody"]}).status_code == 422
    assert rita_client.post(f"{PAGE}use/other", {"names": ["archive-1"]}).status_code == 404


def test_an_authority_is_asked_and_its_answer_finds_the_key(
    rita_client: Client, keys: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    typed = {"common_name": "Call archive 2028", "country": "it", "kind": "ec"}
    assert rita_client.post(f"{PAGE}requests", typed).status_code == 302
    assert rita_client.post(f"{PAGE}requests", typed).status_code == 422  # the name is taken
    request = rita_client.get(f"{PAGE}requests/call-archive-2028.csr")
    answer = signed(request.content, KeyPair(*made))
    assert send(rita_client, answer, "answer.crt") == 302
    (found,) = [one for one in Keyring.load(keys).entries(Role.ARCHIVE) if one.name == "answer"]
    assert found.private_key is not None
    assert not found.certificate.info.self_signed
    assert rita_client.get(f"{PAGE}requests/call-archive-2028.csr").status_code == 404


def test_a_request_is_dropped(rita_client: Client, keys: Path) -> None:
    rita_client.post(f"{PAGE}requests", {"common_name": "One", "kind": "ec"})
    assert rita_client.post(f"{PAGE}requests/one/drop").status_code == 302
    assert not list((keys / "requests").iterdir())
    for action in (Action.CERTIFICATE_REQUESTED, Action.CERTIFICATE_REQUEST_DROPPED):
        assert AuditEntry.objects.get(action=action).detail == {"name": "one"}


def test_progress_is_shown_and_stopped(rita_client: Client, keys: Path) -> None:
    rita_client.post(f"{PAGE}rewrap")
    row = Rewrapping.objects.get()
    Rewrapping.objects.update(total=2000, done=1000, waits_for="the share is away")
    page = rita_client.get(PAGE).content.decode()
    assert "1,000 of 2,000." in page
    assert "the share is away" in page
    rita_client.post(f"{PAGE}rewrap", {"stop": "1"})
    row.refresh_from_db()
    assert row.state == "stopped"
    assert row.ended_at is not None
    assert row.ended_at <= timezone.now()


def test_a_key_folder_that_is_broken_is_told(rita_client: Client, keys: Path) -> None:
    (keys / "archive" / "archive-1.crt.pem").write_bytes(b"rot")
    response = rita_client.get(PAGE)
    assert response.status_code == 200
    assert "The key folder cannot be used as it is." in response.content.decode()


def test_keys_in_clear_are_called_that_and_locked_ones_too(
    rita_client: Client, keys: Path, tmp_path: Path
) -> None:
    assert b"Private keys lie on this machine in clear." in rita_client.get(PAGE).content
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a" * 40)
    protect(keys, file_source(passphrase))
    shown = rita_client.get(PAGE).content
    assert b"in clear" not in shown
    assert b"Encrypted" in shown
    passphrase.unlink()
    locked = rita_client.get(PAGE)
    assert locked.status_code == 200
    assert b"Private keys are locked." in locked.content
