"""What meets in a recorder: splits, pauses and trunks beside the limits and alarms of the node."""

import asyncio
from pathlib import Path
from threading import Event
from uuid import UUID

import msgspec
import pytest

from callvault import sip
from callvault.config.sections import CapacityConfig
from callvault.policy.snapshot import Trunk
from callvault.recorder.judge import PolicyInForce
from callvault.spool.entries import NodeEvent, TimelineEvent
from tests.policy.cast import SNAPSHOT, TRUNK
from tests.recorder.bench import FLOW
from tests.recorder.bodies import ANN, REMOTE, both, metadata, request, sdp
from tests.recorder.test_service import Wire

OTHER = Trunk(UUID(int=8), "Other", ("198.51.100.0/24",))


def test_the_rest_of_a_split_call_does_not_count_as_a_new_one(tmp_path: Path) -> None:
    wire = Wire(tmp_path, capacity=CapacityConfig(calls_per_second=1))
    wire.invite()
    for index in (0, 1):
        wire.receiver.calls[0].streams[index].packets = 50
    wire.now_ns += 12 * 3600 * 1_000_000_000
    for _ in range(5):
        wire.recorder.look_after()
    assert len(wire.receiver.calls) == 2
    assert [wire.invite() for _ in range(4)] == [[100, 200]] * 4


def test_the_trunk_of_this_machine_takes_no_place_from_another(tmp_path: Path) -> None:
    wire = Wire(tmp_path, capacity=CapacityConfig(max_calls=10))
    local = Trunk(UUID(int=9), "This machine", ("127.0.0.1", "::1"))
    for trunks, answers in (((TRUNK, local), [200] * 10), ((TRUNK, OTHER), [200] * 9 + [503])):
        snapshot = msgspec.structs.replace(SNAPSHOT, trunks=trunks)
        wire.recorder._policy.in_force = PolicyInForce.of(snapshot)
        assert [wire.invite()[-1] for _ in range(10)] == answers
        wire.recorder.abandon()


def test_a_line_need_bring_nothing_while_the_client_pauses(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    offer = sdp().replace(b"a=label", b"a=record:paused\r\na=label")

    async def place() -> None:  # a pause is answered once it is on disk
        wire.invite(both(offer, metadata(ANN, REMOTE)))
        while not wire.receiver.calls[0].streams:
            await asyncio.sleep(0.01)
            wire.settle()

    asyncio.run(asyncio.wait_for(place(), 10))
    for _ in range(8):
        wire.now_ns += 1_000_000_000
        wire.recorder.look_after()
    assert [one for one in wire.receiver.node_events if isinstance(one, NodeEvent)] == []


@pytest.mark.parametrize("is_paused_again", [False, True])
def test_a_pause_that_ends_before_it_is_on_disk_ends_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_paused_again: bool
) -> None:
    wire = Wire(tmp_path)
    wire.invite()
    [journal], [dialog] = wire.receiver.calls, wire.recorder.dialogs.values()
    disk, write = Event(), journal.append_durably

    def write_when_the_disk_is_back(event_json: bytes) -> None:
        assert disk.wait(10)
        write(event_json)

    async def signal() -> None:
        paused = sdp().replace(b"a=label", b"a=record:paused\r\na=label")
        for offer in (paused, sdp(), paused)[: 3 if is_paused_again else 2]:
            update = request("UPDATE", offer, "application/sdp")
            event = sip.UpdateReceived(sip.RequestId(77), sip.DialogId(1), update, FLOW)
            dialog.feed(event)
            await asyncio.sleep(0)
        disk.set()
        while dialog._turns:
            await asyncio.sleep(0.01)

    monkeypatch.setattr(journal, "append_durably", write_when_the_disk_is_back)
    asyncio.run(asyncio.wait_for(signal(), 20))
    kinds = [one.kind for one in journal.events if isinstance(one, TimelineEvent)]
    told = [one for one in kinds if one != "answered"]
    assert told == ["paused", "unpaused", "paused"][: 3 if is_paused_again else 2]
    assert journal.is_paused is dialog.session.capturing.is_paused is is_paused_again
