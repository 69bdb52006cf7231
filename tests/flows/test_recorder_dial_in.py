"""Somebody calls a real recorder: it answers and records what they say (CAP-3)."""

import asyncio
import socket
import struct
import time
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.policy.decision import Decision, Direction
from callvault.policy.ordered import Order
from callvault.policy.pilots import Pilots
from callvault.policy.prompts import Announcement, OwnSound, OwnSounds, Prompts
from callvault.policy.snapshot import encode
from callvault.recorder.files import SNAPSHOT_FILE
from callvault.recorder.prompts import sound
from callvault.spool.entries import CallVerdict, Decided, TimelineEvent
from tests.flows.recorder_node import (
    SNAPSHOT,
    Journal,
    RunningRecorder,
    Src,
    media_ports,
    rtp,
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


async def _listen(recorder: RunningRecorder, packets: int) -> list[bytes]:
    """Call, send audio and return the RTP that comes back, so many packets of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(10)
        async with Src(recorder) as src:
            offer = sdp("sendrecv", address="127.0.0.1", port=phone.getsockname()[1])
            dialog_id = src.invite(offer, "application/sdp", dialled="8600", is_src=False)
            answer = await src.final(dialog_id)
            assert b"a=sendrecv" in answer.body
            (port, *_) = media_ports(answer.body)
            for number in range(3):
                phone.sendto(rtp(number, 7), ("127.0.0.1", port))
            heard = [await asyncio.to_thread(phone.recv, 2048) for _ in range(packets)]
            await src.hang_up(dialog_id)
            return heard


OWN = OwnSound(b"U" * 3200, b"A" * 3200)


@pytest.mark.parametrize("language", ["en", "it", "fr", "own"])
def test_the_caller_hears_that_the_call_is_recorded(tmp_path: Path, language: str) -> None:
    announced = OWN.alaw if language == "own" else sound(language, "PCMA")
    prompts, sounds = Prompts(Announcement(language)), OwnSounds(OWN)
    snapshot = replace(PILOTS, prompts=prompts, sounds=sounds)
    # A start without catalogue: sounds come from the file beside the spool, as all policy does.
    (tmp_path / SNAPSHOT_FILE).write_bytes(encode(snapshot))
    with RunningRecorder(tmp_path, snapshot=snapshot, load_fails=True) as recorder:
        heard = asyncio.run(_listen(recorder, len(announced) // 160))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
        (journal,) = recorder.journals()
    assert b"".join(packet[12:] for packet in heard) == announced
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in heard]
    first = heads[0]
    for number, head in enumerate(heads):
        assert head[1] == (0x88 if number == 0 else 8)  # PCMA, the first one marked
        assert head[2:] == (
            (first[2] + number) % 2**16,
            (first[3] + number * 160) % 2**32,
            first[4],
        )
    kinds = [one.kind for one in journal.events if isinstance(one, TimelineEvent)]
    assert kinds == ["answered", "announced", "ended"]


def _order(number: int, *, lasts_s: int = 120) -> Order:
    until_ns = time.time_ns() + lasts_s * 1_000_000_000
    return Order(UUID(int=number), f"{number:04}", SNAPSHOT.people[0].user_id, until_ns)


async def _ordered(recorder: RunningRecorder) -> list[int]:
    """Call the number of an order twice, then one that expired, then one of none."""
    offer, found = sdp("sendrecv", address="127.0.0.1"), []
    async with Src(recorder) as src:
        for dialled in ("90000007", "90000007", "90000008", "90000009"):
            dialog_id = src.invite(
                offer, "application/sdp", caller="b0001", dialled=dialled, is_src=False
            )
            answer = await src.final(dialog_id)
            found.append(answer.status)
            if answer.status == 200:
                send_rtp(media_ports(answer.body), 5)
                await asyncio.sleep(0.1)
                await src.hang_up(dialog_id)
        return found


def test_the_number_of_an_order_records_for_its_person_once(tmp_path: Path) -> None:
    orders = (_order(7), _order(8, lasts_s=-1))
    snapshot = replace(SNAPSHOT, pilots=Pilots(automated_prefix="9000"), orders=orders)
    with RunningRecorder(tmp_path, snapshot=snapshot) as recorder:
        statuses = asyncio.run(_ordered(recorder))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
        recorder.stop()
        (journal,) = recorder.journals()
        refused = [one for one in recorder.node_events() if isinstance(one, CallVerdict)]
    assert statuses == [200, 403, 403, 404]
    decision = _last(journal)
    (one,) = decision.assignments
    assert (one.owner_username, one.matched_by) == ("akeller", "order")
    assert (one.direction, one.local.number) == (Direction.DIAL_IN, "1001")
    steps = [step for verdict in refused for step in verdict.decision.steps]
    reasons = [step.values["reason"] for step in steps if step.code == "dial_in"]
    assert reasons == ["order_used", "order_expired", "not_ordered"]


def _last(journal: Journal) -> Decision:
    last = journal.of(Decided)[-1]
    assert isinstance(last, Decided)
    return last.decision
