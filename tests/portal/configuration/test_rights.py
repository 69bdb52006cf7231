"""Who may download and delete; and that "Nobody" for delete survives every route."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from callvault.policy.permissions import Deed, Refusal
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.deletion_ban import (
    MARKER,
    OBJECT,
    install_triggers,
    marker_file,
    uphold_ban,
)
from callvault.portal.configuration.models import DeletionBan, LowestLevel, SystemSettings
from callvault.portal.configuration.rights import (
    LowestLevels,
    RightsRefused,
    change_rights,
    levels_in_force,
    phrase_to_type,
    rights_in_force,
)
from callvault.portal.first_start import prepare_database
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import refusal_of
from callvault.portal.storage.places import store_of_node
from tests.portal.acting import request_of

pytestmark = pytest.mark.django_db
SIMPLE, SUPERVISORS, ADMINISTRATORS, NOBODY = LowestLevel
NEVER = LowestLevels(SIMPLE, NOBODY)
Committed = Callable[..., Any]


@pytest.fixture(autouse=True)
def system(data_folder: Path) -> SystemSettings:
    """A system that was started, with a key folder of its own."""
    marker_file().parent.mkdir()
    return SystemSettings.objects.create()


@pytest.fixture
def forbidden(rita: User, django_capture_on_commit_callbacks: Committed) -> None:
    """Rita decided that nobody may delete."""
    with django_capture_on_commit_callbacks(execute=True):
        request = request_of(rita)
        change_rights(request, NEVER, seen=levels_in_force(), phrase="nobody  may ever delete ")


def forget() -> None:
    """Do what only somebody at the database itself can: take the triggers away, and the rows."""
    triggers = {
        "sqlite": ("deletion_ban_delete", "deletion_ban_update", "delete_level_stays"),
        "postgresql": ("deletion_ban_stays", "deletion_ban_kept", "delete_level_stays"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        for trigger in triggers:
            table = "deletionban" if "ban" in trigger else "systemsettings"
            on = f" ON configuration_{table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}{on}")
    DeletionBan.objects.all().delete()
    SystemSettings.objects.update(delete_level=SIMPLE)


def test_a_new_system_lets_simple_users_download_and_administrators_delete() -> None:
    assert levels_in_force() == LowestLevels(SIMPLE, ADMINISTRATORS)


def test_a_change_is_audited_with_what_was_before(rita: User) -> None:
    wanted = LowestLevels(NOBODY, SUPERVISORS)
    change_rights(request_of(rita), wanted, seen=levels_in_force())
    assert levels_in_force() == wanted
    assert (rights_in_force().download_from, rights_in_force().delete_from) == (90, 30)
    detail = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED).detail
    assert detail["before"] == {"download": "simple_users", "delete": "administrators"}
    assert detail["after"] == {"download": "nobody_may", "delete": "group_supervisors"}


def test_nobody_for_download_can_be_changed_back(rita: User) -> None:
    for download in (NOBODY, SIMPLE):
        wanted = LowestLevels(download, ADMINISTRATORS)
        change_rights(request_of(rita), wanted, seen=levels_in_force())
        assert levels_in_force() == wanted


def test_who_saw_other_rights_than_are_in_force_changes_nothing(rita: User) -> None:
    with pytest.raises(RightsRefused, match="meanwhile"):
        change_rights(
            request_of(rita),
            LowestLevels(NOBODY, SIMPLE),
            seen=LowestLevels(SIMPLE, SUPERVISORS),
        )
    assert levels_in_force() == LowestLevels(SIMPLE, ADMINISTRATORS)


@pytest.mark.parametrize("phrase", ["", "yes", "nobody may delete"])
def test_nobody_for_delete_wants_its_phrase(rita: User, phrase: str) -> None:
    with pytest.raises(RightsRefused, match="phrase"):
        change_rights(request_of(rita), NEVER, seen=levels_in_force(), phrase=phrase)
    assert not DeletionBan.objects.exists()


@pytest.mark.usefixtures("forbidden")
def test_it_is_written_down_in_three_places() -> None:
    assert DeletionBan.objects.get().by_name == "Rita Marsh"
    assert marker_file().stat().st_mode & 0o777 == 0o400
    assert store_of_node().size(OBJECT) > 0
    assert AuditEntry.objects.filter(action=Action.DELETION_FORBIDDEN).count() == 1


@pytest.mark.usefixtures("forbidden")
def test_not_even_an_administrator_deletes_from_then_on(
    rita: User, anns_recording: Recording
) -> None:
    assert refusal_of(rita, anns_recording, Deed.DELETE) is Refusal.NOBODY


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize("delete", [SIMPLE, SUPERVISORS, ADMINISTRATORS])
def test_the_face_of_every_change_refuses_to_weaken_it(rita: User, delete: LowestLevel) -> None:
    with pytest.raises(RightsRefused, match="nobody can change"):
        change_rights(
            request_of(rita),
            LowestLevels(SIMPLE, delete),
            seen=levels_in_force(),
            phrase=phrase_to_type(),
        )
    assert levels_in_force().delete == NOBODY


@pytest.mark.usefixtures("forbidden")
def test_who_may_download_can_still_be_changed(rita: User) -> None:
    change_rights(request_of(rita), LowestLevels(NOBODY, NOBODY), seen=levels_in_force())
    assert levels_in_force() == LowestLevels(NOBODY, NOBODY)
    assert DeletionBan.objects.count() == 1


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE configuration_systemsettings SET delete_level = 20",
        "DELETE FROM configuration_systemsettings",
        "DELETE FROM configuration_deletionban",
        "UPDATE configuration_deletionban SET by_name = 'x'",
    ],
)
def test_the_database_refuses_to_weaken_it(statement: str) -> None:
    with pytest.raises(DatabaseError, match="nobody may delete"), transaction.atomic():
        connection.cursor().execute(statement)
    assert levels_in_force().delete == NOBODY


@pytest.mark.usefixtures("forbidden")
def test_a_database_restored_from_an_older_backup_changes_nothing(
    rita: User, anns_recording: Recording
) -> None:
    forget()
    assert refusal_of(rita, anns_recording, Deed.DELETE) is Refusal.NOBODY  # before any restart
    prepare_database()
    install_triggers()
    assert SystemSettings.objects.get().delete_level == NOBODY
    assert DeletionBan.objects.count() == 1


@pytest.mark.usefixtures("forbidden")
def test_the_vault_alone_is_enough_to_know() -> None:
    forget()
    marker_file().unlink()
    assert uphold_ban()
    assert DeletionBan.objects.exists()
    assert marker_file().name == MARKER
    assert marker_file().exists()


@pytest.mark.usefixtures("forbidden")
def test_the_database_alone_is_enough_to_know() -> None:
    marker_file().unlink()
    store_of_node().delete(OBJECT)
    assert levels_in_force().delete == NOBODY
    assert uphold_ban()
    assert marker_file().exists()
    assert store_of_node().size(OBJECT) > 0


def test_a_system_that_never_decided_so_has_nothing_to_uphold() -> None:
    assert not uphold_ban()
    assert not marker_file().exists()
    assert levels_in_force().delete == ADMINISTRATORS


@pytest.mark.usefixtures("forbidden")
def test_no_migration_loses_the_triggers() -> None:
    call_command("migrate", "configuration", verbosity=0)
    with pytest.raises(DatabaseError, match="nobody may delete"), transaction.atomic():
        SystemSettings.objects.update(delete_level=SIMPLE)
