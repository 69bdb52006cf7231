"""Keys that lead a call: what they do, and what goes wrong with one call alone."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from callvault.errors import SpoolError
from callvault.monitoring.asked import KIND
from callvault.policy.decision import Capturing
from callvault.policy.keypad import Command
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.key_desk import REFUSED, KeyDesk, obey
from callvault.recorder.service import Recorder


class Keys:
    """A keypad that has commands, or cannot be read."""

    is_open = True

    def __init__(self, *commands: Command, error: Exception | None = None) -> None:
        self._commands, self._error = list(commands), error

    def commands(self) -> list[Command]:
        if self._error is not None:
            raise self._error
        taken, self._commands = self._commands, []
        return taken


class Dialog:
    """A call that was dialled in, and perhaps paused by the phone system."""

    def __init__(self, number: int, keys: Keys, *, by_src: bool = False) -> None:
        self.keypad = keys
        capturing = SimpleNamespace(wanted=Capturing.KEEP, by_src=by_src)
        ann = SimpleNamespace(owner_name="Ann Keller", owner_username="ann", owner_id=UUID(int=7))
        decision = SimpleNamespace(assignments=(ann,), offered=())
        self.session = SimpleNamespace(
            journal_id=UUID(int=number),
            learning=SimpleNamespace(call_id=UUID(int=number)),
            trunk_name="Main SBC",
            decision=decision,
            capturing=capturing,
        )
        self.paused: list[bool] = []
        self.heard: list[int] = []
        self.fails: Exception | None = None

    async def pause(self, *, who: str, detail: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.paused.append(True)

    async def resume(self, *, who: str, detail: str) -> None:
        self.paused.append(False)

    def confirm(self, tones: int) -> None:
        self.heard.append(tones)


def look(*dialogs: Dialog) -> list[dict[str, str]]:
    """Look once; return what the audit log is to be told."""
    told: list[dict[str, str]] = []

    def note(kind: str, severity: str, **values: str) -> None:
        assert (kind, severity) == (KIND, "info")
        told.append(values)

    by_id = {one.session.journal_id: one for one in dialogs}
    recorder = cast("Recorder", SimpleNamespace(dialogs=by_id, note=note))

    async def main() -> None:
        KeyDesk(recorder).look()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())
    return told


@pytest.mark.parametrize(("command", "is_done"), [(Command.PAUSE, True), (Command.RESUME, False)])
def test_in_a_pause_of_the_phone_system_a_pause_holds_and_a_resume_does_not(
    command: Command, *, is_done: bool
) -> None:
    dialog: Any = Dialog(1, Keys(), by_src=True)
    recorder = cast("Recorder", SimpleNamespace())
    assert asyncio.run(obey(recorder, cast("LiveDialog", dialog), command)) is is_done
    assert dialog.paused == [command is Command.PAUSE]


def test_keys_that_cannot_be_read_concern_their_call_alone() -> None:
    broken, other = Dialog(1, Keys(error=ValueError("odd"))), Dialog(2, Keys(Command.PAUSE))
    look(broken, other)
    assert (broken.heard, other.paused, other.heard) == ([], [True], [2])


def test_what_fails_is_told_to_who_pressed() -> None:
    dialog = Dialog(1, Keys(Command.PAUSE, Command.RESUME))
    dialog.fails = RuntimeError("odd")
    (resumed,) = look(dialog)
    assert dialog.heard == [REFUSED, 1]
    assert resumed["deed"] == "resume"


def test_what_keys_did_is_told_to_the_audit_log() -> None:
    dialog = Dialog(1, Keys(Command.PAUSE))
    assert look(dialog) == [
        {
            "deed": "pause",
            "means": "keypad",
            "owner": str(UUID(int=7)),
            "username": "ann",
            "journal": str(UUID(int=1)),
            "trunk": "Main SBC",
            "on_disk": "yes",
        }
    ]
    dialog = Dialog(1, Keys(Command.PAUSE))
    dialog.fails = SpoolError("full")
    assert [one["on_disk"] for one in look(dialog)] == ["no"]
    assert dialog.heard == [2]  # nothing is kept of it all the same
