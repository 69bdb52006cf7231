"""A filter that has to wait: not a byte of audio is in the spool until it is known what it says."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from callvault.policy.decision import Capturing, Verdict
from callvault.policy.filters import FilterRules, Filters, Traffic
from callvault.policy.snapshot import Person, Snapshot
from callvault.spool.entries import Decided
from tests.flows.recorder_node import (
    ANN as ANN_KELLER,
)
from tests.flows.recorder_node import (
    LOOPBACK,
    Journal,
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, BOB, METADATA, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

NOBODY_YET = "sip:unknown@192.0.2.14"
OUTSIDE_ONLY = Snapshot(
    revision=1,
    people=(ANN_KELLER, Person(UUID(int=9), "bmeier", "Bob Meier", "1002")),
    trunks=(LOOPBACK,),
    filters=Filters(system=FilterRules(traffic=Traffic.EXTERNAL)),
)


def decisions(journal: Journal) -> list[tuple[Verdict, Capturing]]:
    """What was decided, each time that it changed."""
    told = [one.decision for one in journal.events if isinstance(one, Decided)]
    return [(one.verdict, one.capturing) for one in told]


async def _call(recorder: RunningRecorder, remote: str) -> tuple[Journal, set[tuple[int, bytes]]]:
    """Call before the other number is known; the journal as it is then, and what was sent."""
    async with Src(recorder) as src:
        dialog_id, answer = await src.call(both(sdp(), metadata(ANN, NOBODY_YET)), MULTIPART)
        ports = media_ports(answer.body)
        sent = send_rtp(ports, 30)
        await asyncio.sleep(1.3)  # a block was due meanwhile
        (before,) = recorder.journals()
        src.request(dialog_id, "UPDATE", metadata(ANN, remote), METADATA)
        assert (await src.final(dialog_id, "UPDATE")).status == 200
        sent |= send_rtp(ports, 10, first=30)
        await src.hang_up(dialog_id)
    wait_until(lambda: all(one.ended for one in recorder.journals()))
    return before, sent


@pytest.mark.parametrize("remote", [REMOTE, BOB, NOBODY_YET])
def test_audio_waits_in_memory_for_what_the_filter_says(tmp_path: Path, remote: str) -> None:
    with RunningRecorder(tmp_path, OUTSIDE_ONLY) as recorder:
        before, sent = asyncio.run(_call(recorder, remote))
        (after,) = recorder.journals()
    assert (decisions(before), before.packets) == ([(Verdict.RECORDED, Capturing.HOLD)], [])
    if remote != BOB:  # whom nobody ever names comes from outside, too
        assert decisions(after)[-1] == (Verdict.RECORDED, Capturing.KEEP)
        assert (set(after.packets), len(after.packets)) == (sent, 80)
    else:
        assert decisions(after)[-1] == (Verdict.FILTERED, Capturing.NOTHING)
        assert after.packets == []
