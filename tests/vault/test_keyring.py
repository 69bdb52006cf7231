"""The key folder: what is in use, what is kept, and which mistakes are named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from callvault.errors import KeyUnavailable, VaultError
from callvault.vault import (
    KeyKind,
    Keyring,
    Role,
    add_certificate,
    create_first_certificates,
    open_key,
    seal_key,
    use_certificates,
)
from callvault.vault.certificates import private_key_pem
from tests.vault.fakes import KeyPair

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))


def test_the_first_start_makes_a_pair_for_each_role(tmp_path: Path) -> None:
    keyring = create_first_certificates(tmp_path, node_name="east-1", kind=KeyKind.EC, now=NOW)
    names = [(one.role, one.name, one.certificate.info.subject) for one in keyring.entries()]
    assert names == [
        (Role.INGEST, "ingest-1", "CN=Callvault ingest east-1"),
        (Role.ARCHIVE, "archive-1", "CN=Callvault archive east-1"),
    ]
    for role in Role:
        assert open_key(seal_key(KEY, keyring.current(role)), keyring) == KEY


def test_the_next_start_leaves_them_as_they_are(tmp_path: Path) -> None:
    first = create_first_certificates(tmp_path, kind=KeyKind.EC, now=NOW)
    second = create_first_certificates(tmp_path, kind=KeyKind.EC, now=NOW)
    assert [one.certificate for one in second.entries()] == [
        one.certificate for one in first.entries()
    ]


def test_an_organisations_certificate_is_not_joined_by_one_of_ours(
    tmp_path: Path, ec_pair: KeyPair
) -> None:
    add_certificate(tmp_path, Role.ARCHIVE, "auditor", ec_pair.certificate)
    keyring = create_first_certificates(tmp_path, kind=KeyKind.EC, now=NOW)
    assert [one.name for one in keyring.entries(Role.ARCHIVE)] == ["auditor"]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    create_first_certificates(tmp_path, kind=KeyKind.EC, now=NOW)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "ingest").iterdir()}
    assert modes == {"ingest-1.crt.pem": 0o600, "ingest-1.key.pem": 0o600, "current": 0o600}
    assert (tmp_path / "ingest").stat().st_mode & 0o777 == 0o700


def test_a_missing_folder_is_an_empty_keyring(tmp_path: Path) -> None:
    assert Keyring.load(tmp_path / "none").entries() == ()


def test_nothing_can_be_sealed_without_a_certificate(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no current ingest certificate"):
        Keyring.load(tmp_path).current(Role.INGEST)


def test_a_node_without_the_private_key_seals_but_does_not_open(
    tmp_path: Path, ec_pair: KeyPair
) -> None:
    add_certificate(tmp_path, Role.INGEST, "site", ec_pair.certificate)
    keyring = Keyring.load(tmp_path)
    envelope = seal_key(KEY, keyring.current(Role.INGEST))
    with pytest.raises(KeyUnavailable, match="CN=Test archive EC"):
        open_key(envelope, keyring)


def test_a_private_key_brought_later_opens_what_was_sealed_before(
    tmp_path: Path, ec_pair: KeyPair
) -> None:
    add_certificate(tmp_path, Role.ARCHIVE, "site", ec_pair.certificate)
    envelope = seal_key(KEY, Keyring.load(tmp_path).current(Role.ARCHIVE))
    add_certificate(
        tmp_path, Role.ARCHIVE, "site", ec_pair.certificate, private_key=ec_pair.private_key
    )
    assert open_key(envelope, Keyring.load(tmp_path)) == KEY


def test_after_a_change_new_objects_go_to_the_new_one_and_old_ones_still_open(
    tmp_path: Path, ec_pair: KeyPair, rsa_pair: KeyPair
) -> None:
    for name, pair in (("old", ec_pair), ("new", rsa_pair)):
        add_certificate(
            tmp_path, Role.ARCHIVE, name, pair.certificate, private_key=pair.private_key
        )
        use_certificates(tmp_path, Role.ARCHIVE, [name])
    keyring = Keyring.load(tmp_path)
    assert keyring.current(Role.ARCHIVE) == (rsa_pair.certificate,)
    assert open_key(seal_key(KEY, [ec_pair.certificate]), keyring) == KEY


def test_a_single_certificate_needs_no_word(tmp_path: Path, ec_pair: KeyPair) -> None:
    add_certificate(tmp_path, Role.ARCHIVE, "only", ec_pair.certificate)
    assert Keyring.load(tmp_path).current(Role.ARCHIVE) == (ec_pair.certificate,)


def test_of_several_certificates_someone_must_say_which(
    tmp_path: Path, ec_pair: KeyPair, rsa_pair: KeyPair
) -> None:
    add_certificate(tmp_path, Role.ARCHIVE, "one", ec_pair.certificate)
    add_certificate(tmp_path, Role.ARCHIVE, "two", rsa_pair.certificate)
    assert Keyring.load(tmp_path).current(Role.ARCHIVE) == (ec_pair.certificate,)  # as before
    (tmp_path / "archive" / "current").unlink()
    with pytest.raises(VaultError, match="current is missing: it says which of one, two"):
        Keyring.load(tmp_path)


def test_a_current_certificate_that_is_gone_is_named(tmp_path: Path, ec_pair: KeyPair) -> None:
    add_certificate(tmp_path, Role.ARCHIVE, "one", ec_pair.certificate)
    (tmp_path / "archive/current").write_text("two\n")
    with pytest.raises(VaultError, match=r"names 'two', but two\.crt\.pem is missing"):
        Keyring.load(tmp_path)


def test_only_certificates_that_are_there_come_into_use(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no archive certificate named 'gone'"):
        use_certificates(tmp_path, Role.ARCHIVE, ["gone"])
    with pytest.raises(VaultError, match="no archive certificate chosen"):
        use_certificates(tmp_path, Role.ARCHIVE, [])


def test_a_name_is_not_given_to_two_certificates(
    tmp_path: Path, ec_pair: KeyPair, rsa_pair: KeyPair
) -> None:
    add_certificate(tmp_path, Role.ARCHIVE, "one", ec_pair.certificate)
    with pytest.raises(VaultError, match="name of another certificate"):
        add_certificate(tmp_path, Role.ARCHIVE, "one", rsa_pair.certificate)


@pytest.mark.parametrize("name", ["", "../one", "One", ".one", "a" * 64])
def test_a_name_that_could_leave_the_folder_is_refused(
    name: str, tmp_path: Path, ec_pair: KeyPair
) -> None:
    with pytest.raises(VaultError, match="allowed: a-z"):
        add_certificate(tmp_path, Role.ARCHIVE, name, ec_pair.certificate)


def test_the_private_key_of_another_certificate_is_refused(
    tmp_path: Path, ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    with pytest.raises(VaultError, match="not that of CN=Test archive EC"):
        add_certificate(
            tmp_path, Role.ARCHIVE, "x", ec_pair.certificate, private_key=other_ec_pair.private_key
        )
    add_certificate(tmp_path, Role.ARCHIVE, "x", ec_pair.certificate)
    (tmp_path / "archive/x.key.pem").write_bytes(private_key_pem(other_ec_pair.private_key))
    (tmp_path / "archive/x.key.pem").chmod(0o600)
    with pytest.raises(VaultError, match=r"x\.key\.pem is not the private key of x\.crt\.pem"):
        Keyring.load(tmp_path)


def test_a_private_key_that_everyone_may_read_is_refused(tmp_path: Path) -> None:
    create_first_certificates(tmp_path, kind=KeyKind.EC, now=NOW)
    (tmp_path / "ingest/ingest-1.key.pem").chmod(0o644)
    with pytest.raises(VaultError, match=r"ingest-1\.key\.pem has mode 0644.*: chmod 600"):
        Keyring.load(tmp_path)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/bad.crt.pem").write_text("hello")
    with pytest.raises(VaultError, match=r"bad\.crt\.pem: this is not an X\.509 certificate"):
        Keyring.load(tmp_path)
