"""Who may listen to a call in progress, what they hear, and what is told of it."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from callvault.monitoring.live_calls import HEARD
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.live.models import OpenListening
from callvault.portal.live.open_listening import GONE_AFTER, NOTED_EVERY, end_gone
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .conftest import LISTENER, Recorder, call_of

pytestmark = pytest.mark.django_db
CALL = f"/live/{UUID(int=1)}/listen"
LISTEN = "Listen to the call of Ann Keller"


def begun(client: Client) -> str:
    answer = client.post(CALL)
    assert answer.status_code == 200
    return str(answer.json()["listening"])


def heard(client: Client, token: str) -> tuple[int, bytes]:
    answer = client.get("/live/heard", headers={"Callvault-Listening": token})
    return answer.status_code, answer.content


def told() -> list[Action]:
    listening = (Action.CALL_LISTENED, Action.CALL_LISTENING_ENDED)
    found = AuditEntry.objects.filter(action__in=listening).order_by("pk")
    return [Action(one.action) for one in found]


@pytest.mark.parametrize(
    ("who", "may"), [("ann", False), ("sam", True), ("otto", False), ("rita", True)]
)
def test_supervisors_of_the_group_and_administrators_listen_and_nobody_else(
    who: str,
    may: bool,
    client: Client,
    recorder: Recorder,
    ann: User,
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue(who)
    recorder.calls = [call_of(ann)]
    client.force_login(User.objects.get(username=who))
    assert (LISTEN in client.get("/live/").content.decode()) is may
    answer = client.post(CALL)
    assert (answer.status_code == 200) is may
    assert told() == ([Action.CALL_LISTENED] if may else [])
    asked = [body for path, body in recorder.asked if path.endswith("/listen")]
    assert asked == ([{"owner": str(ann.public_id)}] if may else [])


def test_nobodys_call_is_for_administrators(
    client: Client, recorder: Recorder, sam: User, rita: User
) -> None:
    recorder.calls = [call_of(None)]
    client.force_login(sam)
    assert client.post(CALL).status_code == 404
    client.force_login(rita)
    assert heard(client, begun(client)) == (200, recorder.pcm)


def test_what_is_heard_comes_from_the_recorder_until_the_call_is_over(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(sam)
    token = begun(client)
    answer = client.get("/live/heard", headers={"Callvault-Listening": token})
    assert (answer.headers[HEARD], answer.content) == ("call", recorder.pcm)
    assert "no-store" in answer.headers["Cache-Control"]
    recorder.pcm = None
    assert heard(client, token)[0] == 410
    recorder.pcm, recorder.calls = b"\1\0\2\0", []
    assert heard(client, token)[0] == 410
    assert client.post("/live/leave", {"listening": token}).status_code == 204
    assert (f"/listeners/{LISTENER}/stop", {}) in recorder.asked
    assert told() == [Action.CALL_LISTENED, Action.CALL_LISTENING_ENDED]


def ends() -> list[tuple[str, object, object]]:
    found = AuditEntry.objects.filter(action=Action.CALL_LISTENING_ENDED).order_by("pk")
    return [(one.actor_name, one.detail["why"], one.detail["seconds"]) for one in found]


def test_the_end_is_written_down_once_with_its_length(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(sam)
    for _ in range(2):
        token = begun(client)
        begun_at = OpenListening.objects.get().begun_at
        OpenListening.objects.update(begun_at=begun_at - timedelta(seconds=90))
        for _ in range(2):
            assert client.post("/live/leave", {"listening": token}).status_code == 204
    assert ends() == [("sam", "left", 90)] * 2
    token = begun(client)
    recorder.calls = []
    assert heard(client, token)[0] == 410
    assert ends()[2:] == [("sam", "over", 0)]


def test_who_asks_no_more_has_ended_and_hears_nothing_after_it(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(sam)
    token = begun(client)
    row = OpenListening.objects.get()
    OpenListening.objects.update(
        begun_at=row.begun_at - timedelta(seconds=60), heard_at=row.heard_at - NOTED_EVERY
    )
    assert heard(client, token) == (200, recorder.pcm)  # noted again
    now = timezone.now()
    assert end_gone(now + GONE_AFTER - timedelta(seconds=5)) == 0
    assert end_gone(now + GONE_AFTER + timedelta(seconds=5)) == 1
    assert end_gone(now + GONE_AFTER + timedelta(seconds=5)) == 0
    assert ends() == [("sam", "gone", 60)]
    assert heard(client, token) == (410, b"")
    assert len(ends()) == 1


def test_rights_that_are_taken_away_end_it(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(sam)
    token = begun(client)
    User.objects.filter(pk=sam.pk).update(level=Level.BASE)
    assert heard(client, token) == (410, b"")


def test_a_word_is_of_use_to_nobody_else(
    client: Client, recorder: Recorder, ann: User, sam: User, rita: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(sam)
    token = begun(client)
    client.force_login(rita)
    forged = signing.dumps(["x"], salt="another")
    assert [heard(client, one)[0] for one in (token, forged, "", token[:-1])] == [404] * 4
    assert client.post("/live/leave", {"listening": token}).status_code == 404


def test_too_many_listeners_and_no_recorder_are_said(
    client: Client, recorder: Recorder, ann: User, rita: User
) -> None:
    recorder.calls, recorder.status = [call_of(ann)], 429
    client.force_login(rita)
    answer = client.post(CALL)
    assert (answer.status_code, "As many people listen" in answer.json()["trouble"]) == (429, True)
    recorder.status = 500
    assert client.post(CALL).status_code == 503
    recorder.calls = []
    assert client.post(CALL).status_code == 404
    assert told() == []
