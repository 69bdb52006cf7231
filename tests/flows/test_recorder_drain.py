"""A recorder drains: new calls are refused, the one in progress ends by itself, then it ends."""

import asyncio
import errno
import time
from pathlib import Path

import pytest

from callvault.recorder.draining import read_order, write_order
from callvault.spool.entries import DialogEnded, NodeEvent
from tests.flows.recorder_node import RunningRecorder, Src, wait_until
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

CALL = both(sdp(), metadata(ANN, REMOTE))


def kinds(recorder: RunningRecorder) -> list[str]:
    return [one.kind for one in recorder.node_events() if isinstance(one, NodeEvent)]


def test_a_drain_lets_the_call_in_progress_end_and_then_the_recorder(tmp_path: Path) -> None:
    async def calls(recorder: RunningRecorder) -> None:
        async with Src(recorder) as src:
            dialog_id, answer = await src.call(CALL, MULTIPART)
            assert answer.status == 200
            write_order(recorder.folder, now_ns=time.time_ns())
            await asyncio.to_thread(wait_until, lambda: "draining" in kinds(recorder))
            _, refused = await src.call(CALL, MULTIPART)
            assert refused.status == 503
            assert refused.headers.first("Retry-After")
            assert (await src.final(src.options(), "OPTIONS")).status == 503
            await src.hang_up(dialog_id)

    with RunningRecorder(tmp_path) as recorder:
        asyncio.run(calls(recorder))
        wait_until(lambda: read_order(tmp_path) is None)
        wait_until(lambda: "stopped" in kinds(recorder))
    (journal,) = recorder.journals()
    (end,) = [one for one in journal.events if isinstance(one, DialogEnded)]
    assert (end.reason, end.by_us) == ("bye", False)
    assert kinds(recorder) == ["started", "draining", "drained", "stopped"]


def test_a_recorder_that_is_to_stay_drained_takes_no_call_from_its_start_on(
    tmp_path: Path,
) -> None:
    write_order(tmp_path, now_ns=time.time_ns(), stays=True)

    async def first_call(recorder: RunningRecorder) -> int:
        async with Src(recorder) as src:
            return (await src.call(CALL, MULTIPART))[1].status

    with RunningRecorder(tmp_path) as recorder:
        assert asyncio.run(first_call(recorder)) == 503
        assert read_order(tmp_path) is not None


def test_a_recorder_whose_disk_is_full_stops_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("callvault.recorder.keeper.end_order", full)
    with RunningRecorder(tmp_path) as recorder:
        write_order(tmp_path, now_ns=time.time_ns(), stops=True)
        wait_until(lambda: not recorder.is_running)
    order = read_order(tmp_path)
    assert order is not None
    assert (order.stops, order.is_carried_out) == (True, False)  # the next start takes no call
