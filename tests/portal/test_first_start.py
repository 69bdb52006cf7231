"""What a new system is given, once."""

from dataclasses import replace
from uuid import uuid4

import pytest
from pytest_django import Settings

from callvault.errors import ConfigError
from callvault.policy.snapshot import Person
from callvault.portal.configuration.models import PolicyRevision, SystemSettings, Trunk
from callvault.portal.first_start import (
    create_first_administrator,
    ensure_demo_people,
    prepare_database,
)
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

pytestmark = pytest.mark.django_db


def in_zone(settings: Settings, zone: str) -> None:
    config = settings.CALLVAULT
    settings.CALLVAULT = replace(config, web=replace(config.web, time_zone=zone))


def test_the_system_takes_its_zone_and_lets_this_machine_call(settings: Settings) -> None:
    in_zone(settings, "Europe/Rome")
    prepare_database()
    assert SystemSettings.objects.get().zone == "Europe/Rome"
    trunk = Trunk.objects.get()
    assert [trunk.allows(peer) for peer in ("127.0.0.1", "::1", "127.0.0.2", "192.0.2.1")] == [
        True,
        True,
        False,
        False,
    ]
    assert PolicyRevision.current() == 1


def test_what_was_changed_or_removed_stays_so(settings: Settings) -> None:
    prepare_database()
    Trunk.objects.all().delete()
    in_zone(settings, "Europe/Rome")
    prepare_database()
    assert not Trunk.objects.exists()
    assert SystemSettings.objects.get().zone == "UTC"


def test_a_zone_that_does_not_exist_is_a_setting_that_is_wrong(settings: Settings) -> None:
    in_zone(settings, "Mars/Olympus")
    with pytest.raises(ConfigError, match=r"web\.time_zone: Mars/Olympus"):
        prepare_database()


def test_the_first_administrator_gets_a_one_time_password() -> None:
    password = create_first_administrator()
    admin = User.objects.get()
    assert password is not None
    assert admin.check_password(password)
    assert (admin.username, admin.level, admin.must_change_password) == (
        "admin",
        Level.ADMINISTRATOR,
        True,
    )


def test_until_it_is_used_each_start_gives_another_password() -> None:
    first, second = create_first_administrator(), create_first_administrator()
    admin = User.objects.get()
    assert first != second
    assert admin.check_password(second or "")


def test_afterwards_there_is_no_password_to_give(rita: User) -> None:
    assert create_first_administrator() is None
    rita.delete()
    create_first_administrator()
    User.objects.update(must_change_password=False)
    assert create_first_administrator() is None


def test_demo_people_are_created_where_name_and_extension_are_free(ann: User) -> None:
    before = PolicyRevision.current()
    demo = [
        Person(uuid4(), "carla.demo", "Carla Demo Rossi", "2101", group="demo"),
        Person(uuid4(), "other", "Other", "2014"),
        Person(uuid4(), "ANN", "Ann", "2102"),
    ]
    assert ensure_demo_people(demo) == ["carla.demo"]
    carla = User.objects.get(username="carla.demo")
    assert (carla.first_name, carla.last_name, carla.public_id) == (
        "Carla",
        "Demo Rossi",
        demo[0].user_id,
    )
    assert not carla.has_usable_password()
    assert PolicyRevision.current() == before + 1
    assert ensure_demo_people(demo) == []
    assert PolicyRevision.current() == before + 1
