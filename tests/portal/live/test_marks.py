"""Calls in live-keep mode on the page of live calls: marked while they run and just after."""

from uuid import UUID

import pytest
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import RecordingModes
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .conftest import Recorder, call_of, ended_call_of
from .test_page import page_for

pytestmark = pytest.mark.django_db
CALL = f"/live/{UUID(int=1)}"


@pytest.mark.parametrize(
    ("mark", "by_default", "told", "deeds"),
    [
        ("", False, "destroyed unless kept", {"keep"}),
        ("", True, "kept unless dropped", {"drop"}),
        ("kept", False, "Kept</span>", {"drop"}),
        ("dropped", True, "to be destroyed", {"keep"}),
    ],
)
def test_a_running_call_says_what_becomes_of_it_and_takes_the_other_mark(
    client: Client,
    recorder: Recorder,
    ann: User,
    mark: str,
    told: str,
    deeds: set[str],
    *,
    by_default: bool,
) -> None:
    RecordingModes.objects.create(keeps_unmarked=by_default)
    recorder.calls = [call_of(ann, owned={"mode": "live_keep", "mark": mark})]
    text = page_for(client, ann)
    assert told in text
    assert {one for one in ("keep", "drop") if f"{CALL}/{one}" in text} == deeds
    assert f"{CALL}/pause" in text
    assert "Just ended" not in text


@pytest.mark.parametrize(
    ("mark", "by_default", "deeds"),
    [
        ("", False, {"keep"}),
        ("", True, {"drop"}),
        ("kept", True, set()),  # that is for good
        ("dropped", False, {"keep"}),
    ],
)
def test_a_call_that_is_over_takes_a_mark_that_changes_something(
    client: Client, recorder: Recorder, ann: User, mark: str, deeds: set[str], *, by_default: bool
) -> None:
    recorder.ended = [ended_call_of(ann, mark=mark, keeps_unmarked=by_default)]
    text = page_for(client, ann)
    assert "Just ended" in text
    assert {one for one in ("keep", "drop") if f"{CALL}/{one}" in text} == deeds


@pytest.mark.parametrize("deed", ["keep", "drop"])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_mark_is_given_for_whom_one_sees_and_audited(
    client: Client, recorder: Recorder, ann: User, sam: User, deed: str, *, is_over: bool
) -> None:
    ann.level = Level.RECORD_ONLY
    ann.save()
    (mine,) = ended_call_of(ann).owners
    (other,) = ended_call_of(sam).owners
    if is_over:
        recorder.ended = [ended_call_of(ann, owners=(other, mine))]
    else:
        recorder.calls = [call_of(ann, owners=(other, mine))]
    client.force_login(ann)
    assert client.post(f"{CALL}/{deed}").status_code == 302
    asked = {"who": "Ann Keller", "detail": "", "owners": [str(ann.public_id)]}
    assert recorder.asked == [(f"/calls/{UUID(int=1)}/{deed}", asked)]
    action = {"keep": Action.CALL_KEPT, "drop": Action.CALL_DROPPED}[deed]
    entry = AuditEntry.objects.get(action=action)
    assert (entry.object_id, entry.detail["owners"]) == (str(UUID(int=1)), [str(ann.public_id)])


def test_calls_of_others_that_are_over_are_neither_seen_nor_marked(
    client: Client, recorder: Recorder, ann: User, otto: User
) -> None:
    recorder.ended = [ended_call_of(ann)]
    assert "Just ended" not in page_for(client, otto)
    assert "This call is over." in client.post(f"{CALL}/keep").content.decode()
    assert recorder.asked == []


def test_a_call_that_is_over_is_only_marked(client: Client, recorder: Recorder, ann: User) -> None:
    recorder.ended = [ended_call_of(ann)]
    client.force_login(ann)
    for deed in ("pause", "start"):
        assert "This call is over." in client.post(f"{CALL}/{deed}").content.decode()
    assert recorder.asked == []
