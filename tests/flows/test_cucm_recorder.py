"""The two calls of CUCM through a pause and a restart of a real recorder, to one recording."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import replace as with_
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile as sf

from callvault import sip
from callvault.finalise.benches import Benches
from callvault.finalise.worker import Worker
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.decisions.models import Call
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.spool import continuation_of, twin_of
from callvault.spool.entries import DialogEnded, NodeEvent
from callvault.vault import ObjectKind
from tests.finalise.bench import Node
from tests.flows.recorder_node import (
    Journal,
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
)
from tests.flows.test_recorder_control import asked, door_of
from tests.flows.test_recorder_restart import Restarted
from tests.recorder.bodies import sdp

pytestmark = [pytest.mark.flow, pytest.mark.django_db]

WHO = {"who": "Ann Keller"}
PAIR = (
    ";x-{side}end;x-refci=5002;x-nearendclusterid=east;x-nearenddevice=SEP0011AABBCC01"
    ";x-nearendaddr=1001;x-farendrefci=5001;x-farendclusterid=east;x-farenddevice=trunk-1"
    ";x-farendaddr=%2B15550142999"
)
Packets = set[tuple[int, bytes]]


class Leg(NamedTuple):
    """One of the two calls, and what of its audio must be on disk."""

    dialog_id: sip.DialogId
    ports: list[int]
    heard: Packets


async def leg_of(src: Src, side: str) -> Leg:
    """Place one of the two calls."""
    offer = sdp("sendonly", address="127.0.0.1")
    said = PAIR.format(side=side)
    dialog_id = src.invite(offer, "application/sdp", says=said, dialled="8500", is_src=False)
    answer = await src.final(dialog_id)
    assert answer.status == 200
    return Leg(dialog_id, media_ports(answer.body), set())


async def speak(legs: list[Leg], first: int, *, is_kept: bool = True) -> None:
    """Send some audio on each leg, and let it arrive."""
    for leg in legs:
        sent = send_rtp(leg.ports, 20, first=first)
        if is_kept:
            leg.heard.update(sent)
    await asyncio.sleep(0.1)


async def act(recorder: RunningRecorder, deed: str) -> None:
    """Do something with the one call that there is."""
    door = door_of(recorder)
    (call,) = (await asked(door, "/calls"))[1]["calls"]
    assert await asked(door, f"/calls/{call['call_id']}/{deed}", WHO) == (200, {"code": "done"})


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Restarted]:
    (tmp_path / "recorder").mkdir()
    both = Restarted(tmp_path / "recorder")
    with both.first:
        yield both
    both.second.stop()


def pieces(node: Restarted) -> dict[str, list[Journal]]:
    """Return the journals of each leg, first to last."""
    journals = {one.header.journal_id: one for one in node.second.journals()}
    (first,) = [
        one for one in journals.values() if not (one.header.continues or one.header.twin_of)
    ]
    first_id = first.header.journal_id
    chains = {"first": first_id, "second": twin_of(first_id)}
    found = {
        name: [journals.pop(one) for one in (start, continuation_of(start)) if one in journals]
        for name, start in chains.items()
    }
    assert journals == {}
    return found


def finish(node: Restarted, folder: Path) -> dict[str, int]:
    """Have the worker take the spool; return the packets of each channel of the one recording."""
    folder.mkdir()
    vault = Node(folder)
    bench = with_(vault.bench(), unwrap=node.first.key_of)
    worker = Worker(node.second.spool_folder, "node-1", DjangoCatalogue(), bench, Benches(bench, 1))
    try:
        assert worker.run_once(now_s=0) == 1
    finally:
        worker.close()
    (recording,) = recordings_in_catalogue()
    assert [one.verdict for one in Call.objects.all()] == ["recorded"]
    mp3 = vault.read_object(recording.recording_id, ObjectKind.AUDIO)
    sound = sf.read(io.BytesIO(mp3), dtype="int16", always_2d=True)[0]
    assert np.abs(sound.astype(float)).max(axis=0).min() > 100
    return {side: recording.quality[side]["packets"] for side in ("owner", "remote")}


def test_nothing_of_a_pause_is_on_disk_of_either_leg_and_both_go_on_after_a_restart(
    node: Restarted, tmp_path: Path
) -> None:
    legs: list[Leg] = []

    async def call() -> None:
        async with Src(node.first) as src:
            legs.append(await leg_of(src, "far"))
            await speak(legs, 0)
            await act(node.first, "pause")
            legs.append(await leg_of(src, "near"))  # it comes into the pause
            await speak(legs, 100, is_kept=False)
            await act(node.first, "resume")
            await speak(legs, 200)
            await act(node.first, "pause")
            await asyncio.to_thread(node.restart)
            await speak(legs, 300, is_kept=False)
            await act(node.second, "resume")
            await speak(legs, 400)
            await src.hang_up(legs[1].dialog_id)
            ended = await src.peer_request(legs[0].dialog_id)  # three seconds later
            assert ended.method == "BYE"

    asyncio.run(call())
    node.second.stop()
    found = pieces(node)
    for name, leg in zip(("first", "second"), legs, strict=True):
        assert [one.ended for one in found[name]] == [False, True]
        assert set().union(*(set(one.packets) for one in found[name])) == leg.heard
    ends = [one for name in found for one in found[name][1].events if isinstance(one, DialogEnded)]
    assert [one.reason for one in ends] == ["other_leg_ended", "bye"]
    kinds = [one.kind for one in node.second.node_events() if isinstance(one, NodeEvent)]
    assert "cucm_one_sided" not in kinds
    far, near = (len(one.heard) for one in legs)
    assert finish(node, tmp_path / "node") == {"owner": near, "remote": far}
    assert node.second.journals() == []


def test_a_leg_that_comes_to_the_recorder_after_is_joined_to_the_one_before(
    node: Restarted, tmp_path: Path
) -> None:
    legs: list[Leg] = []

    async def call() -> None:
        async with Src(node.first) as src:
            legs.append(await leg_of(src, "near"))
            await speak(legs, 0)
            await asyncio.to_thread(node.restart)
            legs.append(await leg_of(src, "far"))
            await speak(legs, 100)
            for leg in legs:
                await src.hang_up(leg.dialog_id)

    asyncio.run(call())
    node.second.stop()
    found = pieces(node)
    assert [len(one) for one in found.values()] == [2, 1]
    heard = [set().union(*(set(one.packets) for one in found[name])) for name in found]
    assert heard == [one.heard for one in legs]
    near, far = (len(one.heard) for one in legs)
    assert finish(node, tmp_path / "node") == {"owner": near, "remote": far}
