"""Calls of several nodes on one page: told, acted on and heard where they are; silence is told."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.monitoring.live_calls import CONTROL_FILE, ControlDoor
from callvault.portal.live import nodes as asking
from callvault.portal.nodes.doors import _purpose, doors_of_others
from callvault.portal.nodes.reports import Report, put_report
from callvault.portal.people.models import User
from callvault.portal.sealing import seal
from callvault.portal.status import Heartbeat

from .conftest import TOKEN, Recorder, call_of, ended_call_of, served
from .test_page import page_for

pytestmark = pytest.mark.django_db
FAR_CALL = f"/live/{UUID(int=2)}"


def report(node: str, door: ControlDoor | None, *, calls: int = 3, purpose: str = "") -> None:
    """Have a worker report a node, whose recorder is reached by a door."""
    at_ns = ns_from_utc(timezone.now())
    text = msgspec.json.encode(door).decode()
    sealed = seal(text, purpose=purpose or _purpose(node)) if door is not None else ""
    put_report(node, Report(at_ns, recorder=Heartbeat(at_ns, calls=calls)), control=sealed)


@pytest.fixture
def far(recorder: Recorder) -> Iterator[Recorder]:
    """The recorder of another node, which the catalogue tells of."""
    asking._left_alone.clear()
    told = Recorder()
    server = served(told)
    report("rec-2", ControlDoor(server.port, TOKEN))
    yield told
    server.close()


def test_calls_of_all_nodes_are_on_one_page_with_their_node(
    client: Client, recorder: Recorder, far: Recorder, ann: User
) -> None:
    recorder.calls, far.calls = [call_of(ann, 1)], [call_of(ann, 2)]
    far.ended = [ended_call_of(ann, 3)]
    text = page_for(client, ann)
    for part in (f"/live/{UUID(int=1)}/pause", f"{FAR_CALL}/pause", "rec-2", "Just ended"):
        assert part in text
    assert "rec-2 does not answer" not in text


def test_what_is_asked_of_a_call_goes_to_its_node(
    client: Client, recorder: Recorder, far: Recorder, ann: User, rita: User
) -> None:
    recorder.calls, far.calls = [call_of(ann, 1)], [call_of(ann, 2)]
    client.force_login(rita)
    assert client.post(f"{FAR_CALL}/pause").status_code == 302
    listening = client.post(f"{FAR_CALL}/listen").json()["listening"]
    heard = client.get("/live/heard", headers={"Callvault-Listening": listening})
    assert (heard.status_code, heard.content) == (200, far.pcm)
    assert client.post("/live/leave", {"listening": listening}).status_code == 204
    assert [path.rpartition("/")[2] for path, _ in far.asked][:2] == ["pause", "listen"]
    assert recorder.asked == []


def test_what_is_asked_of_one_leg_of_cucms_is_asked_of_the_other_on_its_node(
    client: Client, recorder: Recorder, far: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann, 1, pair="a")]
    far.calls = [call_of(ann, 2, pair="a"), call_of(ann, 3, pair="b"), call_of(ann, 4)]
    client.force_login(ann)
    assert client.post(f"{FAR_CALL}/pause").status_code == 302
    assert [path for path, _ in recorder.asked] == [f"/calls/{UUID(int=1)}/pause"]
    assert [path for path, _ in far.asked] == [f"/calls/{UUID(int=2)}/pause"]
    far.status = 404  # that leg has ended meanwhile
    assert client.post(f"/live/{UUID(int=1)}/resume").status_code == 302


def test_a_node_that_dies_is_told_of_calmly_and_the_others_stay(
    client: Client, recorder: Recorder, ann: User, rita: User
) -> None:
    asking._left_alone.clear()
    recorder.calls = [call_of(ann, 1)]
    report("rec-2", ControlDoor(1, TOKEN))  # nobody listens there
    text = page_for(client, rita)
    assert f"/live/{UUID(int=1)}/pause" in text
    for part in ("rec-2 does not answer just now.", "It had 3 calls when it reported last,"):
        assert part in text
    asked = client.post(f"{FAR_CALL}/pause", headers={"HX-Request": "true"}).content.decode()
    assert "The recorder does not answer; nothing was changed" in asked  # not: the call is over


def test_a_node_that_did_not_answer_is_left_alone_until_it_was_started_again(
    client: Client, recorder: Recorder, far: Recorder, rita: User
) -> None:
    (known,) = doors_of_others("", now=timezone.now())
    asking._left_alone[asking._key(known)] = time.monotonic() + 60
    assert "rec-2 does not answer just now." in page_for(client, rita)
    assert client.post(f"{FAR_CALL}/pause").status_code == 200  # who asks for a deed waits for it
    assert known.door is not None
    started_anew = msgspec.structs.replace(known.door, token="drawn-anew")
    assert not asking._is_left_alone(msgspec.structs.replace(known, door=started_anew))


@pytest.mark.parametrize(
    ("door", "purpose", "told"),
    [
        (None, "", "rec-2 is not reached from other machines."),
        (ControlDoor(1, TOKEN), "another key", "its portal-secret-key is another one."),
    ],
)
def test_a_node_that_cannot_be_asked_says_what_to_do(
    door: ControlDoor | None,
    purpose: str,
    told: str,
    client: Client,
    recorder: Recorder,
    rita: User,
) -> None:
    report("rec-2", door, purpose=purpose)
    assert told in page_for(client, rita)


def test_what_is_sealed_for_one_node_opens_for_no_other(recorder: Recorder, db: None) -> None:
    report("rec-2", ControlDoor(1, TOKEN), purpose=_purpose("rec-3"))
    (found,) = doors_of_others("rec-1", now=timezone.now())
    assert (found.door, found.problem) == (None, "key")


def test_nodes_that_stopped_or_are_long_gone_are_neither_asked_nor_missed(
    recorder: Recorder, db: None
) -> None:
    now = timezone.now()
    at_ns = ns_from_utc(now)
    put_report("rec-2", Report(at_ns, recorder=Heartbeat(at_ns, is_stopped=True)))
    put_report("rec-3", Report(at_ns))  # no recorder runs there, nor did one die
    put_report("rec-4", Report(at_ns - 2 * 3_600_000_000_000, recorder=Heartbeat(at_ns)))
    assert doors_of_others("rec-1", now=now) == []
    put_report("rec-3", Report(at_ns), control="of one that was killed")
    assert [one.node for one in doors_of_others("rec-1", now=now)] == ["rec-3"]


def test_without_a_recorder_beside_the_portal_those_of_other_nodes_are_told(
    client: Client, recorder: Recorder, far: Recorder, ann: User, data_folder: Path
) -> None:
    (data_folder / CONTROL_FILE).unlink()
    far.calls = [call_of(ann, 2)]
    assert f"{FAR_CALL}/pause" in page_for(client, ann)
