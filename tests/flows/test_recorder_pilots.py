"""People who share an extension, told apart by the pilot that a real INVITE calls (IDENT-2, 3)."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from callvault.policy.decision import Decision, Verdict
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person, Snapshot
from callvault.spool.entries import Decided
from tests.flows.recorder_node import LOOPBACK, Journal, RunningRecorder, Src, wait_until
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

Headers = tuple[tuple[str, str], ...]

CALL = both(sdp(), metadata(ANN, REMOTE))
SHARERS = (
    Person(UUID(int=1), "ann", "Ann Keller", "1001", numeric_user_id="21"),
    Person(UUID(int=2), "eva", "Eva Rossi", "1001", numeric_user_id="22"),
    Person(UUID(int=3), "pia", "Pia Moro", "1001", numeric_partition_id="7"),
)
SNAPSHOT = Snapshot(revision=1, people=SHARERS, trunks=(LOOPBACK,), pilots=Pilots("8400"))
DIVERTED: Headers = (("Diversion", "<sip:84000022@127.0.0.1>;reason=unconditional"),)


WAYS: tuple[tuple[str, Headers], ...] = (
    *(("840021", ()), ("84%30022", ()), ("84007", ()), ("8400", ())),
    ("srs", DIVERTED),
)


async def place(recorder: RunningRecorder) -> None:
    """Place a call in each way, one after the other."""
    async with Src(recorder) as src:
        for dialled, headers in WAYS:
            dialog_id = src.invite(CALL, MULTIPART, dialled=dialled, headers=headers)
            assert (await src.final(dialog_id)).status == 200
            await src.hang_up(dialog_id)


def test_the_pilot_that_was_dialled_says_whose_call_it_is(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=SNAPSHOT) as recorder:
        asyncio.run(place(recorder))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True] * len(WAYS))
        journals = sorted(recorder.journals(), key=lambda one: one.header.opened_at_ns)
    decisions = [decision_of(journal) for journal in journals]
    owners = [[one.owner_username for one in decision.assignments] for decision in decisions]
    assert owners == [["ann"], ["eva"], ["pia"], [], ["eva"]]
    assert decisions[3].verdict is Verdict.DISCARDED
    (step,) = [one for one in decisions[3].steps if one.code == "owner"]
    assert (step.values["reason"], step.values["username"]) == ("ambiguous", "ann, eva, pia")


def decision_of(journal: Journal) -> Decision:
    """Return the last word on a call."""
    last = journal.of(Decided)[-1]
    assert isinstance(last, Decided)
    return last.decision
