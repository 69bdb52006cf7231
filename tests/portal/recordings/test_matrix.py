"""The table of docs/reference/permissions.md, asked of the portal itself by real requests.

Each deed at every level on every sort of recording; what a setting, a flag or a note changes is
tried on some of them. tests/policy compares the rules with the table, all combinations.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Note, Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from tests.policy.permission_table import LEVELS, LOWEST, NOTES, RELATIONS, Case, is_allowed, rows
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = pytest.mark.django_db
PEOPLE = (*((level, True) for level in LEVELS), ("group supervisor", False))
WRITERS = ("base", "group supervisor", "administrator")
REFUSED = {302, 403, 404}  # 302: to the sign-in
GROUPS = {
    "own": "sales",
    "own, no group": "",
    "own group": "sales",
    "additional group": "claims",
    "owner deleted": "sales",
    "other group": "depot",
    "no group": "",
}
NO_ROUTE_YET = {"listen live"}


@dataclass
class World:
    """Everybody, and one recording of each sort seen from each of them."""

    people: dict[tuple[str, bool], User]
    clients: dict[tuple[str, bool], Client]
    somebody: User

    def recording_of(self, case: Case) -> Recording:
        """List the recording that a case is about."""
        me = self.people[case.level, case.has_group]
        owner = me if case.relation in ("own", "own, no group") else self.somebody
        recording = list_recording(owner, Spoken(group=GROUPS[case.relation]))
        if case.preserved_by:
            recording.preserved_level = LEVELS[case.preserved_by]
            recording.preserved_at, recording.preserved_by_name = timezone.now(), "Rita Marsh"
        if case.relation == "owner deleted":
            recording.owner = None
        recording.save()
        return recording

    def note_of(self, case: Case, recording: Recording) -> Note:
        """Write the note that a case is about."""
        whose, _, level = case.note.partition(" ")
        author = self.people[case.level, case.has_group] if whose == "own" else self.somebody
        return Note.objects.create(
            recording=recording, author=author, author_name="Ann Keller", text="Before.",
            folded="before.", level=LEVELS[level], author_level=LEVELS[level],
            written_at=timezone.now(),
        )  # fmt: skip


@pytest.fixture
def world(db: None, data_folder: Path) -> World:
    SystemSettings.objects.create()
    people, clients = {}, {}
    for number, (level, has_group) in enumerate(PEOPLE):
        user = User.objects.create_user(
            f"user{number}", level=LEVELS[level], group="sales" if has_group else "",
            additional_groups="claims", extension=f"20{number}0",
        )  # fmt: skip
        people[level, has_group] = user
        clients[level, has_group] = Client()
        clients[level, has_group].force_login(user)
    return World(people, clients, User.objects.create_user("somebody", extension="2099"))


def cases(deed: str) -> Iterator[Case]:
    """Yield the cases of a deed: all sorts of recordings, then what else it depends on."""
    for (level, has_group), relation in product(PEOPLE, RELATIONS):
        note = "own base" if deed.endswith(" note") and deed != "add note" else ""
        flagged = "base" if deed == "release" else ""
        yield Case(deed, level, relation, has_group=has_group, preserved_by=flagged, note=note)
    if deed == "download":
        for (level, has_group), lowest in product(PEOPLE, LOWEST):
            yield Case(deed, level, "own", has_group=has_group, download=lowest)
    if deed == "delete":
        for (level, has_group), lowest, by in product(PEOPLE, LOWEST, ("", "group supervisor")):
            yield Case(deed, level, "own", has_group=has_group, delete=lowest, preserved_by=by)
    if deed in ("preserve", "release"):
        for (level, has_group), relation, by in product(PEOPLE, ("own", "own group"), WRITERS):
            yield Case(deed, level, relation, has_group=has_group, preserved_by=by)
    if deed in ("edit note", "delete note"):
        for (level, has_group), whose, by in product(PEOPLE, NOTES, WRITERS):
            yield Case(deed, level, "own", has_group=has_group, note=f"{whose} {by}")


Answered = Callable[[World, Case, Client, Recording], bool]


def seen(world: World, case: Case, client: Client, recording: Recording) -> bool:
    """Whether lists, search and page have it; they must agree."""
    address = f"/recordings/{recording.recording_id}/"
    me = world.people[case.level, case.has_group]
    lists = ["/recordings/mine/"] if recording.owner == me else []
    lists += ["/recordings/", "/recordings/?q=2099"] if me.is_supervisor and not lists else []
    on_page = client.get(address).status_code not in REFUSED
    in_lists = [address in client.get(one).content.decode() for one in lists]
    assert set(in_lists) <= {on_page}, case
    return on_page


def opened(name: str) -> Answered:
    """Whether an object is served; none is in the vault, so that 409 says it would be."""

    def answered(_world: World, _case: Case, client: Client, recording: Recording) -> bool:
        status = client.get(f"/recordings/{recording.recording_id}/{name}").status_code
        assert status in REFUSED | {409}
        return status == 409

    return answered


def played(world: World, case: Case, client: Client, recording: Recording) -> bool:
    both = {opened(name)(world, case, client, recording) for name in ("audio", "peaks")}
    assert len(both) == 1
    return both.pop()


def downloaded(world: World, case: Case, client: Client, recording: Recording) -> bool:
    """Whether the file and a ZIP of it would be given; they must agree."""
    zipped = client.post("/recordings/zip", {"recording": str(recording.recording_id)}).status_code
    assert zipped in REFUSED | {409}
    one = opened("download")(world, case, client, recording)
    assert (zipped == 409) is one, case
    return one


def noted(_world: World, _case: Case, client: Client, recording: Recording) -> bool:
    client.post(f"/recordings/{recording.recording_id}/notes", {"text": "One."})
    client.post("/recordings/note", {"text": "Two.", "recording": str(recording.recording_id)})
    written = recording.notes.count()
    assert written in (0, 2)
    return written == 2


def note_changed(world: World, case: Case, client: Client, recording: Recording) -> bool:
    note = world.note_of(case, recording)
    address = f"/recordings/{recording.recording_id}/notes/{note.note_id}"
    offered = client.get(address).status_code == 200
    client.post(address, {"text": "After.", "version": "1"})
    note.refresh_from_db()
    assert (note.text == "After.") is offered
    return offered


def note_deleted(world: World, case: Case, client: Client, recording: Recording) -> bool:
    note = world.note_of(case, recording)
    client.post(
        f"/recordings/{recording.recording_id}/notes/{note.note_id}/delete", {"version": "1"}
    )
    return not recording.notes.exists()


def sent(name: str, client: Client, recording: Recording, **more: str) -> None:
    client.post(f"/recordings/{name}", {"recording": str(recording.recording_id), **more})


def preserved(_world: World, _case: Case, client: Client, recording: Recording) -> bool:
    before = recording.preserved_at
    sent("preserve", client, recording)
    recording.refresh_from_db()
    return recording.preserved_at not in (None, before)


def released(_world: World, _case: Case, client: Client, recording: Recording) -> bool:
    was_preserved = recording.preserved_level is not None
    sent("release", client, recording)
    recording.refresh_from_db()
    return was_preserved and recording.preserved_level is None


def deleted(_world: World, _case: Case, client: Client, recording: Recording) -> bool:
    sent("delete", client, recording, confirmed="yes")
    return not recordings_in_catalogue().filter(pk=recording.pk).exists()


def reassigned(_world: World, _case: Case, client: Client, recording: Recording) -> bool:
    newcomer, _is_new = User.objects.get_or_create(username="newcomer")
    sent("assign", client, recording, confirmed="yes", username="newcomer")
    return recordings_in_catalogue().get(pk=recording.pk).owner == newcomer


DEEDS: dict[str, Answered] = {
    "see": seen,
    "play": played,
    "download": downloaded,
    "read signalling": opened("metadata"),
    "add note": noted,
    "edit note": note_changed,
    "delete note": note_deleted,
    "preserve": preserved,
    "release": released,
    "delete": deleted,
    "reassign": reassigned,
}


def test_every_deed_of_the_table_is_asked_for_or_has_no_route_yet() -> None:
    assert {deed for row in rows() for deed in row.deeds} == set(DEEDS) | NO_ROUTE_YET


@pytest.mark.parametrize("deed", DEEDS)
def test_the_portal_does_as_the_table_says(world: World, deed: str) -> None:
    wrong = []
    for case in cases(deed):
        with transaction.atomic():
            SystemSettings.objects.update(
                download_level=LOWEST[case.download], delete_level=LOWEST[case.delete]
            )
            recording = world.recording_of(case)
            client = world.clients[case.level, case.has_group]
            if DEEDS[deed](world, case, client, recording) is not is_allowed(case):
                wrong.append(case)
            transaction.set_rollback(True)
    assert wrong[:3] == []


@pytest.mark.parametrize("deed", DEEDS)
def test_who_was_deactivated_may_nothing_whatever_the_level(world: World, deed: str) -> None:
    User.objects.update(is_active=False)
    note = "own base" if deed in ("edit note", "delete note") else ""
    for level, has_group in PEOPLE:
        case = Case(deed, level, "own", False, has_group, preserved_by="base", note=note)
        recording = world.recording_of(case)
        assert not DEEDS[deed](world, case, world.clients[level, has_group], recording)
