"""One certificate of each kind, made once a run: an RSA key takes a third of a second."""

from datetime import UTC, datetime

import pytest

from callvault.vault import Certificate, KeyKind, PrivateKey, make_self_signed
from tests.vault.fakes import KeyPair

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _pair(made: tuple[Certificate, PrivateKey]) -> KeyPair:
    return KeyPair(*made)


@pytest.fixture(scope="session")
def rsa_pair() -> KeyPair:
    return _pair(make_self_signed("Test archive RSA", kind=KeyKind.RSA, now=NOW))


@pytest.fixture(scope="session")
def ec_pair() -> KeyPair:
    return _pair(make_self_signed("Test archive EC", kind=KeyKind.EC, now=NOW))


@pytest.fixture(scope="session")
def other_ec_pair() -> KeyPair:
    return _pair(make_self_signed("Test auditor EC", kind=KeyKind.EC, now=NOW))
