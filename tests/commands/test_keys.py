"""Listing and importing certificates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from django.db import OperationalError

from callvault.commands.main import main
from callvault.portal.audit.models import Action, AuditEntry
from callvault.vault import (
    Certificate,
    KeyKind,
    Keyring,
    PrivateKey,
    Role,
    create_first_certificates,
    make_self_signed,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PASSPHRASE = b"correct horse"


@pytest.fixture(scope="module")
def made() -> tuple[Certificate, PrivateKey]:
    """The auditor's certificate and key."""
    return make_self_signed("Auditor", kind=KeyKind.EC, now=NOW)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with its first certificates."""
    for name in ("CALLVAULT_CONFIG", "CALLVAULT_SET"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "callvault.toml").write_text('[node]\ndata_folder = "."\n')
    create_first_certificates(folder / "keys", kind=KeyKind.EC, now=NOW)
    return folder


def key_pem(key: PrivateKey, passphrase: bytes = b"") -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption(),
    )


def run(data: Path, *arguments: str) -> int:
    return main(["keys", *arguments, "--data", str(data)])


def imported(data: Path, name: str = "auditor") -> tuple[bool, bool]:
    """Return whether the archive has a certificate's key, and whether it is in use."""
    entries = {entry.name: entry for entry in Keyring.load(data / "keys").entries(Role.ARCHIVE)}
    return entries[name].private_key is not None, entries[name].is_current


def test_a_list_says_what_each_certificate_is_for(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "list") == 0
    shown = capsys.readouterr().out
    assert "ingest  ingest-1  (in use)" in shown
    assert "archive  archive-1  (in use)" in shown
    assert shown.count("private key  on this machine") == 2
    assert "valid until  2036-11-20" in shown


def test_a_certificate_alone_seals_but_does_not_open(
    data: Path, tmp_path: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    file = tmp_path / "auditor.pem"
    file.write_bytes(made[0].to_pem())
    assert run(data, "import", str(file)) == 0
    assert imported(data) == (False, False)


def test_a_file_with_both_brings_the_key(
    data: Path, tmp_path: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    file = tmp_path / "auditor.pem"
    file.write_bytes(made[0].to_pem() + key_pem(made[1]))
    assert run(data, "import", str(file), "--use") == 0
    assert imported(data) == (True, True)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id) == (Action.CERTIFICATE_IMPORTED, made[0].info.sha256)
    told = {name: entry.detail[name] for name in ("name", "has_key", "use", "command_line")}
    assert told == {"name": "archive/auditor", "has_key": True, "use": True, "command_line": True}


def test_what_cannot_be_written_down_is_not_done(
    data: Path,
    tmp_path: Path,
    made: tuple[Certificate, PrivateKey],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def away(*_args: object, **_told: object) -> None:
        raise OperationalError("no such table: audit_auditentry")

    monkeypatch.setattr(AuditEntry.objects, "create", away)
    file = tmp_path / "auditor.pem"
    file.write_bytes(made[0].to_pem() + key_pem(made[1]))
    assert run(data, "import", str(file)) == 2
    assert "database cannot be used" in capsys.readouterr().err
    assert len(Keyring.load(data / "keys").entries(Role.ARCHIVE)) == 1


def test_an_import_that_fails_leaves_no_entry(
    data: Path, tmp_path: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    file = tmp_path / "archive-1.pem"  # a name that is taken
    file.write_bytes(made[0].to_pem())
    assert run(data, "import", str(file)) == 2
    assert not AuditEntry.objects.exists()


def test_a_key_of_its_own_with_a_passphrase_is_read(
    data: Path, tmp_path: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    (tmp_path / "auditor.pem").write_bytes(made[0].to_pem())
    (tmp_path / "auditor.key").write_bytes(key_pem(made[1], PASSPHRASE))
    (tmp_path / "passphrase").write_bytes(PASSPHRASE + b"\n")
    code = run(
        data,
        *("import", str(tmp_path / "auditor.pem"), "--key", str(tmp_path / "auditor.key")),
        *("--passphrase-file", str(tmp_path / "passphrase")),
    )
    assert code == 0
    assert imported(data) == (True, False)


def test_a_pfx_file_asks_for_its_passphrase(
    data: Path,
    tmp_path: Path,
    made: tuple[Certificate, PrivateKey],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate, key = made
    file = tmp_path / "Auditor.pfx"
    encryption = serialization.BestAvailableEncryption(PASSPHRASE)
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(b"a", key, certificate.x509, None, encryption)
    )
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return PASSPHRASE.decode()

    monkeypatch.setattr("callvault.commands.keys.getpass", ask)
    assert run(data, "import", str(file), "--name", "archive-2024") == 0
    assert asked == ["Passphrase of Auditor.pfx: "]
    assert imported(data, "archive-2024") == (True, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not a certificate", "not an X.509 certificate"), (None, "cannot be read")],
)
def test_what_cannot_be_imported_is_one_line(
    data: Path,
    tmp_path: Path,
    content: bytes | None,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "odd.pem"
    if content is not None:
        file.write_bytes(content)
    assert run(data, "import", str(file)) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


def test_an_ingest_certificate_goes_to_its_role(
    data: Path, tmp_path: Path, made: tuple[Certificate, PrivateKey]
) -> None:
    file = tmp_path / "node.pem"
    file.write_bytes(made[0].to_pem())
    assert run(data, "import", str(file), "--role", "ingest") == 0
    names = [entry.name for entry in Keyring.load(data / "keys").entries(Role.INGEST)]
    assert names == ["ingest-1", "node"]


def test_our_own_file_names_give_the_name(
    data: Path, made: tuple[Certificate, PrivateKey], tmp_path: Path
) -> None:
    certificate, key = made
    file = tmp_path / "auditor.crt.pem"
    file.write_bytes(certificate.to_pem() + key_pem(key))
    assert run(data, "import", str(file)) == 0
    assert imported(data)[0]


def test_a_key_alone_is_refused_with_what_to_give(
    data: Path,
    made: tuple[Certificate, PrivateKey],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "auditor.key.pem"
    file.write_bytes(key_pem(made[1]))
    assert run(data, "import", str(file)) == 2
    assert "give the certificate, and this file with --key" in capsys.readouterr().err


def test_keys_are_protected_and_that_is_written_down(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passphrase = tmp_path / "passphrase"
    assert run(data, "protect", "--file", str(passphrase), "--make") == 0
    assert f"2 private keys encrypted, passphrase: file {passphrase}" in capsys.readouterr().out
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert all(b"ENCRYPTED" in path.read_bytes() for path in data.rglob("*.key.pem"))
    assert run(data, "list") == 0
    assert "on this machine, encrypted\n" in capsys.readouterr().out
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.detail["old"] == {"key_protection": []}
    assert entry.detail["new"] == {"key_protection": [f"file {passphrase}"]}
    assert run(data, "unprotect") == 0
    assert "2 private keys in clear (mode 0600)" in capsys.readouterr().out


def test_a_passphrase_beside_the_keys_protects_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "protect", "--file", str(data / "keys" / "passphrase"), "--make") == 2
    assert "lies within" in capsys.readouterr().err
    assert not (data / "keys" / "passphrase").exists()
    assert not AuditEntry.objects.exists()
