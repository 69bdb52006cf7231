"""Envelopes: opened by us and by OpenSSL, with the missing certificate named."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import KeyUnavailable, SealBroken, VaultError
from callvault.vault import Certificate, KeyKind, make_self_signed, open_key, recipients, seal_key
from callvault.vault.certificates import private_key_pem
from tests.vault.conftest import NOW
from tests.vault.fakes import KeyPair, Keys
from tests.vault.test_certificates import certificate_der

KEY = bytes(range(32))
EC_CERTIFICATE, EC_KEY = make_self_signed("Fuzzed", kind=KeyKind.EC, now=NOW)
EC_ENVELOPE = seal_key(KEY, [EC_CERTIFICATE])


@pytest.fixture(params=["rsa_pair", "ec_pair"])
def pair(request: pytest.FixtureRequest) -> KeyPair:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, KeyPair)
    return found


def test_the_private_key_opens_what_its_certificate_sealed(pair: KeyPair) -> None:
    assert open_key(seal_key(KEY, [pair.certificate]), Keys(pair)) == KEY


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_the_other_curves_serve_as_well(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    certificate = Certificate(x509.load_der_x509_certificate(certificate_der(key)))
    assert open_key(seal_key(KEY, [certificate]), Keys(KeyPair(certificate, key))) == KEY


def test_each_of_several_recipients_opens_it(
    rsa_pair: KeyPair, ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    pairs = (rsa_pair, ec_pair, other_ec_pair)
    envelope = seal_key(KEY, [one.certificate for one in pairs])
    assert [open_key(envelope, Keys(one)) for one in pairs] == [KEY, KEY, KEY]


@pytest.mark.flow
def test_openssl_opens_it(pair: KeyPair, other_ec_pair: KeyPair, tmp_path: Path) -> None:
    envelope = seal_key(KEY, [other_ec_pair.certificate, pair.certificate])
    (tmp_path / "envelope").write_bytes(envelope)
    (tmp_path / "crt.pem").write_bytes(pair.certificate.to_pem())
    (tmp_path / "key.pem").write_bytes(private_key_pem(pair.private_key))
    assert openssl_decrypt(tmp_path, "-recip", "crt.pem") == 0
    assert (tmp_path / "key").read_bytes() == KEY


@pytest.mark.flow
def test_openssl_refuses_a_changed_one(ec_pair: KeyPair, tmp_path: Path) -> None:
    envelope = bytearray(seal_key(KEY, [ec_pair.certificate]))
    envelope[-1] ^= 1  # of the tag
    (tmp_path / "envelope").write_bytes(envelope)
    (tmp_path / "key.pem").write_bytes(private_key_pem(ec_pair.private_key))
    assert openssl_decrypt(tmp_path) != 0


def openssl_decrypt(folder: Path, *options: str) -> int:
    """Open the file "envelope" with "key.pem" into "key"; return OpenSSL's exit status."""
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "envelope"]
    done = subprocess.run(
        [*command, *options, "-inkey", "key.pem", "-out", "key"],
        cwd=folder,
        check=False,
        capture_output=True,
        timeout=30,
    )
    return done.returncode


def test_without_a_private_key_the_missing_certificates_are_named(
    rsa_pair: KeyPair, ec_pair: KeyPair
) -> None:
    envelope = seal_key(KEY, [rsa_pair.certificate, ec_pair.certificate])
    with pytest.raises(KeyUnavailable) as caught:
        open_key(envelope, Keys())
    assert set(caught.value.certificates) == {rsa_pair.certificate.info, ec_pair.certificate.info}
    assert "CN=Test archive RSA (SHA-256 " in str(caught.value)
    assert rsa_pair.certificate.info.fingerprint in str(caught.value)
    assert caught.value.permanent


def test_the_key_of_another_certificate_does_not_help(
    ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    with pytest.raises(KeyUnavailable):
        open_key(seal_key(KEY, [ec_pair.certificate]), Keys(other_ec_pair))


def test_the_recipients_are_told_without_any_key(pair: KeyPair) -> None:
    assert recipients(seal_key(KEY, [pair.certificate])) == (pair.certificate.info,)


def test_two_envelopes_of_one_key_share_nothing(pair: KeyPair) -> None:
    assert seal_key(KEY, [pair.certificate]) != seal_key(KEY, [pair.certificate])


def test_a_wrapping_made_for_another_key_of_the_same_name_is_a_broken_seal(
    ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    impostor = KeyPair(ec_pair.certificate, other_ec_pair.private_key)
    with pytest.raises(SealBroken, match="the wrapped key was changed: journal 7"):
        open_key(seal_key(KEY, [ec_pair.certificate]), Keys(impostor), object_id="journal 7")


def test_nothing_is_sealed_to_nobody() -> None:
    with pytest.raises(VaultError, match="0 certificates to seal to, allowed: 1 to 16"):
        seal_key(KEY, [])


def test_nothing_is_sealed_to_a_crowd(ec_pair: KeyPair) -> None:
    with pytest.raises(VaultError, match="17 certificates to seal to"):
        seal_key(KEY, [ec_pair.certificate] * 17)


def test_a_key_of_another_length_is_a_mistake_of_the_caller(ec_pair: KeyPair) -> None:
    with pytest.raises(ValueError, match="16 bytes, allowed: 32"):
        seal_key(bytes(16), [ec_pair.certificate])


@pytest.mark.filterwarnings("ignore")  # what the library takes with a warning is no crash
@given(place=st.integers(0, len(EC_ENVELOPE) - 1), bit=st.integers(0, 7))
def test_a_changed_bit_never_gives_another_key(place: int, bit: int) -> None:
    changed = bytearray(EC_ENVELOPE)
    changed[place] ^= 1 << bit
    try:
        key = open_key(bytes(changed), Keys(KeyPair(EC_CERTIFICATE, EC_KEY)))
    except (SealBroken, KeyUnavailable):
        return
    assert key == KEY  # the change was in what only people read


@given(st.integers(0, len(EC_ENVELOPE) - 1))
def test_an_envelope_cut_anywhere_is_refused(size: int) -> None:
    with pytest.raises(SealBroken, match="not an envelope of format 1"):
        open_key(EC_ENVELOPE[:size], Keys(KeyPair(EC_CERTIFICATE, EC_KEY)))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_our_error(data: bytes) -> None:
    with pytest.raises(SealBroken):
        open_key(data, Keys())


def test_a_long_envelope_is_not_even_read() -> None:
    with pytest.raises(SealBroken, match="an envelope of 65537 bytes is too long"):
        open_key(bytes(65537), Keys())
