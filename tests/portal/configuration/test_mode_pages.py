"""The page *Recording modes*, and the mode of a person."""

from typing import ClassVar

import pytest
from django.test import Client

from callvault.policy.modes import Keeping, Modes, Pauses, RecordingMode
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision, RecordingModes
from callvault.portal.people.models import User
from callvault.portal.snapshot import build_snapshot
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
MODES = "/settings/modes"
LIVE_KEEP = {"keep_within_s": "120", "keeps_unmarked": "no"}


class TestModes(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = MODES


@pytest.fixture
def groups(ann: User) -> list[str]:
    """Give the page two groups: those that people are in, by name."""
    User.objects.create_user("zoe", group="Claims")
    return ["Claims", "sales"]


@pytest.mark.usefixtures("groups")
def test_a_group_gets_a_mode_audited_and_told_to_recorders(rita_client: Client) -> None:
    sent = {"version": "0", "of_pilot": "on_demand", "group-0": "", "group-1": "never"}
    assert rita_client.post(MODES, LIVE_KEEP | sent).status_code == 302
    assert build_snapshot().modes == Modes(
        {"sales": RecordingMode.NEVER}, of_pilot=RecordingMode.ON_DEMAND
    )
    assert PolicyRevision.current() == 1
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert (entry.object_kind, entry.detail) == (
        "modes",
        {
            "version": 1,
            "fields": ["by_group", "of_pilot"],
            "old": {"by_group": {}, "of_pilot": ""},
            "new": {"by_group": {"sales": "never"}, "of_pilot": "on_demand"},
        },
    )
    page = rita_client.get(MODES)
    check_policy(page)
    assert b'<option value="never" selected>' in page.content


@pytest.mark.usefixtures("groups")
def test_a_mode_is_taken_back_and_one_of_a_group_of_nobody_is_still_shown(
    rita_client: Client,
) -> None:
    RecordingModes.objects.create(by_group={"sales": "never", "Gone": "never"})
    assert b"Gone" in rita_client.get(MODES).content
    sent = {"version": "1", "group-0": "always_on", "group-1": "never", "group-2": ""}
    rita_client.post(MODES, LIVE_KEEP | sent)
    assert RecordingModes.load().by_group == {"Claims": "always_on", "Gone": "never"}


@pytest.mark.usefixtures("groups")
def test_what_somebody_saved_meanwhile_is_not_overwritten_unseen(rita_client: Client) -> None:
    rita_client.post(MODES, LIVE_KEEP | {"version": "0", "group-1": "never"})
    late = rita_client.post(MODES, LIVE_KEEP | {"version": "0", "group-0": "never"})
    assert late.status_code == 422
    assert RecordingModes.load().by_group == {"sales": "never"}
    assert b'name="version" value="1"' in late.content


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize("mode", ["sometimes", "x" * 1000])
def test_a_mode_that_is_none_is_refused(rita_client: Client, mode: str) -> None:
    sent = LIVE_KEEP | {"version": "0", "group-0": mode}
    assert rita_client.post(MODES, sent).status_code == 422
    assert not RecordingModes.objects.exists()


def test_a_person_with_a_mode_is_listed(rita_client: Client, ann: User) -> None:
    assert b"Ann Keller" not in rita_client.get(MODES).content
    User.objects.filter(pk=ann.pk).update(mode="never")
    assert b"Ann Keller" in rita_client.get(MODES).content


def test_a_person_gets_a_mode_by_the_form(rita_client: Client, ann: User) -> None:
    url = f"/people/{ann.public_id}"
    sent = {
        "username": "ann",
        "extension": "2014",
        "level": "20",
        "is_active": "on",
        "version": "1",
    }
    answer = rita_client.post(url, sent | {"mode": "never"})
    assert answer.status_code == 302
    (person,) = [one for one in build_snapshot().people if one.username == "ann"]
    assert person.mode is RecordingMode.NEVER
    entry = AuditEntry.objects.get(action=Action.PERSON_CHANGED)
    assert (entry.detail["old"]["mode"], entry.detail["new"]["mode"]) == ("", "never")


def test_how_long_a_pause_may_last_is_set_audited_and_told_to_recorders(
    rita_client: Client,
) -> None:
    assert build_snapshot().modes.pauses == Pauses()
    sent = LIVE_KEEP | {"version": "0", "pause_alarm_min": "5", "pause_resume_min": "0"}
    assert rita_client.post(MODES, sent).status_code == 302
    assert build_snapshot().modes.pauses == Pauses(alarm_after_s=300, resume_after_s=0)
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.detail["new"] == {"pause_alarm_min": 5, "pause_resume_min": 0}
    too_long = rita_client.post(MODES, sent | {"version": "1", "pause_alarm_min": "1441"})
    assert too_long.status_code == 422


def test_how_live_keep_goes_is_set_and_audited(rita_client: Client) -> None:
    sent = {"version": "0", "keep_within_s": "300", "keeps_unmarked": "yes"}
    assert rita_client.post(MODES, sent).status_code == 302
    assert build_snapshot().modes.keeping == Keeping(300, keeps_unmarked=True)
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.detail["old"] == {"keep_within_s": 120, "keeps_unmarked": False}
    assert entry.detail["new"] == {"keep_within_s": 300, "keeps_unmarked": True}
    assert b'value="300"' in rita_client.get(MODES).content


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep_within_s": "-1"},
        {"keep_within_s": "3601"},
        {"keep_within_s": ""},
        {"keeps_unmarked": "x"},
    ],
)
def test_a_setting_of_live_keep_that_is_none_is_refused(
    rita_client: Client, wrong: dict[str, str]
) -> None:
    assert rita_client.post(MODES, LIVE_KEEP | {"version": "0"} | wrong).status_code == 422
    assert not RecordingModes.objects.exists()
