"""A call to the live-keep pilot marks the caller's call, sounds a tone, and is no recording."""

import asyncio
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from callvault.config.sections import ControlConfig
from callvault.monitoring.asked import KIND
from callvault.monitoring.live_calls import OUTWARD_FILE, KeepWish, NodeDoor, read_door
from callvault.policy.modes import RecordingMode
from callvault.policy.pilots import Pilots
from callvault.recorder.neighbours import Neighbours
from callvault.recorder.prompts import sound
from callvault.spool.entries import Decided, NodeEvent, TimelineEvent
from tests.flows.recorder_node import SNAPSHOT, RunningRecorder, Src, media_ports, rtp, wait_until
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow
CALL = both(sdp(address="127.0.0.1"), metadata(ANN, REMOTE))
SNAPSHOT_OF_KEEPING = replace(
    SNAPSHOT,
    people=tuple(replace(one, mode=RecordingMode.LIVE_KEEP) for one in SNAPSHOT.people),
    pilots=Pilots(live_keep_prefix="8500"),
)


async def _call_pilot(src: Src, caller: str, packets: int = 0) -> tuple[int, bytes]:
    """Call it; return the status, and the sound that came back before it hung up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(10)
        offer = sdp("sendrecv", address="127.0.0.1", port=phone.getsockname()[1])
        dialog_id = src.invite(
            offer, "application/sdp", caller=caller, dialled="8500", is_src=False
        )
        answer = await src.final(dialog_id)
        if answer.status != 200:
            return answer.status, b""
        (port, *_) = media_ports(answer.body)
        for number in range(3):
            phone.sendto(rtp(number, 7), ("127.0.0.1", port))
        heard = [await asyncio.to_thread(phone.recv, 2048) for _ in range(packets)]
        bye = await src.peer_request(dialog_id)
        assert bye.method == "BYE"
        return answer.status, b"".join(one[12:] for one in heard)


async def _spread(recorder: RunningRecorder, other: RunningRecorder) -> tuple[int, int]:
    """Have a call on one node, and call the pilot of the other; then once that one is gone."""
    async with Src(recorder) as src, Src(other) as pilot:
        dialog_id, _ = await src.call(CALL, MULTIPART)
        kept, _ = await _call_pilot(pilot, "1001")
        await src.hang_up(dialog_id)
        await asyncio.to_thread(recorder.stop)
        noted, _ = await _call_pilot(pilot, "1001")
        return kept, noted


def test_calling_the_pilot_of_another_node_keeps_the_call_where_it_is(tmp_path: Path) -> None:
    control = ControlConfig(advertised_address="127.0.0.1", bind_address="127.0.0.1", tls_port=0)
    left: list[KeepWish] = []
    with RunningRecorder(tmp_path / "1", SNAPSHOT_OF_KEEPING, control=control) as recorder:
        door = read_door(recorder.folder, OUTWARD_FILE)
        neighbours = Neighbours(lambda: [NodeDoor("rec-1", door)], left.append)
        with RunningRecorder(tmp_path / "2", SNAPSHOT_OF_KEEPING, neighbours=neighbours) as other:
            kept, noted = asyncio.run(_spread(recorder, other))
    (journal,) = recorder.journals()
    marks = [one for one in journal.events if isinstance(one, TimelineEvent) and one.kind == "kept"]
    assert [(one.who, one.detail) for one in marks] == [("Ann Keller", "pilot")]
    assert (kept, noted) == (200, 200)
    assert [one.owner_id for one in left] == [SNAPSHOT.people[0].user_id]
    assert not (recorder.folder / OUTWARD_FILE).exists()
    assert list((recorder.folder / "run").glob("control-tls*")) == []


async def _walk(recorder: RunningRecorder) -> list[tuple[int, bytes]]:
    async with Src(recorder) as src:
        found = [await _call_pilot(src, "1001")]  # there is no call yet
        dialog_id, _ = await src.call(CALL, MULTIPART)
        found.append(await _call_pilot(src, "2999"))  # nobody's number
        found.append(await _call_pilot(src, "1001", packets=10))
        await src.hang_up(dialog_id)
        return found


def test_calling_the_pilot_keeps_the_call_that_goes_on(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=SNAPSHOT_OF_KEEPING) as recorder:
        nothing, nobody, kept = asyncio.run(_walk(recorder))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
        recorder.stop()
        (journal,) = recorder.journals()  # that of the call alone
        events = [one for one in recorder.node_events() if isinstance(one, NodeEvent)]
    assert (nothing[0], nobody[0], kept[0]) == (480, 404, 200)
    assert kept[1] == sound("beep", "PCMA")
    marks = [one for one in journal.events if isinstance(one, TimelineEvent) and one.kind == "kept"]
    assert [(one.who, one.detail) for one in marks] == [("Ann Keller", "pilot")]
    last = [one for one in journal.events if isinstance(one, Decided)][-1].decision
    assert [one.mark for one in last.assignments] == ["kept"]
    (asked,) = [one.values for one in events if one.kind == KIND]
    assert (asked["deed"], asked["means"], asked["username"]) == ("keep", "pilot", "akeller")
    assert asked["journal"] == str(journal.header.journal_id)
    told = [(one.kind, one.values["outcome"]) for one in events if "keep" in one.kind]
    assert told == [
        ("keep_called_in_vain", "no_call"),
        ("keep_called_in_vain", "unknown_user"),
        ("keep_called", "done"),
    ]
    assert list(recorder.spool_folder.glob("events-*.cvj")) != []
