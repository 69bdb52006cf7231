"""Private keys at rest: under a passphrase that lies elsewhere, or called what they are."""

import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callvault.errors import VaultError
from callvault.vault import (
    KeyKind,
    Keyring,
    KeyWatch,
    Role,
    Subject,
    add_certificate,
    create_first_certificates,
    key_files,
    key_protection,
    make_request,
    make_self_signed,
    open_key,
    protection,
    seal_key,
    waiting,
)
from callvault.vault.certificates import PrivateKey
from callvault.vault.protection import (
    CREDENTIALS,
    FILE,
    VARIABLE,
    credential_source,
    file_source,
    protect,
    unprotect,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A key folder with the first certificates and a request."""
    folder = tmp_path / "keys"
    create_first_certificates(folder, kind=KeyKind.EC, now=NOW)
    make_request(folder, "asked", Subject("asked"), kind=KeyKind.EC)
    return folder


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    """A file outside of it."""
    file = tmp_path / "passphrase"
    file.write_text("a" * 40 + "\n")
    return file


def opens(folder: Path) -> bool:
    keyring = Keyring.load(folder)
    return open_key(seal_key(KEY, keyring.current(Role.ARCHIVE)), keyring) == KEY


def counts(folder: Path) -> tuple[int, int, int]:
    state = key_protection(folder)
    return state.plain, state.encrypted, state.locked


def test_no_key_is_in_clear_once_they_are_protected(folder: Path, passphrase: Path) -> None:
    assert counts(folder) == (3, 0, 0)
    assert protect(folder, file_source(passphrase)) == 3
    assert counts(folder) == (0, 3, 0)
    assert all(b"ENCRYPTED" in path.read_bytes() for path in folder.rglob("*.key.pem"))
    assert opens(folder)
    assert [one.name for one in waiting(folder)] == ["asked"]
    certificate, key = make_self_signed("late", kind=KeyKind.EC, now=NOW)
    add_certificate(folder, Role.ARCHIVE, "late", certificate, private_key=key)
    assert counts(folder) == (0, 4, 0)


def test_openssl_opens_a_protected_key(folder: Path, passphrase: Path) -> None:
    protect(folder, file_source(passphrase))
    key = folder / "archive" / "archive-1.key.pem"
    done = subprocess.run(
        ["openssl", "pkey", "-in", key, "-passin", f"file:{passphrase}", "-noout", "-text"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "Private-Key" in done.stdout


def test_without_the_passphrase_the_certificate_goes_on_sealing(
    folder: Path, passphrase: Path
) -> None:
    protect(folder, file_source(passphrase))
    passphrase.unlink()
    keyring = Keyring.load(folder)
    assert keyring.has_current(Role.ARCHIVE)
    assert {(one.is_locked, one.private_key) for one in keyring.entries()} == {(True, None)}
    assert counts(folder) == (0, 3, 3)
    with pytest.raises(VaultError, match="cannot be read"):
        unprotect(folder)
    passphrase.write_text("b" * 40)
    assert counts(folder) == (0, 3, 3)


def test_a_passphrase_is_changed_and_a_change_that_was_interrupted_goes_on(
    folder: Path, passphrase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protect(folder, file_source(passphrase))
    other = tmp_path / "other"
    other.write_text("c" * 40)
    written: list[Path] = []
    write = key_files.write_file

    def dies(path: Path, data: bytes) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        write(path, data)

    monkeypatch.setattr(protection, "write_file", dies)
    with pytest.raises(KeyboardInterrupt):
        protect(folder, file_source(other))
    monkeypatch.undo()
    assert counts(folder) == (0, 3, 0)  # one under the new, two under the old
    assert opens(folder)
    protect(folder, file_source(other))
    passphrase.unlink()
    assert counts(folder) == (0, 3, 0)
    assert (folder / FILE).read_text() == f"file {other}\n"


def test_they_are_written_in_clear_again(folder: Path, passphrase: Path) -> None:
    protect(folder, file_source(passphrase))
    assert unprotect(folder) == 3
    assert counts(folder) == (3, 0, 0)
    assert not (folder / FILE).exists()
    assert opens(folder)


def test_a_credential_is_there_for_the_service_and_named_for_a_command(
    folder: Path, passphrase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "callvault-keys").write_bytes(passphrase.read_bytes())
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(CREDENTIALS, str(tmp_path))
    protect(folder, credential_source("callvault-keys"))
    assert opens(folder)
    monkeypatch.delenv(CREDENTIALS)
    assert counts(folder) == (0, 3, 3)
    monkeypatch.setenv(VARIABLE, str(passphrase))
    assert counts(folder) == (0, 3, 0)


@pytest.mark.parametrize("said", ["", "a" * 31, "a" * 2000])
def test_a_passphrase_that_is_no_good_changes_nothing(
    folder: Path, passphrase: Path, said: str
) -> None:
    passphrase.write_text(said)
    with pytest.raises(VaultError, match="32 to 1024"):
        protect(folder, file_source(passphrase))
    assert counts(folder) == (3, 0, 0)
    assert not (folder / FILE).exists()


def test_a_line_that_is_none_of_ours_is_named(folder: Path) -> None:
    (folder / FILE).write_text("tpm 1\n")
    with pytest.raises(VaultError, match="allowed: file PATH, credential NAME"):
        key_protection(folder)
    for name in ("../x", "a b", ""):
        with pytest.raises(VaultError):
            credential_source(name)
    with pytest.raises(VaultError, match="absolute"):
        file_source(Path("relative"))


def test_a_key_that_comes_while_keys_are_protected_is_protected_as_well(
    folder: Path, passphrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protecting = threading.Thread(target=protect, args=(folder, file_source(passphrase)))
    encode = protection.encode_key

    def slowly(place: Path, key: PrivateKey) -> bytes:
        data = encode(place, key)  # in clear, as keys are until now
        protecting.start()
        protecting.join(0.3)  # it waits; if it did not, it would be done long before
        return data

    monkeypatch.setattr("callvault.vault.keyring.encode_key", slowly)
    certificate, key = make_self_signed("late", kind=KeyKind.EC, now=NOW)
    add_certificate(folder, Role.ARCHIVE, "late", certificate, private_key=key)
    protecting.join()
    assert counts(folder) == (0, 4, 0)


def test_what_a_program_left_that_died_is_not_left_in_clear(folder: Path, passphrase: Path) -> None:
    draft = folder / "archive" / ".archive-1.key.pem.0123456789abcdef"
    draft.write_bytes((folder / "archive" / "archive-1.key.pem").read_bytes())
    protect(folder, file_source(passphrase))
    assert not draft.exists()


def test_keys_open_without_a_restart_when_the_passphrase_comes(
    folder: Path, passphrase: Path
) -> None:
    protect(folder, file_source(passphrase))
    passphrase.rename(passphrase.with_name("away"))
    watch = KeyWatch(folder)
    assert not watch.look()
    assert watch.keyring.entries()[0].is_locked
    passphrase.with_name("away").rename(passphrase)
    assert watch.look()
    assert not any(one.is_locked for one in watch.keyring.entries())
