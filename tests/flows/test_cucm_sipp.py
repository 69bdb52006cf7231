"""Recording calls of CUCM, sent by Debian's sipp to a whole recorder."""

import re
from pathlib import Path
from typing import Any

import pytest

from callvault.cucm import Side, leg_of_invite, makes_pair
from callvault.sip import Request, parse_message
from callvault.spool.entries import DialogEnded, SignallingSeen
from tests.flows.recorder_node import Journal, RunningRecorder, wait_until
from tests.flows.test_sip_sipp import SCENARIOS, SIPP, run, sipp

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(SIPP is None, reason="sipp is missing: apt install sip-tester"),
]
PAIR = ("-m", "2", "-r", "100", "-inf", str(SCENARIOS / "cucm_pair.csv"))


def requests_of(journal: Journal, method: str) -> list[Request]:
    seen = [one for one in journal.events if isinstance(one, SignallingSeen)]
    read = [parse_message(one.raw) for one in seen]
    return [one for one in read if isinstance(one, Request) and one.method == method]


def played(scenario: str, folder: Path, over: str = "udp") -> list[Journal]:
    """Have sipp send both calls of a pair to a recorder; return what is in its journals."""
    with RunningRecorder(folder / "node") as recorder:
        assert recorder.addresses is not None
        address: Any = recorder.addresses.udp if over == "udp" else recorder.addresses.tcp
        run(sipp(None, scenario, folder, *PAIR, over=over, at=address))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        return recorder.journals()


@pytest.mark.parametrize("over", ["udp", "tcp"])
@pytest.mark.parametrize("scenario", ["cucm_leg", "cucm_leg_early_offer"])
def test_both_calls_of_a_pair_are_taken_and_told_apart(
    scenario: str, over: str, tmp_path: Path
) -> None:
    journals = played(scenario, tmp_path, over)
    ends = [one for journal in journals for one in journal.of(DialogEnded)]
    assert [getattr(one, "reason", "") for one in ends] == ["bye"] * 2
    legs = [leg_of_invite(requests_of(one, "INVITE")[0], has_metadata=False) for one in journals]
    assert all(b";\r\n x-nearendclusterid" in requests_of(one, "INVITE")[0].raw for one in journals)
    one, other = (leg for leg in legs if leg is not None)
    assert {one.side, other.side} == {Side.NEAR, Side.FAR}
    assert makes_pair(one, other, trunk="any")
    assert one.near.number == other.near.number == "1001"
    answers = [
        re.search(rb"m=audio (\d+)", seen.raw)
        for journal in journals
        for seen in journal.of(SignallingSeen)
        if isinstance(seen, SignallingSeen)
        and seen.sent
        and seen.raw.startswith(b"SIP/2.0 200")
        and b"INVITE" in seen.raw
    ]
    ports = {found[1] for found in answers if found is not None}
    assert len(ports) == 2


def test_a_far_end_that_changes_is_told_in_both_calls(tmp_path: Path) -> None:
    journals = played("cucm_leg", tmp_path)
    assert len(journals) == 2
    for journal in journals:
        (update,) = requests_of(journal, "UPDATE")
        leg = leg_of_invite(update, has_metadata=False)
        assert leg is not None
        assert leg.far.number == "+15550117"


def test_a_pair_without_common_codec_ends_whole(tmp_path: Path) -> None:
    journals = played("cucm_leg_no_codec", tmp_path)
    assert len(journals) == 2
    for journal in journals:
        (bye,) = requests_of(journal, "BYE")
        assert bye.headers.first("reason") == "Q.850;cause=47"
        assert journal.packets == []
