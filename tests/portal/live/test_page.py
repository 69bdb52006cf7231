"""The page of live calls: who sees which, what it says, and pause and resume."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from callvault.monitoring.live_calls import CONTROL_FILE, ControlDoor
from callvault.portal.access.models import OpenSession
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from tests.portal.gated import check_policy

from .conftest import Recorder, call_of

pytestmark = pytest.mark.django_db
ON_DEMAND: dict[str, object] = {"mode": "on_demand"}
CALL = f"/live/{UUID(int=1)}"


def page_for(client: Client, person: User, address: str = "/live/") -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    check_policy(answer)
    return answer.content.decode()


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        ("ann", {1}),
        ("sam", {1}),  # supervises Ann's group
        ("otto", set()),
        ("rita", {1, 2, 3}),
    ],
)
def test_each_sees_the_calls_whose_recordings_they_may_see(
    who: str,
    shown: set[int],
    client: Client,
    recorder: Recorder,
    ann: User,
    request: pytest.FixtureRequest,
) -> None:
    bea = User.objects.create_user("bea", first_name="Bea", extension="2050", group="ward")
    recorder.calls = [call_of(ann, 1), call_of(bea, 2), call_of(None, 3)]
    for person in ("sam", "otto", "rita"):
        request.getfixturevalue(person)
    text = page_for(client, User.objects.get(username=who))
    assert {one for one in (1, 2, 3) if f"/live/{UUID(int=one)}/" in text} == shown
    assert ("Nobody is on the phone" in text) is not bool(shown)


def test_who_may_only_record_sees_and_pauses_their_own_call_alone(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    ann.level = Level.RECORD_ONLY
    ann.save()
    recorder.calls = [call_of(ann, 1), call_of(sam, 2)]
    text = page_for(client, ann)
    assert f"{CALL}/pause" in text
    assert str(UUID(int=2)) not in text
    assert client.get("/")["Location"] == "/live/"
    assert client.post(f"{CALL}/pause").status_code == 302
    client.post(f"/live/{UUID(int=2)}/pause")
    asked = {"who": "Ann Keller", "detail": "", "owners": None}
    assert recorder.asked == [(f"/calls/{UUID(int=1)}/pause", asked)]


def test_a_pause_is_done_audited_and_shown(
    client: Client, recorder: Recorder, ann: User, rita: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(rita)
    assert client.post(f"{CALL}/pause").status_code == 302
    assert client.post(f"{CALL}/resume", headers={"HX-Request": "true"}).status_code == 200
    assert [path.rpartition("/")[2] for path, _asked in recorder.asked] == ["pause", "resume"]
    entries = AuditEntry.objects.filter(action__in=[Action.CALL_PAUSED, Action.CALL_RESUMED])
    assert [(one.actor, one.object_id, one.detail) for one in entries] == [
        (
            rita,
            str(UUID(int=1)),
            {"owners": [str(ann.public_id)], "trunk": "Main SBC", "is_on_disk": True},
        )
    ] * 2
    recorder.calls = [
        call_of(ann, is_paused=True, paused_by="Rita Marsh", paused_at_ns=recorder_ns())
    ]
    text = page_for(client, rita)
    for part in ("Paused", "Rita Marsh", f"{CALL}/resume", "Paul Remote", "+1 555 "):
        assert part in text.replace("\u00a0", " ")
    assert f"{CALL}/pause" not in text


def test_a_pause_may_have_a_reason_which_is_audited(
    client: Client, recorder: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann)]
    assert f'href="{CALL}/pause-for"' in page_for(client, ann)
    form = client.get(f"{CALL}/pause-for")
    check_policy(form)
    assert "Pause the recording of Ann Keller" in form.content.decode()
    too_long = client.post(f"{CALL}/pause-for", {"reason": "x" * 201})
    assert too_long.status_code == 422
    assert recorder.asked == []
    answer = client.post(f"{CALL}/pause-for", {"reason": "card payment"})
    assert (answer.status_code, answer["Location"]) == (302, "/live/")
    asked = {"who": "Ann Keller", "detail": "card payment", "owners": None}
    assert recorder.asked == [(f"/calls/{UUID(int=1)}/pause", asked)]
    entry = AuditEntry.objects.get(action=Action.CALL_PAUSED)
    assert entry.detail["reason"] == "card payment"


def test_a_pause_with_a_reason_that_cannot_be_says_why(
    client: Client, recorder: Recorder, ann: User, otto: User
) -> None:
    recorder.calls, recorder.status = [call_of(ann)], 503
    client.force_login(otto)
    answer = client.get(f"{CALL}/pause-for")
    assert (answer.status_code, answer["Location"]) == (302, "/live/")
    assert "This call is over." in client.post(f"{CALL}/pause-for").content.decode()
    assert recorder.asked == []
    client.force_login(ann)
    told = client.post(f"{CALL}/pause-for", {"reason": "card"}).content.decode()
    assert "the disk did not take the pause" in told


def recorder_ns() -> int:
    return int(timezone.now().timestamp() * 1e9)


@pytest.mark.parametrize(
    ("deed", "status", "told"),
    [
        ("pause", 404, "This call is over."),
        ("pause", 409, "This call is over."),
        ("pause", 503, "Nothing is kept of the call now"),
        ("resume", 503, "the recording stays paused"),
        ("start", 503, "the disk did not take it"),
        ("stop", 422, "not recorded in a mode"),
        ("resume", 500, "The recorder does not answer"),
    ],
)
def test_what_went_wrong_is_said(
    deed: str, status: int, told: str, client: Client, recorder: Recorder, ann: User
) -> None:
    owned = ON_DEMAND if deed in ("start", "stop") else {}
    recorder.calls, recorder.status = [call_of(ann, owned=owned)], status
    client.force_login(ann)
    assert told in client.post(f"{CALL}/{deed}").content.decode()
    kept = AuditEntry.objects.filter(action__startswith="call_")
    assert [one.detail["is_on_disk"] for one in kept] == ([False] if status == 503 else [])


def test_what_is_no_deed_or_no_post_does_nothing(
    client: Client, recorder: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(ann)
    assert client.post(f"{CALL}/delete").status_code == 404
    assert client.get(f"{CALL}/pause").status_code == 405
    assert Client().get("/live/").status_code == 302
    assert recorder.asked == []


def test_without_a_recorder_the_page_says_so_calmly(
    client: Client, ann: User, data_folder: Path
) -> None:
    assert "No recorder runs" in page_for(client, ann)
    path = data_folder / CONTROL_FILE
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode(ControlDoor(1, "x")))  # nobody listens there
    assert "The recorder does not answer just now" in page_for(client, ann)
    path.write_bytes(b"{")
    assert "No recorder runs" in page_for(client, ann)


def test_a_level_that_is_not_known_is_said_to_be_so(
    client: Client, recorder: Recorder, ann: User
) -> None:
    silent = {"level_dbfs": None, "level_unknown": "G729"}
    recorder.calls = [call_of(ann, owned=silent)]
    assert "Level unknown (G729)" in page_for(client, ann)
    recorder.calls = [call_of(ann, owned={**silent, "level_unknown": "…"})]
    assert "Level unknown<" in page_for(client, ann)
    recorder.calls = [call_of(ann, owned={**silent, "remote_level_dbfs": -9.0})]
    assert "Level unknown" not in page_for(client, ann)


def test_states_beside_a_pause_that_was_asked_for(
    client: Client, recorder: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann, may_keep=False)]
    text = page_for(client, ann)
    assert "Not kept" in text
    assert f"{CALL}/pause" not in text
    recorder.calls = [call_of(ann, is_held=True)]
    assert "for the other number" in page_for(client, ann)
    recorder.calls = [call_of(None, is_held=True)]
    ann.level = Level.ADMINISTRATOR
    ann.save()
    assert "until it is known whose call it is" in page_for(client, ann)
    recorder.calls = [call_of(ann, is_paused_by_src=True)]
    assert "by the phone system" in page_for(client, ann)


def test_a_call_on_demand_is_started_and_stopped_by_its_user_and_audited(
    client: Client, recorder: Recorder, ann: User
) -> None:
    ann.level = Level.RECORD_ONLY
    ann.save()
    recorder.calls = [call_of(ann, may_keep=False, owned=ON_DEMAND)]
    text = page_for(client, ann)
    assert "Not started" in text
    assert f"{CALL}/start" in text
    assert f"{CALL}/pause" not in text
    assert client.post(f"{CALL}/start").status_code == 302
    recorder.calls = [call_of(ann, owned=ON_DEMAND | {"is_started": True})]
    text = page_for(client, ann)
    assert "Recording</span>" in text
    assert f"{CALL}/stop" in text
    assert f"{CALL}/pause" in text
    client.post(f"{CALL}/stop")
    mine = {"who": "Ann Keller", "detail": "", "owners": [str(ann.public_id)]}
    assert recorder.asked == [(f"/calls/{UUID(int=1)}/{deed}", mine) for deed in ("start", "stop")]
    entries = AuditEntry.objects.filter(action__in=[Action.CALL_STARTED, Action.CALL_STOPPED])
    assert [one.detail["owners"] for one in entries] == [[str(ann.public_id)]] * 2


def test_where_the_phone_system_sends_nothing_there_is_no_button_that_cannot_work(
    client: Client, recorder: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann, may_keep=False, has_no_media=True, owned=ON_DEMAND)]
    text = page_for(client, ann)
    assert "press its own record key" in text
    assert f"{CALL}/start" not in text


def test_who_sees_one_of_two_users_starts_the_recording_of_that_one_alone(
    client: Client, recorder: Recorder, ann: User, rita: User
) -> None:
    (mine,) = call_of(ann, owned=ON_DEMAND).owners
    (other,) = call_of(rita, owned=ON_DEMAND).owners
    recorder.calls = [call_of(ann, owners=(other, mine))]
    client.force_login(ann)
    client.post(f"{CALL}/start")
    assert [asked["owners"] for _path, asked in recorder.asked] == [[str(ann.public_id)]]


@pytest.mark.parametrize("deed", ["start", "stop"])
def test_an_always_on_call_is_not_started(
    client: Client, recorder: Recorder, ann: User, deed: str
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(ann)
    assert "not recorded in a mode" in client.post(f"{CALL}/{deed}").content.decode()
    assert recorder.asked == []


def test_a_page_that_asks_by_itself_keeps_no_session_alive(
    client: Client, recorder: Recorder, ann: User
) -> None:
    client.force_login(ann)
    client.get("/live/")
    long_ago = timezone.now() - timedelta(minutes=5)
    OpenSession.objects.update(last_used_at=long_ago)
    assert client.get("/live/table").status_code == 200
    assert OpenSession.objects.get().last_used_at == long_ago
    client.get("/live/")
    assert OpenSession.objects.get().last_used_at > long_ago
