"""The gate: who sees what (USER-4, USER-5), and that nothing goes round it."""

import ast
from pathlib import Path

import pytest
from django.http import Http404

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import (
    may_download,
    may_play,
    own_recordings_of,
    recording_visible_to,
    recordings_visible_to,
)
from tests.portal.catalogue_facts import Spoken, list_recording

SOURCE = Path(__file__).parents[3] / "src"
GATE = SOURCE / "callvault/portal/recordings/permissions.py"
FINDING = SOURCE / "callvault/portal/recordings/finding.py"  # asks the gate for what it found
WORKERS = {
    SOURCE / "callvault/portal/catalogue.py",
    SOURCE / "callvault/portal/listed.py",  # the vault's verification
    SOURCE / "callvault/commands/demo.py",
    SOURCE / "callvault/portal/recordings/interactions.py",
    SOURCE / "callvault/portal/recordings/deletion.py",  # what the vault has a tombstone of
    SOURCE / "callvault/portal/backups/stricter.py",  # what a restore must not bring back
    SOURCE / "callvault/portal/certificates/rewrapping.py",
    SOURCE / "callvault/portal/holds/covering.py",  # whoever owns them
    SOURCE / "callvault/portal/exports/asking.py",  # whatever leaves, whoever owns it
    SOURCE / "callvault/portal/integrity/entering.py",  # the log, whoever owns them
    SOURCE / "callvault/portal/integrity/recordings_check.py",
    SOURCE / "callvault/portal/integrity/objects_check.py",
    SOURCE / "callvault/portal/completeness/judging.py",  # numbers and ids, to find calls by
    SOURCE / "callvault/portal/retention/sweep.py",  # what is due, whoever sees it
    SOURCE / "callvault/portal/storage/moving.py",  # where they lie, whoever sees them
    SOURCE / "callvault/portal/storage/progress.py",
    SOURCE / "callvault/portal/storage/relocation.py",
    SOURCE / "callvault/portal/storage/saving.py",
    SOURCE / "callvault/portal/storage/scattered.py",
}

pytestmark = pytest.mark.django_db


def sees(user: User, recording: Recording) -> bool:
    return recordings_visible_to(user).filter(pk=recording.pk).exists()


def test_the_owner_her_supervisor_and_administrators_see_a_recording(
    anns_recording: Recording, ann: User, sam: User, rita: User, otto: User
) -> None:
    assert [sees(user, anns_recording) for user in (ann, sam, rita, otto)] == [
        True,
        True,
        True,
        False,
    ]


def test_a_supervisor_sees_additional_groups_too(sam: User, otto: User) -> None:
    assert sees(sam, list_recording(otto, Spoken(group="claims")))
    assert not sees(sam, list_recording(otto, Spoken(group="depot")))


def test_a_blank_group_is_seen_by_its_owner_and_administrators_only(
    ann: User, sam: User, rita: User
) -> None:
    recording = list_recording(ann, Spoken(group=""))
    assert sees(ann, recording)
    assert sees(rita, recording)
    assert not sees(sam, recording)


def test_a_supervisor_without_group_sees_only_the_own_recordings(
    anns_recording: Recording, sam: User
) -> None:
    sam.group = ""
    sam.save()
    assert not sees(sam, anns_recording)
    assert sees(sam, list_recording(sam))


def test_record_only_sees_nothing_not_even_the_own(anns_recording: Recording, ann: User) -> None:
    ann.level = Level.RECORD_ONLY
    assert not sees(ann, anns_recording)
    assert not own_recordings_of(ann).exists()


def test_who_was_deactivated_sees_nothing(anns_recording: Recording, rita: User) -> None:
    rita.is_active = False
    assert not sees(rita, anns_recording)


def test_a_recording_keeps_the_group_its_owner_had(
    anns_recording: Recording, ann: User, sam: User, otto: User
) -> None:
    ann.group = "depot"
    ann.save()
    assert sees(sam, anns_recording)
    assert not sees(otto, anns_recording)


def test_recordings_of_a_deleted_person_stay_for_supervisors(
    anns_recording: Recording, ann: User, sam: User
) -> None:
    ann.delete()
    anns_recording.refresh_from_db()
    assert anns_recording.owner is None
    assert anns_recording.owner_name == "Ann Keller"
    assert sees(sam, anns_recording)


def test_a_stranger_gets_what_gets_who_asks_for_nothing(
    anns_recording: Recording, otto: User
) -> None:
    with pytest.raises(Http404):
        recording_visible_to(otto, anns_recording.recording_id)


def test_download_asks_for_its_level_on_top(
    anns_recording: Recording, ann: User, sam: User, otto: User
) -> None:
    SystemSettings.objects.create(download_level=Level.GROUP_SUPERVISOR)
    assert may_play(ann, anns_recording)
    assert not may_download(ann, anns_recording)
    assert may_download(sam, anns_recording)
    assert not may_download(otto, anns_recording)


def names_used(path: Path) -> set[str]:
    """Return attribute accesses and imported names of a file, as dotted text."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
    return found


def test_recordings_are_read_through_the_gate_only() -> None:
    for path in SOURCE.rglob("*.py"):
        used = names_used(path)
        if path != GATE:
            around = {"Recording.objects", "Recording._default_manager", "Recording._base_manager"}
            assert not used & around, path
        if path not in WORKERS | {GATE}:
            assert "recordings_in_catalogue" not in used, path
        if path not in {FINDING, GATE}:
            assert not used & {"numbers_found", "rows_expected"}, path
