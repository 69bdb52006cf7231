"""Policy as recorders get it."""

from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from callvault.policy import snapshot as policy
from callvault.portal.configuration.models import PolicyRevision, SystemSettings, Trunk
from callvault.portal.people.models import User
from callvault.portal.snapshot import SnapshotLoader, build_snapshot

pytestmark = pytest.mark.django_db


def test_people_trunks_and_settings_are_in_it(ann: User) -> None:
    SystemSettings.objects.create(zone="Europe/Rome", country_code="39")
    trunk = Trunk.objects.create(
        name="Webex",
        peers=["192.0.2.14"],
        transports=["udp"],
        media_networks=["198.51.100.0/24"],
        mode="never",
        swap_channels=True,
    )
    PolicyRevision.bump()
    snapshot = build_snapshot()
    assert snapshot == policy.Snapshot(
        revision=1,
        people=(
            policy.Person(
                user_id=UUID(str(ann.public_id)),
                username="ann",
                full_name="Ann Keller",
                extension="2014",
                group="sales",
            ),
        ),
        trunks=(
            policy.Trunk(
                trunk_id=UUID(str(trunk.public_id)),
                name="Webex",
                peers=("192.0.2.14",),
                transports=("udp",),
                media_networks=("198.51.100.0/24",),
                mode=policy.RecordingMode.NEVER,
                swap_channels=True,
            ),
        ),
        zone="Europe/Rome",
        country_code="39",
    )
    assert policy.decode(policy.encode(snapshot)) == snapshot


def test_inactive_people_are_in_it_as_such(ann: User) -> None:
    User.objects.update(is_active=False)
    assert [person.active for person in build_snapshot().people] == [False]


def test_an_unchanged_revision_costs_one_query(
    ann: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    load = SnapshotLoader()
    first = load()
    with django_assert_num_queries(1):
        assert load() is first


def test_a_change_gives_a_new_snapshot(ann: User) -> None:
    load = SnapshotLoader()
    load()
    User.objects.update(extension="2015")
    PolicyRevision.bump()
    assert load().people[0].extension == "2015"


def test_a_change_while_it_is_read_has_it_read_again(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    revisions = iter([4, 5, 5, 5])
    monkeypatch.setattr(PolicyRevision, "current", lambda: next(revisions))
    assert build_snapshot().revision == 5
