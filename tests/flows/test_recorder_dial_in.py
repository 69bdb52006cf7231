"""Somebody calls a real recorder: it answers and records what they say (CAP-3)."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from callvault.policy.decision import Decision, Direction
from callvault.policy.pilots import Pilots
from callvault.spool.entries import Decided
from tests.flows.recorder_node import (
    SNAPSHOT,
    Journal,
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import sdp

pytestmark = pytest.mark.flow
PILOTS = replace(SNAPSHOT, pilots=Pilots(dial_in=("8600",)))
DIVERTED = (("Diversion", "<sip:1001@127.0.0.1>;reason=unconditional"),)


async def _dial_in(recorder: RunningRecorder) -> set[tuple[int, bytes]]:
    """Have a bridge call, into which Ann's phone forwards, and say something."""
    async with Src(recorder) as src:
        offer = sdp("sendrecv", address="127.0.0.1")
        dialog_id = src.invite(
            offer,
            "application/sdp",
            caller="b0001",
            dialled="8600",
            headers=DIVERTED,
            is_src=False,
        )
        answer = await src.final(dialog_id)
        assert answer.status == 200
        assert b"a=recvonly" in answer.body
        sent = send_rtp(media_ports(answer.body), 20)
        await asyncio.sleep(0.1)
        await src.hang_up(dialog_id)
        return sent


def test_who_calls_the_recorder_is_recorded(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=PILOTS) as recorder:
        sent = asyncio.run(_dial_in(recorder))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
        (journal,) = recorder.journals()
    assert set(journal.packets) == sent
    (one,) = _last(journal).assignments
    assert (one.owner_username, one.direction) == ("akeller", Direction.DIAL_IN)
    assert (one.mixed, one.remote.number) == (True, "8600")


def _last(journal: Journal) -> Decision:
    last = journal.of(Decided)[-1]
    assert isinstance(last, Decided)
    return last.decision
