"""Keys that lead a call: what they do, and what goes wrong with one call alone."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

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
        decision = SimpleNamespace(assignments=(SimpleNamespace(owner_name="Ann Keller"),))
        self.session = SimpleNamespace(
            journal_id=UUID(int=number), decision=decision, capturing=capturing
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


def desk_of(*dialogs: Dialog) -> KeyDesk:
    by_id = {one.session.journal_id: one for one in dialogs}
    return KeyDesk(cast("Recorder", SimpleNamespace(dialogs=by_id)))


def look(*dialogs: Dialog) -> None:
    async def main() -> None:
        desk_of(*dialogs).look()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())


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
    look(dialog)
    assert dialog.heard == [REFUSED, 1]
