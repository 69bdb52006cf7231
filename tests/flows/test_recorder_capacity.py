"""Channel-based capacity and the catch-all user, on a real recorder (CAP-8, IDENT-4)."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from callvault.policy.capacity import CapacityModel, CapacityRules
from callvault.policy.decision import Decision, Verdict
from callvault.policy.snapshot import Person, Snapshot
from callvault.spool.entries import Decided
from tests.flows.recorder_node import LOOPBACK, Journal, RunningRecorder, Src, wait_until
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

OF_ANN = both(sdp(), metadata(ANN, REMOTE))
OF_NOBODY = both(sdp(), metadata("sip:7777@pbx.example", REMOTE))
NOBODY = Person(UUID(int=9), "catch-all", "Without assignee", "", active=False)
SNAPSHOT = Snapshot(
    revision=1,
    people=(Person(UUID(int=1), "ann", "Ann Keller", "1001"), NOBODY),
    trunks=(LOOPBACK,),
    capacity=CapacityRules(CapacityModel.CHANNELS, 2),
    catch_all=NOBODY.user_id,
)


async def fill(recorder: RunningRecorder) -> None:
    """Take both places, be refused, give one back, take it again."""
    async with Src(recorder) as src:
        first, second = (src.invite(body, MULTIPART) for body in (OF_ANN, OF_NOBODY))
        assert [(await src.final(one)).status for one in (first, second)] == [200, 200]
        refused = await src.final(src.invite(OF_ANN, MULTIPART))
        assert refused.status == 503
        assert int(refused.headers.first("retry-after") or "0") > 0
        await src.hang_up(first)
        third = src.invite(OF_NOBODY, MULTIPART)
        assert (await src.final(third)).status == 200
        for one in (second, third):
            await src.hang_up(one)


def test_beyond_the_channels_503_and_what_is_nobodys_is_kept(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=SNAPSHOT) as recorder:
        asyncio.run(fill(recorder))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True] * 3)
        journals = sorted(recorder.journals(), key=lambda one: one.header.opened_at_ns)
    decisions = [decision_of(one) for one in journals]
    owners = [[one.owner_username for one in decision.assignments] for decision in decisions]
    assert owners == [["ann"], ["catch-all"], ["catch-all"]]
    assert {decision.verdict for decision in decisions} == {Verdict.RECORDED}


def decision_of(journal: Journal) -> Decision:
    """Return the last word on a call."""
    last = journal.of(Decided)[-1]
    assert isinstance(last, Decided)
    return last.decision
