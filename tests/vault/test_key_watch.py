"""Certificates come into use without a restart, and broken ones do not."""

from pathlib import Path

import pytest

from callvault.vault import (
    CertificatesInUse,
    KeyKind,
    KeyWatch,
    Role,
    add_certificate,
    create_first_certificates,
    use_certificates,
)
from tests.vault.fakes import KeyPair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_first_certificates(tmp_path, kind=KeyKind.EC)
    return tmp_path


def change(folder: Path, pair: KeyPair) -> None:
    add_certificate(folder, Role.INGEST, "new", pair.certificate, private_key=pair.private_key)
    use_certificates(folder, Role.INGEST, ["new"])


def test_a_change_is_noticed_once(folder: Path, ec_pair: KeyPair) -> None:
    watch = KeyWatch(folder)
    in_use = CertificatesInUse(watch, Role.INGEST)
    before = list(in_use)
    assert watch.look() is False
    change(folder, ec_pair)
    assert list(in_use) == before
    assert watch.look() is True
    assert (list(in_use), len(in_use), in_use[0]) == (
        [ec_pair.certificate],
        1,
        ec_pair.certificate,
    )
    assert watch.look() is False


def test_a_folder_that_cannot_be_used_leaves_what_was(folder: Path) -> None:
    watch = KeyWatch(folder)
    before = watch.keyring
    (folder / "ingest" / "broken.crt.pem").write_bytes(b"no certificate")
    assert watch.look() is False
    assert watch.keyring is before


def test_certificates_stay_in_use_where_none_is_chosen_any_more(
    folder: Path, ec_pair: KeyPair
) -> None:
    watch = KeyWatch(folder)
    in_use = CertificatesInUse(watch, Role.INGEST)
    before = list(in_use)
    (folder / "ingest" / "current").write_bytes(b"")
    assert watch.look() is False
    assert watch.keyring.has_current(Role.INGEST)
    assert list(in_use) == before
