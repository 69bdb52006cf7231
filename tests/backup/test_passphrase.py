"""Secrets of a backup under a passphrase."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callvault.backup import Sealer, open_secrets
from callvault.errors import BackupRefused

PASSPHRASE = b"quiet harbour lanterns"
FILES = {"portal-secret-key": b"\0\xff", "archive/one.key.pem": b"key"}


@pytest.fixture(scope="module")
def sealer() -> Sealer:
    """One derivation for all: it is slow on purpose."""
    return Sealer(PASSPHRASE)


def test_the_passphrase_opens_what_it_sealed_and_vouches_for_the_manifest(sealer: Sealer) -> None:
    sealed = sealer.seal(FILES)
    assert b"key" not in sealed
    opened = open_secrets(sealed, PASSPHRASE, manifest=b"{}", tag=sealer.tag(b"{}"))
    assert opened.files == FILES
    with pytest.raises(BackupRefused, match="changed after it was made"):
        open_secrets(sealed, PASSPHRASE, manifest=b"{ }", tag=sealer.tag(b"{}"))
    with pytest.raises(BackupRefused, match="not the one of this backup"):
        open_secrets(sealed, b"another passphrase", manifest=b"{}", tag=sealer.tag(b"{}"))


@settings(max_examples=200)
@given(st.data())
def test_a_changed_byte_opens_nothing(sealer: Sealer, data: st.DataObject) -> None:
    changed = bytearray(sealer.seal(FILES))
    at = data.draw(st.integers(26, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BackupRefused):
        sealer.unseal(bytes(changed))


@given(st.binary(max_size=60))
def test_noise_is_refused_before_anything_is_derived(noise: bytes) -> None:
    with pytest.raises(BackupRefused):
        open_secrets(noise, PASSPHRASE, manifest=b"", tag="")
