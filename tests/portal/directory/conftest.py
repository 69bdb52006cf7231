"""A slapd for a module, and directories that read it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from callvault.portal.directory.credentials import Credentials, put_credentials
from callvault.portal.directory.models import DirectoryRun, DirectorySource, Kind, Purpose
from callvault.portal.directory.presets import PRESETS, Flavour
from callvault.portal.directory.runs import ask_for_run, claim_run
from callvault.portal.directory.sync import run_claimed
from tests.portal.directory.slapd import PASSWORD, PEOPLE, READER, SLAPD, Slapd, person, running

FEW = 20


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A server with twenty people, p0001 to p0020."""
    if not SLAPD.exists():
        pytest.skip("no /usr/sbin/slapd: apt-get install slapd")
    ldif = "".join(person(number) for number in range(1, FEW + 1))
    yield from running(tmp_path_factory.mktemp("slapd"), ldif)


MakeSource = Callable[..., DirectorySource]


@pytest.fixture
def make_source(db: None) -> MakeSource:
    """Return what makes a directory that reads a slapd, with other settings as given."""
    return source_of


def source_of(server: Slapd, *, password: str = PASSWORD, **changed: Any) -> DirectorySource:
    """Add a directory that reads a server over LDAPS as its reader, with OpenLDAP's attributes."""
    preset = PRESETS[Flavour.OPENLDAP]
    values: dict[str, Any] = {
        "name": "Head office",
        "kind": Kind.LDAP,
        "uris": [server.ldaps_uri],
        "ca_pem": server.ca_pem,
        "bind_dn": READER,
        "base_dns": [PEOPLE],
        "search_filter": preset.search_filter,
        "id_attribute": preset.id_attribute,
        "mapping": {name: list(names) for name, names in preset.fields.items()},
    }
    source = DirectorySource(**(values | changed))
    put_credentials(source, Credentials(password=password))
    source.save()
    return source


def sync(source: DirectorySource, purpose: Purpose = Purpose.SYNC, **asked: Any) -> DirectoryRun:
    """Run a directory's sync as a worker does, and return what became of it."""
    run = ask_for_run(source, purpose, asked_by=None, **asked)
    assert run is not None
    claim = claim_run(worker="test", now=timezone.now())
    assert claim is not None
    run_claimed(claim)
    run.refresh_from_db()
    return run
