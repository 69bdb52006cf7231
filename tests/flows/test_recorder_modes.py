"""Recording modes on a real recorder: what was not asked for never reaches the disk."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Mark
from callvault.spool import journal_path, read_marks
from callvault.spool.entries import Decided, TimelineEvent
from tests.flows.recorder_node import SNAPSHOT, RunningRecorder, Src, media_ports, send_rtp
from tests.flows.test_recorder_control import asked, door_of
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow
CALL = both(sdp(address="127.0.0.1"), metadata(ANN, REMOTE))
WHO = {"who": "Ann Keller"}


class Restarted:
    """One node, two recorders after each other; the second knows all keys."""

    def __init__(self, folder: Path, mode: RecordingMode) -> None:
        people = tuple(replace(one, mode=mode) for one in SNAPSHOT.people)
        snapshot = replace(SNAPSHOT, people=people)
        self.first = RunningRecorder(folder, snapshot, keeps_calls=True)
        self.second = RunningRecorder(folder, snapshot, _keys=self.first._keys)

    def restart(self) -> None:
        assert self.first.addresses is not None
        self.second.port = self.first.addresses.udp[1]
        self.first.stop()
        self.second.__enter__()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Restarted]:
    both = Restarted(tmp_path, RecordingMode.ON_DEMAND)
    with both.first:
        yield both
    both.second.stop()


async def _act(recorder: RunningRecorder, deed: str) -> None:
    door = door_of(recorder)
    (call,) = (await asked(door, "/calls"))[1]["calls"]
    answer = await asked(door, f"/calls/{call['call_id']}/{deed}", WHO)
    assert answer == (200, {"code": "done"})


async def _on_demand(node: Restarted) -> list[set[tuple[int, bytes]]]:
    """Say something before a start, in each of two pieces, between, after: return the pieces."""
    async with Src(node.first) as src:
        dialog_id, answer = await src.call(CALL, MULTIPART)
        ports = media_ports(answer.body)
        send_rtp(ports, 20)
        await asyncio.sleep(0.05)
        await _act(node.first, "start")
        pieces = [send_rtp(ports, 10, first=100)]
        await asyncio.sleep(0.05)
        await asyncio.to_thread(node.restart)
        (call,) = (await asked(door_of(node.second), "/calls"))[1]["calls"]
        assert (call["owners"][0]["is_started"], call["may_keep"]) == (True, True)
        pieces.append(send_rtp(ports, 10, first=200))
        await asyncio.sleep(0.05)
        await _act(node.second, "stop")
        send_rtp(ports, 20, first=300)
        await asyncio.sleep(0.05)
        await _act(node.second, "start")
        pieces.append(send_rtp(ports, 10, first=400))
        await asyncio.sleep(0.05)
        await src.hang_up(dialog_id)
        return pieces


def test_on_demand_only_what_was_said_between_start_and_stop_is_on_disk(node: Restarted) -> None:
    pieces = asyncio.run(_on_demand(node))
    node.second.stop()
    first, second = sorted(node.second.journals(), key=lambda one: one.header.opened_at_ns)
    assert set(first.packets) == pieces[0]
    assert set(second.packets) == pieces[1] | pieces[2]
    kinds = [
        one.kind
        for journal in (first, second)
        for one in journal.events
        if isinstance(one, TimelineEvent)
    ]
    assert kinds == ["answered", "started", "answered", "stopped", "started", "ended"]
    last = [one for one in second.events if isinstance(one, Decided)][-1].decision
    assert len({one.recording_id for one in last.assignments}) == 2
    assert [bool(one.until_ns) for one in last.assignments] == [True, False]


async def _never_started(node: Restarted) -> None:
    async with Src(node.first) as src:
        dialog_id, answer = await src.call(CALL, MULTIPART)
        send_rtp(media_ports(answer.body), 20)
        await asyncio.sleep(0.05)
        await src.hang_up(dialog_id)


def test_a_call_that_nobody_starts_leaves_no_audio(node: Restarted) -> None:
    asyncio.run(_never_started(node))
    node.first.stop()
    (journal,) = node.first.journals()
    assert journal.packets == []
    last = [one for one in journal.events if isinstance(one, Decided)][-1].decision
    assert (last.verdict, last.assignments) == ("not_kept", ())
    assert last.steps[-1].values["reason"] == "not_started"


async def _always_on(recorder: RunningRecorder) -> None:
    async with Src(recorder) as src:
        dialog_id, _answer = await src.call(CALL, MULTIPART)
        door = door_of(recorder)
        (call,) = (await asked(door, "/calls"))[1]["calls"]
        for deed in ("start", "stop"):
            answer = await asked(door, f"/calls/{call['call_id']}/{deed}", WHO)
            assert answer == (422, {"code": "mode"})
        await src.hang_up(dialog_id)


def test_what_is_recorded_anyway_is_neither_started_nor_stopped(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path) as recorder:
        asyncio.run(_always_on(recorder))


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Restarted]:
    both = Restarted(tmp_path, RecordingMode.LIVE_KEEP)
    with both.first:
        yield both
    both.second.stop()


async def _live_keep(node: Restarted) -> list[set[tuple[int, bytes]]]:
    """Have two calls: one marked while it runs, one after its end and after a restart."""
    pieces = []
    async with Src(node.first) as src:
        for deed in ("keep", ""):
            dialog_id, answer = await src.call(CALL, MULTIPART)
            pieces.append(send_rtp(media_ports(answer.body), 10))
            await asyncio.sleep(0.05)
            if deed:
                await _act(node.first, deed)
            await src.hang_up(dialog_id)
        door = door_of(node.first)
        (ended,) = (await asked(door, "/ended"))[1]["calls"]  # the other is kept already
        assert (ended["owners"][0]["name"], ended["owners"][0]["mark"]) == ("Ann Keller", "")
        await asyncio.to_thread(node.restart)
        door = door_of(node.second)
        (again,) = (await asked(door, "/ended"))[1]["calls"]
        assert again == ended
        path = f"/calls/{ended['call_id']}"
        assert await asked(door, f"{path}/drop", WHO) == (200, {"code": "done"})
        assert await asked(door, f"{path}/keep", WHO) == (200, {"code": "done"})
        assert await asked(door, f"{path}/drop", WHO) == (422, {"code": "mode"})
        (marked,) = (await asked(door, "/ended"))[1]["calls"]
        assert marked["owners"][0]["mark"] == "kept"
        return pieces


def test_live_keep_has_all_of_a_call_on_disk_and_takes_marks_after_it(keeper: Restarted) -> None:
    during, after = asyncio.run(_live_keep(keeper))
    keeper.second.stop()
    kept, ended = sorted(keeper.second.journals(), key=lambda one: one.header.opened_at_ns)
    assert (set(kept.packets), set(ended.packets)) == (during, after)
    decisions = [
        [one for one in journal.events if isinstance(one, Decided)][-1].decision
        for journal in (kept, ended)
    ]
    assert [one.verdict for one in decisions] == ["recorded", "not_kept"]
    path = journal_path(keeper.second.spool_folder, ended.header.journal_id)
    assert read_marks([path]) == {decisions[1].offered[0].owner_id: Mark.KEPT}
    assert not any(b"Ann" in one.read_bytes() for one in path.parent.glob("*.ended"))
