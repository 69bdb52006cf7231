"""What a restore does not undo: what the replaced database knew, and what the vault knows."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from callvault.portal.api.models import ApiToken
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.backups.stricter import KeptHold, Known, known_now, uphold
from callvault.portal.configuration.deletion_ban import marker_file
from callvault.portal.configuration.models import DeletionBan, LowestLevel, PolicyRevision
from callvault.portal.configuration.rights import levels_in_force
from callvault.portal.holds.models import LegalHold
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import bury, put_tombstone
from callvault.portal.recordings.models import Recording, Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention.models import RetentionSweep
from callvault.vault import LocalStore
from tests.portal.catalogue_facts import list_recording

pytestmark = pytest.mark.django_db
PLACED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(data_folder: Path) -> LocalStore:
    """The vault of this node, and a folder for keys."""
    (data_folder / "keys").mkdir()
    return LocalStore(data_folder / "vault")


def hold_of(recording: Recording, person: User) -> KeptHold:
    values: dict[str, object] = {
        "matter": "Case 7", "reason": "", "kind": "recordings", "person_name": "", "number": "",
        "placed_at": PLACED, "placed_by_name": "Rita Marsh",
    }  # fmt: skip
    return KeptHold(uuid4(), values, person.public_id, [recording.recording_id])


def test_what_the_replaced_database_knew_is_upheld(
    store: LocalStore, ann: User, rita: User
) -> None:
    deleted, held, kept = (list_recording(ann) for _ in range(3))
    known = Known([deleted.recording_id, uuid4()], True, [hold_of(held, ann)], 900)
    ApiToken.objects.create(
        person=rita, name="n", digest="d", created_at=PLACED, expires_at=timezone.now()
    )
    Session.objects.create(session_key="s", session_data="", expire_date=timezone.now())
    upheld = uphold(known, store)
    assert (upheld.deleted, upheld.holds, upheld.is_banned, upheld.tokens) == (1, 1, True, 1)
    left = recordings_in_catalogue().values_list("recording_id", "is_held")
    assert set(left) == {(held.recording_id, True), (kept.recording_id, False)}
    assert Tombstone.objects.count() == 2
    assert DeletionBan.objects.exists()
    assert marker_file().exists()
    assert levels_in_force().delete == LowestLevel.NOBODY_MAY
    assert not Session.objects.exists()
    assert ApiToken.objects.get().revoked_at is not None
    assert PolicyRevision.current() > 900
    assert RetentionSweep.objects.get().suspended_at is not None
    again = uphold(known, store)
    assert (again.deleted, again.holds, again.tokens) == (0, 0, 0)


def test_what_the_vault_knows_is_upheld_without_any_database(
    store: LocalStore, anns_recording: Recording
) -> None:
    put_tombstone(store, anns_recording.recording_id, PLACED, "retention")
    assert uphold(Known(), store).deleted == 1
    assert not recordings_in_catalogue().exists()
    assert not DeletionBan.objects.exists()


def test_a_hold_that_was_released_in_neither_stays_and_one_that_only_the_backup_released_too(
    store: LocalStore, anns_recording: Recording, ann: User
) -> None:
    kept = hold_of(anns_recording, ann)
    LegalHold.objects.create(
        public_id=kept.public_id, released_at=timezone.now(), released_by_name="X", **kept.values
    )
    assert uphold(Known(holds=[kept]), store).holds == 1
    assert LegalHold.objects.get().is_open
    assert recordings_in_catalogue().get().is_held


def test_the_present_database_is_asked_for_all_of_it(
    store: LocalStore, ann: User, rita: User
) -> None:
    gone, held = list_recording(ann), list_recording(ann)
    bury(None, gone, cause="retention")
    uphold(Known(holds=[hold_of(held, ann)]), store)
    known = known_now()
    assert known is not None
    assert known.deleted == [gone.recording_id]
    assert [(one.person, one.recordings) for one in known.holds] == [
        (ann.public_id, [held.recording_id])
    ]
    assert (known.is_banned, known.revision) == (False, PolicyRevision.current())


def test_who_may_sign_in_again_is_told(store: LocalStore, ann: User, rita: User) -> None:
    User.objects.filter(pk=ann.pk).update(is_active=False)
    AuditEntry(
        action=Action.PERSON_DELETED, object_kind="person", object_id=str(rita.public_id)
    ).save()
    known = known_now()
    assert known is not None
    assert set(known.closed) == {ann.public_id, rita.public_id}
    User.objects.filter(pk=ann.pk).update(is_active=True)  # as in the backup
    assert uphold(known, store).reopened == sorted((ann.username, rita.username))
