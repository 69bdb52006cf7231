"""Legal holds: what they cover is destroyed by nobody until two persons release them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.db.models import ProtectedError
from django.test import Client

from callvault.errors import LegalHoldActive
from callvault.policy.decision import Party
from callvault.policy.retention import Preset, RetentionRule
from callvault.policy.retention_change import Rules
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.holds import covering, placing
from callvault.portal.holds.models import HeldRecording, Kind, LegalHold
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings import deletion
from callvault.portal.recordings.models import Recording, Tombstone
from callvault.portal.recordings.permissions import Refused
from callvault.portal.retention.fate import Why, fate_of
from callvault.portal.retention.models import RetentionSettings
from callvault.portal.retention.sweep import sweep
from callvault.portal.subjects import erasure
from callvault.portal.subjects.subject import number_subject
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import Spoken, list_recording
from tests.portal.gated import GatedViewTest

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.fixture
def carl(db: None) -> User:
    """Another administrator."""
    return User.objects.create_user("carl", level=Level.ADMINISTRATOR, first_name="Carl")


def on_ann(rita: User, ann: User) -> LegalHold:
    hold = LegalHold(matter="Case 4711", kind=Kind.PERSON, person=ann)
    return placing.place(request_of(rita), hold)


def on_number(rita: User, number: str = "+15550142") -> LegalHold:
    hold = LegalHold(matter="Case 4712", kind=Kind.NUMBER, number=number)
    return placing.place(request_of(rita), hold)


def fresh(recording: Recording) -> Recording:
    recording.refresh_from_db()
    return recording


def release(hold: LegalHold, first: User, second: User) -> None:
    placing.ask_release(request_of(first), hold, "The case is over.")
    hold.refresh_from_db()
    placing.confirm_release(request_of(second), hold, now=NOW)
    hold.refresh_from_db()


class TestIndex(GatedViewTest):
    url = "/holds/"


class TestNew(GatedViewTest):
    url = "/holds/new"


def test_a_held_recording_cannot_be_deleted_in_any_way(
    ann: User, rita: User, data_folder: object
) -> None:
    recording = list_recording(ann)
    on_ann(rita, ann)
    with pytest.raises(Refused) as refused:
        deletion.delete_recording(request_of(rita), fresh(recording))
    assert str(refused.value) == "held"
    with pytest.raises(LegalHoldActive):
        deletion.bury(None, fresh(recording), cause="retention")
    with pytest.raises(ProtectedError):
        recording.delete()
    subject = number_subject("+15550142")
    assert subject is not None
    assert erasure.preview(subject, rita) == {"held": 1}
    assert not Tombstone.objects.exists()


def test_a_hold_covers_what_is_there_and_what_comes(ann: User, rita: User, otto: User) -> None:
    before, of_otto = list_recording(ann), list_recording(otto)
    hold = on_ann(rita, ann)
    after = list_recording(ann)
    held = {row.recording.recording_id for row in HeldRecording.objects.filter(hold=hold)}
    assert held == {before.recording_id, after.recording_id}
    assert [fresh(one).is_held for one in (before, of_otto, after)] == [True, False, True]


def test_a_number_is_held_in_every_writing(ann: User, rita: User) -> None:
    one = list_recording(ann, Spoken(remote=Party("+1 555 0142")))
    other = list_recording(ann, Spoken(remote=Party("+15550143")))
    on_number(rita)
    later = list_recording(ann)
    assert [fresh(row).is_held for row in (one, other, later)] == [True, False, True]


def test_what_was_listed_in_between_is_found(ann: User, rita: User) -> None:
    hold = on_ann(rita, ann)
    recording = list_recording(ann)
    HeldRecording.objects.all().delete()
    Recording.objects.update(is_held=False)
    assert covering.uphold_holds() == 1
    assert fresh(recording).is_held
    assert covering.uphold_holds() == 0
    assert hold.held.count() == 1


def test_workers_are_told_what_is_held(ann: User, rita: User) -> None:
    assert DjangoCatalogue().held().users == frozenset()
    on_ann(rita, ann)
    on_number(rita)
    held = DjangoCatalogue().held()
    assert held.users == {ann.public_id}
    assert "+15550142" in held.numbers


def test_two_persons_release(ann: User, rita: User, carl: User, data_folder: object) -> None:
    recording = list_recording(ann)
    hold, other = on_ann(rita, ann), on_number(rita)
    with pytest.raises(placing.ReleaseRefused, match="Nobody has asked"):
        placing.confirm_release(request_of(carl), hold, now=NOW)
    placing.ask_release(request_of(rita), hold, "Settled.")
    hold.refresh_from_db()
    with pytest.raises(placing.ReleaseRefused, match="another administrator"):
        placing.confirm_release(request_of(rita), hold, now=NOW)
    assert fresh(recording).is_held
    assert placing.confirm_release(request_of(carl), hold, now=NOW) == 1
    assert fresh(recording).is_held  # by the other one
    release(other, carl, rita)
    assert not fresh(recording).is_held
    assert (other.covered, other.released_by_name) == (1, rita.get_full_name())
    deletion.delete_recording(request_of(rita), fresh(recording))
    with pytest.raises(placing.ReleaseRefused, match="already"):
        placing.confirm_release(request_of(carl), hold, now=NOW)


def test_who_asked_must_still_be_an_administrator(ann: User, rita: User, carl: User) -> None:
    hold = on_ann(rita, ann)
    placing.ask_release(request_of(carl), hold, "Settled.")
    User.objects.filter(pk=carl.pk).update(is_active=False)
    hold.refresh_from_db()
    with pytest.raises(placing.ReleaseRefused, match="no administrator any more"):
        placing.confirm_release(request_of(rita), hold, now=NOW)
    carl.delete()
    hold.refresh_from_db()
    with pytest.raises(placing.ReleaseRefused, match="no administrator any more"):
        placing.confirm_release(request_of(rita), hold, now=NOW)
    placing.withdraw_release(request_of(rita), hold)
    hold.refresh_from_db()
    assert hold.release_asked_at is None


def test_a_deleted_persons_recordings_stay_held(ann: User, rita: User) -> None:
    recording = list_recording(ann)
    hold = on_ann(rita, ann)
    ann.delete()
    hold.refresh_from_db()
    assert (hold.person, hold.person_name) == (None, "Ann Keller")
    covering.uphold_holds()
    assert fresh(recording).is_held


def test_each_step_is_in_the_audit_log(ann: User, rita: User, carl: User) -> None:
    recording = list_recording(ann)
    hold = on_ann(rita, ann)
    placing.ask_release(request_of(rita), hold, "Settled.")
    placing.withdraw_release(request_of(rita), hold)
    release(hold, rita, carl)
    actions = [
        Action.HOLD_PLACED,
        Action.HOLD_RELEASE_ASKED,
        Action.HOLD_RELEASE_WITHDRAWN,
        Action.HOLD_RELEASE_ASKED,
        Action.HOLD_RELEASED,
    ]
    entries = list(AuditEntry.objects.filter(object_kind="hold").order_by("pk"))
    assert [entry.action for entry in entries] == actions
    assert entries[0].detail["recordings"] == 1
    assert entries[0].detail["sha256"] == entries[-1].detail["sha256"]
    assert entries[-1].detail["asked_by"] == rita.get_full_name()
    assert str(recording.recording_id) not in str(entries[0].detail)


def test_chosen_recordings_are_held_from_the_list(
    rita_client: Client, ann: User, data_folder: object
) -> None:
    one, other = list_recording(ann), list_recording(ann)
    chosen = {"recording": [str(one.recording_id)], "next": "/recordings/"}
    asked = rita_client.post("/holds/recordings", chosen).content.decode()
    assert "Place 1 recording under a legal hold" in asked
    assert rita_client.post("/holds/recordings", chosen | {"matter": ""}).status_code == 422
    placed = rita_client.post("/holds/recordings", chosen | {"matter": "Case 9"})
    assert placed["Location"] == "/recordings/"
    assert [fresh(row).is_held for row in (one, other)] == [True, False]
    page = rita_client.get(f"/recordings/{one.recording_id}/").content.decode()
    assert "Under a legal hold" in page
    assert "Case 9" in page
    assert "Not possible: under a legal hold" in page
    assert "Legal hold" in rita_client.get("/recordings/").content.decode()


def test_a_hold_is_placed_and_released_on_its_pages(
    rita_client: Client, ann: User, carl: User
) -> None:
    list_recording(ann)
    bad = rita_client.post("/holds/new", {"about": "nobody at all", "matter": "Case"})
    assert bad.status_code == 422
    assert "Nobody has this user name" in bad.content.decode()
    made = rita_client.post("/holds/new", {"about": "ANN", "matter": "Case 4711"})
    assert "Case 4711" in rita_client.get("/holds/").content.decode()
    url = made["Location"]
    assert rita_client.post(f"{url}/release", {"reason": ""}).status_code == 422
    rita_client.post(f"{url}/release", {"reason": "Settled."})
    own = rita_client.post(f"{url}/release", {"confirm": "1"})
    assert own.status_code == 409
    assert "another administrator has to confirm" in own.content.decode()
    rita_client.force_login(carl)
    assert "Release the hold" in rita_client.get(url).content.decode()
    assert rita_client.post(f"{url}/release", {"confirm": "1"}).status_code == 302
    assert LegalHold.objects.get().released_at is not None
    assert "No hold is in force." in rita_client.get("/holds/").content.decode()
    assert "Case 4711" in rita_client.get("/holds/?state=all").content.decode()


def test_retention_spares_what_is_held(ann: User, rita: User, data_folder: object) -> None:
    held = list_recording(ann, Spoken(remote=Party("+15550142")))
    other = list_recording(ann, Spoken(remote=Party("+15550143")))
    on_number(rita)
    rules = Rules(RetentionRule(Preset.FOUR_HOURS))
    RetentionSettings.objects.create(rules=msgspec.to_builtins(rules))
    later = held.ended_at + timedelta(days=400)
    assert fate_of(fresh(held), now=later).why is Why.HELD
    assert sweep(later, holder="node-1") == 1
    assert fresh(held).is_held
    assert not Recording.objects.filter(pk=other.pk).exists()


def test_a_released_hold_covers_nothing_more(ann: User, rita: User, carl: User) -> None:
    hold = on_ann(rita, ann)
    stale = LegalHold.objects.get(pk=hold.pk)
    release(hold, rita, carl)
    recording = list_recording(ann)
    assert covering.cover(stale, covering.covered_by(stale)) == 0
    assert not fresh(recording).is_held


def test_marks_that_two_changes_left_wrong_are_mended(ann: User, rita: User) -> None:
    held, free = list_recording(ann), list_recording(ann, Spoken(remote=Party("+15550143")))
    on_number(rita)
    Recording.objects.filter(pk=held.pk).update(is_held=False)
    Recording.objects.filter(pk=free.pk).update(is_held=True)
    assert covering.uphold_holds() == 2
    assert [fresh(row).is_held for row in (held, free)] == [True, False]


def test_one_that_is_held_after_all_does_not_stop_the_sweep(
    ann: User, rita: User, data_folder: object
) -> None:
    held, other = list_recording(ann), list_recording(ann, Spoken(remote=Party("+15550143")))
    on_number(rita)
    Recording.objects.update(is_held=False)
    rules = Rules(RetentionRule(Preset.FOUR_HOURS))
    RetentionSettings.objects.create(rules=msgspec.to_builtins(rules))
    assert sweep(held.ended_at + timedelta(days=1), holder="node-1") == 1
    assert list(Recording.objects.values_list("pk", flat=True)) == [held.pk]
    assert other.pk != held.pk


def test_a_number_in_the_matter_stays_out_of_the_audit_log(rita: User, ann: User) -> None:
    hold = LegalHold(matter="Complaint +1 555 0142", kind=Kind.PERSON, person=ann)
    placing.place(request_of(rita), hold)
    assert "0142" not in str(AuditEntry.objects.get(action=Action.HOLD_PLACED).detail)
