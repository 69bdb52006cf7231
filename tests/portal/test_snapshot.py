"""Policy as recorders get it."""

from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from callvault.policy import snapshot as policy
from callvault.policy.modes import Modes
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.pilots import Pilots
from callvault.portal.configuration.models import (
    PilotNumbers,
    PolicyRevision,
    RecordingModes,
    SystemSettings,
    Trunk,
)
from callvault.portal.people.models import User
from callvault.portal.snapshot import SnapshotLoader, build_snapshot

pytestmark = pytest.mark.django_db


def test_people_and_settings_are_in_it(ann: User) -> None:
    User.objects.update(numeric_user_id="012", numeric_partition_id="3", mode="never")
    RecordingModes.objects.create(by_group={"sales": "always_on"})
    SystemSettings.objects.create(zone="Europe/Rome", country_code="39")
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
                numeric_user_id="012",
                numeric_partition_id="3",
                mode=policy.RecordingMode.NEVER,
            ),
        ),
        zone="Europe/Rome",
        country_code="39",
        plan=NumberingPlan(country_code="39"),
        modes=Modes(by_group={"sales": policy.RecordingMode.ALWAYS_ON}),
    )
    assert policy.decode(policy.encode(snapshot)) == snapshot


def test_every_option_of_a_trunk_is_in_it(db: None) -> None:
    texts: Any = {"name": "Webex", "device_zone": "America/New_York", "digest_user": "sbc"}
    lists: Any = {
        "peers": ("192.0.2.14",),
        "transports": ("tls",),
        "tls_names": ("sbc.example.com",),
        "media_networks": ("198.51.100.0/24",),
    }
    hashes: Any = {"digest_ha1_md5": "0" * 32, "digest_ha1_sha256": "1" * 64}
    switches: Any = {"swap_channels": True, "strict_siprec": True}
    trunk = Trunk.objects.create(
        **texts, **lists, **hashes, **switches, mode="never", srtp="required"
    )
    snapshot = build_snapshot()
    assert snapshot.trunks == (
        policy.Trunk(
            trunk_id=UUID(str(trunk.public_id)),
            **texts,
            **lists,
            **hashes,
            **switches,
            mode=policy.RecordingMode.NEVER,
            srtp=policy.SrtpPolicy.REQUIRED,
            digest_realm="callvault",
        ),
    )
    assert policy.decode(policy.encode(snapshot)) == snapshot


def test_pilot_numbers_are_in_it(db: None) -> None:
    texts = {"recording_prefix": "8400", "live_keep_prefix": "8500", "automated_prefix": "9000"}
    PilotNumbers.objects.create(**texts, dial_in=["8600", "8601"])
    snapshot = build_snapshot()
    assert snapshot.pilots == Pilots(**texts, dial_in=("8600", "8601"))
    assert policy.decode(policy.encode(snapshot)) == snapshot


def test_times_of_a_device_are_of_the_system_s_zone_unless_its_trunk_says_otherwise(
    db: None,
) -> None:
    SystemSettings.objects.create(zone="Europe/Rome")
    Trunk.objects.create(name="Main", peers=["192.0.2.14"], transports=["udp"])
    assert build_snapshot().trunks[0].device_zone == "Europe/Rome"


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
