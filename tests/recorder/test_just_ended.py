"""Calls that are over and may still be marked, and marks for whoever knows only the user."""

import asyncio
import threading
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.clock import Instant
from callvault.errors import SpoolError
from callvault.monitoring.live_calls import EndedCall, LiveOwner, LiveParty
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Mark
from callvault.recorder import just_ended
from callvault.recorder.files import replace_file
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.just_ended import JustEnded
from callvault.recorder.marking import Marked, MarkedCall, mark_call
from callvault.recorder.neighbours import Neighbours, keep_call_of
from callvault.recorder.requests import DropRequested, KeepRequested
from callvault.spool import journal_path, read_marks, rest_of
from tests.policy.cast import ANN, BOB, SNAPSHOT
from tests.recorder.test_service import Wire

S = 1_000_000_000
KEY = b"k" * 32


class Clock:
    """Turned by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> Instant:
        return Instant(int(self.now_s * S), int(self.now_s * S))


def owner(user: UUID, mark: str = "") -> LiveOwner:
    remote = LiveParty("4711")
    return LiveOwner(user, "Name", "1001", "Claims", "in", remote, mode="live_keep", mark=mark)


def ended(number: int, *owners: LiveOwner, ended_s: int = 100) -> EndedCall:
    owners = owners or (owner(ANN.user_id),)
    return EndedCall(UUID(int=number), "Main", 90 * S, ended_s * S, (ended_s + 120) * S, owners)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls(tmp_path: Path, clock: Clock) -> JustEnded:
    return JustEnded(tmp_path, clock)


def spooled(folder: Path, number: int) -> Path:
    path = journal_path(folder, UUID(int=number))
    path.write_bytes(b"journal")
    return path


def test_a_mark_is_on_disk_and_the_last_one_counts_until_one_keeps(
    calls: JustEnded, tmp_path: Path
) -> None:
    path = spooled(tmp_path, 1)
    calls.add(ended(1, owner(ANN.user_id), owner(BOB.user_id)))

    async def mark() -> None:
        call_id = UUID(int=1)
        assert await calls.mark(call_id, None, Mark.DROPPED)
        assert await calls.mark(call_id, [ANN.user_id], Mark.KEPT)
        assert not await calls.mark(call_id, [ANN.user_id], Mark.DROPPED)
        assert not await calls.mark(call_id, [UUID(int=99)], Mark.KEPT)

    asyncio.run(mark())
    assert read_marks([path]) == {ANN.user_id: Mark.KEPT, BOB.user_id: Mark.DROPPED}
    assert [one.mark for one in calls.listed().calls[0].owners] == ["kept", "dropped"]


def test_after_its_time_a_call_takes_no_mark(
    calls: JustEnded, clock: Clock, tmp_path: Path
) -> None:
    path = spooled(tmp_path, 1)
    calls.add(ended(1))
    clock.now_s = 220
    assert calls.listed().calls == ()
    with pytest.raises(KeyError):
        asyncio.run(calls.mark(UUID(int=1), None, Mark.KEPT))
    calls.look()
    assert read_marks([path]) == {}


def test_a_call_whose_journal_is_gone_is_not_said_to_be_kept(calls: JustEnded) -> None:
    calls.add(ended(1))
    with pytest.raises(SpoolError):
        asyncio.run(calls.mark(UUID(int=1), None, Mark.KEPT))


def test_the_next_recorder_knows_them_and_nobody_else(
    calls: JustEnded, clock: Clock, tmp_path: Path
) -> None:
    async def fill() -> None:
        calls.resume(KEY)
        calls.add(ended(1))
        calls.add(ended(2, ended_s=60))
        await calls.close()

    asyncio.run(fill())
    clock.now_s = 200
    assert JustEnded(tmp_path, clock).resume(b"x" * 32) == 0  # and what it cannot read goes
    asyncio.run(fill())
    again = JustEnded(tmp_path, clock)
    assert again.resume(KEY) == 1
    assert again.listed().calls == (ended(1),)
    assert [one.stem for one in tmp_path.glob("*.ended")] == [UUID(int=1).hex]
    clock.now_s = 220
    again.look()
    assert list(tmp_path.glob("*.ended")) == []


def test_a_slow_disk_does_not_put_an_older_state_over_a_newer_one(
    calls: JustEnded, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled(tmp_path, 1)
    is_overtaken, writes = threading.Event(), []

    def slowly(path: Path, content: bytes, *, durable: bool, mode: int) -> None:
        writes.append(content)
        is_first = len(writes) == 1
        if is_first:
            is_overtaken.wait(0.2)
        replace_file(path, content, durable=durable, mode=mode)
        if not is_first:
            is_overtaken.set()

    async def mark_while_it_is_written() -> None:
        calls.resume(KEY)
        calls.add(ended(1))
        while not writes:
            await asyncio.sleep(0)
        assert await calls.mark(UUID(int=1), None, Mark.DROPPED)
        await calls.close()

    monkeypatch.setattr(just_ended, "replace_file", slowly)
    asyncio.run(mark_while_it_is_written())
    again = JustEnded(tmp_path, clock)
    assert again.resume(KEY) == 1
    assert [one.mark for one in again.listed().calls[0].owners] == ["dropped"]


def test_the_list_is_bounded(calls: JustEnded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(just_ended, "MOST_CALLS", 2)
    for number in (1, 2, 3):
        calls.add(ended(number, ended_s=90 + number))
    assert [one.call_id.int for one in calls.listed().calls] == [3, 2]
    told = calls.listed(most=1)
    assert ([one.call_id.int for one in told.calls], told.left_off) == ([3], 1)
    latest = calls.latest_of(ANN.user_id)
    assert latest is not None
    assert latest.call_id.int == 3
    assert calls.latest_of(BOB.user_id) is None


def live_keep(folder: Path) -> Wire:
    """Return a recorder whose users are all in live-keep mode, with a call of Ann's."""
    wire = Wire(folder)
    people = tuple(replace(one, mode=RecordingMode.LIVE_KEEP) for one in SNAPSHOT.people)
    wire.recorder._policy.in_force = PolicyInForce.of(replace(SNAPSHOT, people=people))
    wire.invite()
    return wire


def test_the_call_in_progress_of_a_user_is_kept(tmp_path: Path) -> None:
    recorder = live_keep(tmp_path).recorder
    (dialog,) = recorder.dialogs.values()
    found = asyncio.run(keep_call_of(recorder, Neighbours(), ANN.user_id, who="Ann Keller"))
    assert found == MarkedCall(Marked.DONE, dialog.session.journal_id)
    assert dialog.session.decision is not None
    assert [one.owner_id for one in dialog.session.decision.assignments] == [ANN.user_id]


def test_without_a_call_in_progress_the_one_that_ended_last_is_kept(tmp_path: Path) -> None:
    recorder = live_keep(tmp_path).recorder
    now_ns = recorder.read_clocks().realtime_ns
    call = replace(ended(7, owner(BOB.user_id)), until_ns=now_ns + 120 * S)
    recorder.just_ended.add(call)
    path = spooled(recorder.just_ended._spool, 7)
    found = asyncio.run(keep_call_of(recorder, Neighbours(), BOB.user_id, who="Bob"))
    assert found == MarkedCall(Marked.DONE, UUID(int=7))
    assert read_marks([path]) == {BOB.user_id: Mark.KEPT}


def test_of_a_user_without_a_call_none_is_kept(tmp_path: Path) -> None:
    recorder = live_keep(tmp_path).recorder
    found = asyncio.run(keep_call_of(recorder, Neighbours(), BOB.user_id, who="Bob"))
    assert found == MarkedCall(Marked.NO_CALL)


def test_only_calls_in_live_keep_mode_are_marked(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.invite()
    (dialog,) = wire.recorder.dialogs.values()
    for request in (KeepRequested("Ann"), DropRequested("Ann")):
        marked = asyncio.run(mark_call(wire.recorder, dialog.session.journal_id, request))
        assert marked is Marked.MODE
    found = asyncio.run(keep_call_of(wire.recorder, Neighbours(), ANN.user_id, who="Ann"))
    assert found.outcome is Marked.NO_CALL
    unknown = asyncio.run(mark_call(wire.recorder, UUID(int=9), KeepRequested("Ann")))
    assert unknown is Marked.NO_CALL


def grown_too_long(wire: Wire) -> list[UUID]:
    """Have the call of a recorder go on for longer than one recording; return its journals."""
    wire.receiver.calls[0].streams[0].packets = 50
    wire.now_ns += 12 * 3600 * S
    for _ in range(5):
        wire.recorder.look_after()
    journals = [one.header.journal_id for one in wire.receiver.calls]
    assert journals == [journals[0], rest_of(journals[0])]
    for one in journals:
        journal_path(wire.folder, one).touch()
    return journals


def test_a_mark_of_a_call_that_grew_too_long_is_one_of_the_part_before_too(tmp_path: Path) -> None:
    wire = live_keep(tmp_path)
    first, second = grown_too_long(wire)
    marked = asyncio.run(mark_call(wire.recorder, second, KeepRequested("Ann")))
    assert marked is Marked.DONE
    assert read_marks([journal_path(tmp_path, first)]) == {ANN.user_id: Mark.KEPT}
    assert asyncio.run(mark_call(wire.recorder, second, DropRequested("Ann"))) is Marked.DONE
    assert read_marks([journal_path(tmp_path, first)]) == {ANN.user_id: Mark.KEPT}


def test_a_late_mark_of_a_call_that_grew_too_long_is_one_of_all_parts(tmp_path: Path) -> None:
    wire = live_keep(tmp_path)
    first, second = grown_too_long(wire)
    wire.recorder.stop()
    wire.settle()
    wire.recorder.abandon()
    (call,) = wire.recorder.just_ended.listed().calls
    assert (call.call_id, call.earlier) == (second, (first,))
    assert asyncio.run(mark_call(wire.recorder, second, KeepRequested("Ann"))) is Marked.DONE
    for one in (first, second):
        assert read_marks([journal_path(tmp_path, one)]) == {ANN.user_id: Mark.KEPT}
