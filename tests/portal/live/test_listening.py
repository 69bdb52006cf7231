"""Who may listen to a call in progress, what they hear, and what is told of it."""

from uuid import UUID

import pytest
from django.core import signing
from django.test import Client

from callvault.monitoring.live_calls import HEARD
from callvault.portal.audit.models import Action, AuditEntry
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
