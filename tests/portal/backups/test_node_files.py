"""Files of a node in a backup, and what new recordings are sealed to after a restore."""

from dataclasses import replace
from pathlib import Path

import pytest

from callvault.backup import BackedUpCertificate
from callvault.config import Config
from callvault.errors import BackupRefused
from callvault.portal.backups.node_files import (
    certificates_of,
    check_secrets,
    missing_keys,
    public_files,
    put_back_certificates,
    put_back_secrets,
    secret_files,
    use_what_opens,
)
from callvault.vault import (
    KeyKind,
    Keyring,
    Role,
    Subject,
    audit_key,
    create_first_certificates,
    make_request,
)
from callvault.vault.protection import file_source, protect


def node(folder: Path) -> Config:
    """Return the settings of a node whose files lie in a folder."""
    folder.mkdir()
    (folder / "callvault.toml").write_text(
        '[database]\nurl = "postgresql://callvault:s3cret@db.example/callvault"\n'
    )
    config = Config()
    return replace(
        config,
        node=replace(config.node, data_folder=folder),
        vault=replace(config.vault, key_folder=folder / "keys"),
        sip=replace(config.sip, tls_certificate=folder / "a.crt", tls_key=folder / "a.key"),
        web=replace(config.web, tls_certificate=folder / "b.crt", tls_key=folder / "b.key"),
    )


@pytest.fixture
def old(tmp_path: Path) -> Config:
    """A node with its first certificates and keys."""
    config = node(tmp_path / "old")
    create_first_certificates(config.vault.key_folder, kind=KeyKind.EC)
    audit_key(config.vault.key_folder)
    (config.node.data_folder / "portal-secret-key").write_text("old")
    return config


@pytest.fixture
def new(tmp_path: Path) -> Config:
    """Another node, empty."""
    return node(tmp_path / "new")


def files(config: Config) -> dict[str, bytes]:
    return dict(public_files(config, config.node.data_folder / "callvault.toml"))


def secrets(config: Config) -> dict[str, bytes]:
    return secret_files(config, config.node.data_folder / "callvault.toml")


def subjects(config: Config, role: Role) -> set[str]:
    current = Keyring.load(config.vault.key_folder).current(role)
    return {one.info.fingerprint for one in current}


def test_no_secret_is_among_the_public_files(old: Config) -> None:
    found = files(old)
    assert b"s3cret" not in found["settings.toml"]
    assert b"postgresql://callvault@db.example/callvault" in found["settings.toml"]
    assert b"s3cret" in secrets(old)["settings"]
    assert not any(b"PRIVATE" in data for data in found.values())
    assert set(found) == {
        "settings.toml", "keys/archive/archive-1.crt.pem", "keys/ingest/ingest-1.crt.pem",
        "keys/audit/audit-1.pub.pem",
    }  # fmt: skip


def test_with_keys_the_new_node_is_as_the_old_one(old: Config, new: Config) -> None:
    opened = secrets(old)
    put_back_certificates(new, files(old), opened)
    assert put_back_secrets(new, opened, "aside") == []
    assert use_what_opens(new, certificates_of(old.vault.key_folder)) == {}
    for role in Role:
        assert subjects(new, role) == subjects(old, role)
    assert missing_keys(new, certificates_of(old.vault.key_folder)) == []
    keys = (audit_key(one.vault.key_folder).fingerprint for one in (old, new))
    assert len(set(keys)) == 1
    assert (new.node.data_folder / "portal-secret-key").read_text() == "old"


def test_without_keys_nothing_new_is_sealed_to_a_key_that_may_be_lost(
    old: Config, new: Config
) -> None:
    had = certificates_of(old.vault.key_folder)
    put_back_certificates(new, files(old), {})
    put_back_certificates(new, files(old), {})  # again, after a crash
    changed = use_what_opens(new, had)
    assert set(changed) == set(Role)
    for role in Role:
        assert subjects(new, role).isdisjoint(subjects(old, role))
        [current] = [
            one for one in Keyring.load(new.vault.key_folder).entries(role) if one.is_current
        ]
        assert current.private_key is not None
    missing = {one.certificate.info.fingerprint for one in missing_keys(new, had)}
    assert missing == subjects(old, Role.ARCHIVE) | subjects(old, Role.INGEST)


def test_a_certificate_whose_key_was_with_an_auditor_stays_in_use(old: Config, new: Config) -> None:
    had = [replace_had_key(one) for one in certificates_of(old.vault.key_folder)]
    put_back_certificates(new, files(old), {})
    use_what_opens(new, had)
    assert subjects(new, Role.ARCHIVE) == subjects(old, Role.ARCHIVE)
    assert missing_keys(new, had) == []


def replace_had_key(one: BackedUpCertificate) -> BackedUpCertificate:
    return BackedUpCertificate(
        one.role, one.name, one.subject, one.fingerprint, one.is_current, False
    )


def test_keys_of_the_place_that_is_replaced_stay(old: Config, new: Config) -> None:
    folder = new.vault.key_folder
    create_first_certificates(folder, kind=KeyKind.EC)
    signer = audit_key(folder).fingerprint
    (new.node.data_folder / "portal-secret-key").write_text("new")
    before = subjects(new, Role.ARCHIVE)
    put_back_certificates(new, files(old), secrets(old))
    [kept] = put_back_secrets(new, secrets(old), "aside")
    use_what_opens(new, certificates_of(old.vault.key_folder))
    assert subjects(new, Role.ARCHIVE) == subjects(old, Role.ARCHIVE)
    known = {one.certificate.info.fingerprint for one in Keyring.load(folder).entries(Role.ARCHIVE)}
    assert known == before | subjects(old, Role.ARCHIVE)
    assert audit_key(folder).fingerprint == signer
    assert (kept.name, kept.read_text()) == ("portal-secret-key.aside", "new")


def test_keys_are_backed_up_in_clear_under_the_passphrase_or_not_at_all(
    old: Config, new: Config, tmp_path: Path
) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a" * 40)
    protect(old.vault.key_folder, file_source(passphrase))
    opened = secrets(old)
    assert b"ENCRYPTED" not in opened["archive/archive-1.key.pem"]
    new.vault.key_folder.mkdir()
    protect(new.vault.key_folder, file_source(passphrase))
    put_back_certificates(new, files(old), opened)
    here = new.vault.key_folder / "archive" / "archive-1.key.pem"
    assert b"ENCRYPTED" in here.read_bytes()
    passphrase.unlink()
    assert all(one.had_key for one in certificates_of(old.vault.key_folder))
    with pytest.raises(BackupRefused, match="passphrase cannot be read"):
        secrets(old)


@pytest.mark.parametrize(
    "line",
    [
        'database.url = "postgresql://callvault:s3cret@db.example/callvault"',
        'database = { url = "postgresql://:s3cret@db.example/callvault" }',
        '# url = "postgresql://callvault:s3cret@db.example/callvault"',
        '[database]\nurl = "postgresql://callvault:p@s3cret@db.example/callvault"',
        '[database]\nurl = "postgresql://db.example/callvault?user=a&password=s3cret"',
    ],
)
def test_a_password_is_taken_out_however_it_is_written(old: Config, line: str) -> None:
    (old.node.data_folder / "callvault.toml").write_text(f"{line}\n")
    told = files(old)["settings.toml"]
    assert b"s3cret" not in told
    assert b"@db.example/callvault" in told or b"?user=a&password=" in told


@pytest.fixture
def locked(old: Config, tmp_path: Path) -> Config:
    """The old node, as a shell sees it whose keys' passphrase only the service has."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a" * 40)
    make_request(old.vault.key_folder, "asked", Subject("asked"), kind=KeyKind.EC)
    protect(old.vault.key_folder, file_source(passphrase))
    passphrase.unlink()
    return old


def test_a_key_whose_passphrase_the_service_alone_has_is_not_lost(locked: Config) -> None:
    had = certificates_of(locked.vault.key_folder)
    in_use = {role: subjects(locked, role) for role in Role}
    put_back_certificates(locked, files(locked), {})
    assert use_what_opens(locked, had) == {}
    assert {role: subjects(locked, role) for role in Role} == in_use
    assert missing_keys(locked, had) == []


def test_keys_of_the_backup_do_not_replace_those_that_are_locked(
    old: Config, tmp_path: Path
) -> None:
    opened, folder = secrets(old), old.vault.key_folder
    (tmp_path / "passphrase").write_text("a" * 40)
    protect(folder, file_source(tmp_path / "passphrase"))
    (tmp_path / "passphrase").unlink()
    put_back_certificates(old, files(old), opened)
    assert all(one.is_locked for one in Keyring.load(folder).entries())
    (folder / "protection").unlink()  # its passphrase is lost: the backup's keys come in clear
    put_back_certificates(old, files(old), opened)
    assert all(one.private_key is not None for one in Keyring.load(folder).entries())


def test_a_request_whose_key_is_locked_is_not_left_out_silently(locked: Config) -> None:
    for path in (locked.vault.key_folder / "archive").iterdir():
        path.unlink()
    for path in (locked.vault.key_folder / "ingest").iterdir():
        path.unlink()
    with pytest.raises(BackupRefused, match=r"cannot be read \(1\)"):
        secrets(locked)


@pytest.mark.parametrize("name", ["../x", "archive/../x.key.pem", "/etc/passwd", "requests/x"])
def test_a_secret_of_no_backup_is_refused(name: str) -> None:
    with pytest.raises(BackupRefused):
        check_secrets({name: b""})
