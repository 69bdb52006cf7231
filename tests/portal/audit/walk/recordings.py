"""What people do with recordings."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

import msgspec
import pytest
from django.http import HttpRequest

from callvault.finalise.catalogue import Destroyed
from callvault.monitoring.live_calls import ControlDoor, LiveCall
from callvault.portal.audit.models import Action
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.live import calls, listening
from callvault.portal.live.nodes import Answers
from callvault.portal.live.recorder import Deed, Outcome
from callvault.portal.people.gates import person_of
from callvault.portal.recordings import deletion, notes, preserving, reassigning
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import call_facts
from tests.portal.live.conftest import call_of

from . import Stage, walk


def rita_asks(stage: Stage) -> HttpRequest:
    return request_of(stage.rita_user)


def fetch(stage: Stage, what: str) -> None:
    answer = stage.rita.get(f"/recordings/{stage.recording.recording_id}/{what}")
    assert answer.status_code == 200
    b"".join(cast("Iterable[bytes]", answer))


@walk(Action.PLAYED)
def play(stage: Stage) -> None:
    fetch(stage, "audio")
    fetch(stage, "audio")  # a seek is no second playing


@walk(Action.DOWNLOADED)
def download(stage: Stage) -> None:
    fetch(stage, "download")


@walk(Action.SIGNALLING_READ)
def read_signalling(stage: Stage) -> None:
    fetch(stage, "metadata")


@walk(Action.SEARCHED)
def search(stage: Stage) -> None:
    stage.ann_client.get("/recordings/mine/?q=%2B1 555 0142")  # is no administrator
    stage.rita.get("/recordings/?q=%2B1 555 0142&direction=in")
    stage.rita.get("/recordings/?q=%2B1 555 0142&direction=in&rows=25")


@walk(Action.REASSIGNED)
def give_to_another_owner(stage: Stage) -> None:
    rita = rita_asks(stage)
    reassigning.reassign(rita, stage.recording, person_of(rita))


@walk(Action.PRESERVED)
def preserve(stage: Stage) -> None:
    preserving.preserve(rita_asks(stage), stage.recording)


@walk(Action.RELEASED)
def release(stage: Stage) -> None:
    preserve(stage)
    preserving.release(rita_asks(stage), stage.recording)


@walk(Action.NOTE_ADDED)
def add_note(stage: Stage) -> None:
    notes.add_note(rita_asks(stage), stage.recording, "call +1 555 0142 back")


@walk(Action.NOTE_CHANGED)
def change_note(stage: Stage) -> None:
    note = notes.add_note(rita_asks(stage), stage.recording, "call back")
    notes.edit_note(rita_asks(stage), note, "+15550142 was called back", version=1)


@walk(Action.NOTE_DELETED)
def delete_note(stage: Stage) -> None:
    note = notes.add_note(rita_asks(stage), stage.recording, "call back")
    notes.delete_note(rita_asks(stage), note, version=1)


@walk(Action.DELETED)
def delete(stage: Stage) -> None:
    deletion.delete_recording(rita_asks(stage), stage.recording)


@walk(Action.CALL_PAUSED)
def pause(stage: Stage) -> None:
    control_call(stage, Deed.PAUSE)


@walk(Action.CALL_RESUMED)
def resume(stage: Stage) -> None:
    control_call(stage, Deed.RESUME)


@walk(Action.CALL_STARTED)
def start(stage: Stage) -> None:
    control_call(stage, Deed.START)


@walk(Action.CALL_STOPPED)
def stop(stage: Stage) -> None:
    control_call(stage, Deed.STOP)


@walk(Action.CALL_KEPT)
def keep(stage: Stage) -> None:
    control_call(stage, Deed.KEEP)


@walk(Action.CALL_DROPPED)
def drop(stage: Stage) -> None:
    control_call(stage, Deed.DROP)


@walk(Action.CALL_LISTENED)
def listen(stage: Stage) -> None:
    listen_to_call(stage)


@walk(Action.CALL_LISTENING_ENDED)
def stop_listening(stage: Stage) -> None:
    token = listen_to_call(stage)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listening, "door_of", lambda _node: ControlDoor(1, ""))
        patched.setattr(listening, "stop_listening", lambda *_: None)
        listening.end(rita_asks(stage), token)


def listen_to_call(stage: Stage) -> str:
    call = call_of(stage.ann)
    with pytest.MonkeyPatch.context() as patched:
        answer_with(patched, call)
        patched.setattr(listening, "door_of", lambda _node: ControlDoor(1, ""))
        patched.setattr(listening, "listen", lambda *_: UUID(int=7))
        token = listening.begin(rita_asks(stage), call.call_id)
    assert token is not None
    return token


@walk(Action.CALL_DESTROYED)
def destroy(stage: Stage) -> None:
    gone = Destroyed(UUID(str(stage.ann.public_id)), "ann", "unmarked")
    facts = msgspec.structs.replace(call_facts(), destroyed=(gone,), destroyed_sha256="0" * 64)
    for _ in range(2):  # a worker may do it again
        DjangoCatalogue().add_call(facts, ())


def control_call(stage: Stage, deed: Deed) -> None:
    owned = {"mode": calls._MODES[deed]} if deed.is_of_owners else {}
    call = call_of(stage.ann, owned=owned)
    with pytest.MonkeyPatch.context() as patched:
        answer_with(patched, call)
        patched.setattr(calls, "act", lambda *_, **__: Outcome.DONE)
        calls.control(rita_asks(stage), deed, call.call_id, reason="+15550142 asked")


def answer_with(patched: pytest.MonkeyPatch, call: LiveCall) -> None:
    """Have the recorder of one node tell of a call."""
    told = calls._Told((call,), ())
    patched.setattr(calls, "ask_all", lambda *_, **__: Answers((("rec-1", told),)))
    patched.setattr(calls, "door_of", lambda _node: ControlDoor(1, ""))
