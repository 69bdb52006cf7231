"""Phones and a bridge that call the recorder, played by Debian's sipp (CAP-3, MODE-4)."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault import sip
from callvault.config.sections import SipConfig
from callvault.policy.decision import Decision, Direction, Verdict
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.keypad import Keypad
from callvault.policy.modes import RecordingMode
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person, Snapshot, Trunk
from callvault.spool.entries import (
    CallVerdict,
    Decided,
    DialogEnded,
    NodeEvent,
    SignallingSeen,
    TimelineEvent,
)
from tests.flows.recorder_node import LOOPBACK, Journal, RunningRecorder, Src, wait_until
from tests.flows.test_sip_sipp import SIPP, sipp
from tests.flows.tls_relay import tls_relay
from tests.recorder.bodies import MULTIPART, REMOTE, both, metadata, sdp

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(SIPP is None, reason="sipp is missing: apt install sip-tester"),
]
OPEN, PROVING = "127.0.0.1", "127.0.0.2"  # of the trunk without a password, and of that with one
PBX = Trunk(
    UUID(int=9),
    "Proving",
    (PROVING,),
    media_networks=("127.0.0.0/8",),
    digest_user="pbx",
    digest_ha1_md5=hashlib.md5(b"pbx:callvault:open-sesame", usedforsecurity=False).hexdigest(),
)
PEOPLE = tuple(
    Person(UUID(int=10 + number), f"user{number}", f"User {number}", f"100{number}", mode=mode)
    for number, mode in enumerate([None] * 5 + [RecordingMode.LIVE_KEEP] * 2 + [None] * 2)
)
SNAPSHOT = Snapshot(
    revision=1,
    people=PEOPLE,
    trunks=(replace(LOOPBACK, transports=("udp", "tcp", "tls")), PBX),
    pilots=Pilots(dial_in=("8600",), automated_prefix="9000", live_keep_prefix="8500"),
)
KEPT_CALL = both(sdp(address=OPEN), metadata("sip:1005@pbx.example.com", REMOTE))
OVER = ("tcp", "tls")
SPEECH = b"\xd5" * 8000  # a second of silence in PCMA


@dataclass
class Played:
    """What the calls left behind."""

    journals: list[Journal]
    of_node: list[object]
    statuses: dict[str, list[int]]  # answers to INVITEs, by the name of the call


async def _call(
    recorder: RunningRecorder, folder: Path, scenario: str, *keys: str, over: str = "udp"
) -> list[int]:
    """Have one phone call; return the final answers to its INVITEs. sipp has TLS by a relay."""
    assert recorder.addresses is not None
    at = getattr(recorder.addresses, over)
    if over != "tls":
        return await _call_at(at, folder, scenario, *keys, over=over)
    async with tls_relay(at) as relayed:
        return await _call_at(relayed, folder, scenario, *keys, over="tcp")


async def _call_at(
    at: sip.HostPort, folder: Path, scenario: str, *keys: str, over: str
) -> list[int]:
    caller, dialled, source = keys
    folder.mkdir()
    (folder / "speech.al").write_bytes(SPEECH)
    await sipp(
        None,
        scenario,
        folder,
        *("-m", "1", "-i", source, "-mi", source),
        *("-key", "caller", caller, "-key", "dialled", dialled),
        *("-trace_msg", "-message_file", "messages.log"),
        over=over,
        at=at,
    )
    log = (folder / "messages.log").read_text(errors="replace")
    answers = re.findall(r"^SIP/2.0 ([2-6]\d\d)(?:.+\r?\n)+?CSeq: (\d+) INVITE", log, re.M)
    return [int(status) for status, _ in dict.fromkeys(answers)]


def _status(found: list[int] | BaseException) -> list[int]:
    if isinstance(found, BaseException):
        raise found
    return found


async def _play(recorder: RunningRecorder, folder: Path) -> dict[str, list[int]]:
    """Make all calls at once, while one of 1005 goes on that may be kept."""
    calls = {
        "offer": ("dial_in", "1000", "8600", OPEN),
        "no offer": ("dial_in_without_offer", "1001", "8600", OPEN),
        "bridge": ("dial_in_bridge", "1002", "8600", OPEN),
        "proof": ("dial_in_digest", "1003", "8600", PROVING),
        "no proof": ("plain_call_refused", "1004", "8600", PROVING),
        "not ordered": ("plain_call_refused", "1004", "90000009", OPEN),
        "tcp": ("dial_in", "1007", "8600", OPEN),
        "tls": ("dial_in", "1008", "8600", OPEN),
        "keep": ("keep_pilot", "1005", "8500", OPEN),
        "keep nothing": ("plain_call_refused", "1006", "8500", OPEN),
        "keep of nobody": ("plain_call_refused", "2999", "8500", OPEN),
    }
    async with Src(recorder) as src:
        dialog_id, answer = await src.call(KEPT_CALL, MULTIPART)
        assert answer.status == 200
        found = await asyncio.gather(
            *(
                _call(recorder, folder / name, *call, over=name if name in OVER else "udp")
                for name, call in calls.items()
            ),
            return_exceptions=True,
        )
        await src.hang_up(dialog_id)
    return {name: _status(one) for name, one in zip(calls, found, strict=True)}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play everything once, to one recorder."""
    folder = tmp_path_factory.mktemp("dial_in")
    config = SipConfig(bind_address=OPEN, port=0)
    with RunningRecorder(folder / "node", snapshot=SNAPSHOT, sip=config) as recorder:
        statuses = asyncio.run(_play(recorder, folder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        recorder.stop()
        return Played(recorder.journals(), list(recorder.node_events()), statuses)


def _decided(journal: Journal) -> Decision:
    last = journal.of(Decided)[-1]
    assert isinstance(last, Decided)
    return last.decision


def _of(played: Played, username: str) -> Journal:
    """Return the only journal of a recording of somebody's."""
    (found,) = (
        one
        for one in played.journals
        if [owned.owner_username for owned in _decided(one).assignments] == [username]
    )
    return found


@pytest.mark.parametrize(
    ("call", "username", "statuses"),
    [
        ("offer", "user0", [200]),
        ("no offer", "user1", [200]),
        ("bridge", "user2", [200]),
        ("proof", "user3", [401, 200]),
        ("tcp", "user7", [200]),
        ("tls", "user8", [200]),
    ],
)
def test_a_call_to_the_recorder_is_recorded_for_its_caller(
    played: Played, call: str, username: str, statuses: list[int]
) -> None:
    assert played.statuses[call] == statuses
    journal = _of(played, username)
    decision = _decided(journal)
    assert decision.verdict is Verdict.RECORDED
    (one,) = decision.assignments
    assert (one.direction, one.mixed, one.remote.number) == (Direction.DIAL_IN, True, "8600")
    assert {packet[12:] for _, packet in journal.packets} == {b"\xd5" * 160}
    assert [getattr(end, "reason", "") for end in journal.of(DialogEnded)] == ["bye"]
    assert journal.header.transport == (call if call in OVER else "udp")


def test_nothing_else_is_recorded(played: Played) -> None:
    owners = [one.owner_username for each in played.journals for one in _decided(each).assignments]
    assert sorted(owners) == [f"user{number}" for number in (0, 1, 2, 3, 5, 7, 8)]
    assert len(played.journals) == len(owners)
    assert played.statuses["no proof"] == [401]


def test_a_number_that_nobody_ordered_is_refused_and_told(played: Played) -> None:
    assert played.statuses["not ordered"] == [404]
    (told,) = (one for one in played.of_node if isinstance(one, CallVerdict))
    assert (told.sip_status, told.callee) == (404, "90000009")
    assert told.decision.verdict is Verdict.REFUSED
    assert told.decision.assignments == ()
    reasons = [one.values["reason"] for one in told.decision.steps if one.code == "dial_in"]
    assert reasons == ["not_ordered"]


def test_the_pilot_keeps_the_call_of_its_caller_alone(played: Played) -> None:
    names = ("keep", "keep nothing", "keep of nobody")
    assert [played.statuses[name] for name in names] == [[200], [480], [404]]
    kept = _of(played, "user5")
    assert [one.mark for one in _decided(kept).assignments] == ["kept"]
    marks = [one for one in kept.of(TimelineEvent) if isinstance(one, TimelineEvent)]
    assert [(one.who, one.detail) for one in marks if one.kind == "kept"] == [("User 5", "pilot")]
    told = {
        (one.kind, one.values["outcome"], one.values.get("username", ""))
        for one in played.of_node
        if isinstance(one, NodeEvent) and one.kind.startswith("keep_called")
    }
    assert told == {
        ("keep_called", "done", "user5"),
        ("keep_called_in_vain", "no_call", "user6"),
        ("keep_called_in_vain", "unknown_user", ""),
    }


@pytest.mark.parametrize("over", ["udp", *OVER])
def test_keys_told_by_info_pause_a_call_and_none_of_the_pause_is_kept(
    tmp_path: Path, over: str
) -> None:
    snapshot = replace(SNAPSHOT, dial_in=DialInRules(keypad=Keypad(is_on=True)))
    node, config = tmp_path / "node", SipConfig(bind_address=OPEN, port=0)
    node.mkdir()
    with RunningRecorder(node, snapshot=snapshot, sip=config) as recorder:
        call = _call(recorder, tmp_path / "call", "dial_in_keys", "1000", "8600", OPEN, over=over)
        assert asyncio.run(call) == [200]
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
        (journal,) = recorder.journals()
    marks = [one for one in journal.of(TimelineEvent) if isinstance(one, TimelineEvent)]
    told = [(one.kind, one.who) for one in marks if one.detail == "keypad"]
    assert told == [("paused", "User 0"), ("unpaused", "User 0")]
    raw = [one.raw for one in journal.events if isinstance(one, SignallingSeen)]
    assert sum(one.startswith(b"INFO ") for one in raw) == 5
    assert not any(b"Signal=7" in one for one in raw)
