"""Pause and resume through real capture: what is paused never reaches the disk."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from callvault import clock, sip
from callvault.capture import Receiver
from callvault.config.sections import CaptureConfig, Config, NodeConfig, SpoolConfig
from callvault.errors import SpoolError
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.journals import JournalOpener
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.service import Recorder
from callvault.recorder.states import State
from callvault.spool import JournalReader, PacketsBlock
from callvault.spool.entries import TimelineEvent
from tests.flows.recorder_node import RunningRecorder, Src, media_ports, send_rtp, wait_until
from tests.policy.cast import SNAPSHOT
from tests.recorder.bench import FLOW
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, request, sdp

pytestmark = pytest.mark.flow

CAPTURE = CaptureConfig(bind_address="127.0.0.1", sweep_ms=20, socket_buffer_bytes=131_072)


class _OneCall:
    """A recorder without sockets for SIP, real capture under it, and one call on it."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self._keys: dict[bytes, bytes] = {}
        config = Config(
            node=NodeConfig(data_folder=folder), spool=SpoolConfig(folder, min_free_bytes=0)
        )
        policy = PolicySource(None, folder / "snapshot.json")
        policy.in_force = PolicyInForce.of(SNAPSHOT)
        opener = JournalOpener(receiver, self._seal, ())
        self.recorder = Recorder(config, receiver, opener, policy, read_clocks=clock.read)
        body = both(sdp(), metadata(ANN, REMOTE))
        self.recorder.agent.receive(bytes(request("INVITE", body, MULTIPART)), flow=FLOW, now=0.0)
        self.recorder.take_events(self.recorder.agent.events())
        answers = [raw for _, raw in self.recorder.agent.messages_to_send()]
        self.ports = media_ports(answers[-1])
        (self.dialog,) = self.recorder.dialogs.values()
        self.path = folder / f"{self.dialog.session.journal_id.hex}.cvj"

    def on_disk(self) -> tuple[list[str], int]:
        """Kinds on the timeline and number of packets, as the file says now."""
        kinds: list[str] = []
        packets = 0
        with JournalReader.open(self.path, unwrap=self._keys.__getitem__) as reader:
            for block in reader.blocks():
                if isinstance(block, PacketsBlock):
                    packets += len(block.packets)
                elif isinstance(block, TimelineEvent):
                    kinds.append(block.kind)
        return kinds, packets

    def end(self) -> None:
        """Close the journal."""
        self.recorder.stop()
        self.recorder.abandon()

    def _seal(self, key: bytes, certificates: object) -> bytes:
        envelope = os.urandom(16)
        self._keys[envelope] = key
        return envelope


async def _pause_and_resume(call: _OneCall, dialog: LiveDialog) -> None:
    send_rtp(call.ports, 10)
    await dialog.pause(who="Ann Keller", detail="card number")
    kinds, packets = call.on_disk()
    assert kinds == ["answered", "paused"]  # on disk when it is acknowledged
    assert packets == 20
    send_rtp(call.ports, 100, first=10)
    await asyncio.sleep(0.1)  # more than a sweep, while paused
    await dialog.pause(who="Ann Keller")
    await dialog.resume(who="Ann Keller")
    await dialog.resume(who="Ann Keller")
    send_rtp(call.ports, 5, first=110)


def test_what_comes_in_a_pause_never_reaches_the_disk(tmp_path: Path) -> None:
    with Receiver(CAPTURE, spool_folder=tmp_path, sync_ms=100) as receiver:
        call = _OneCall(tmp_path, receiver)
        asyncio.run(_pause_and_resume(call, call.dialog))
        call.end()
    assert call.on_disk() == (["answered", "paused", "unpaused", "ended"], 30)


def test_packets_of_a_pause_still_say_that_the_peer_is_alive(tmp_path: Path) -> None:
    with Receiver(CAPTURE, spool_folder=tmp_path, sync_ms=100) as receiver:
        call = _OneCall(tmp_path, receiver)
        asyncio.run(call.dialog.pause(who="Ann Keller"))
        send_rtp(call.ports, 10)
        time.sleep(0.1)  # more than a sweep
        call.dialog.check_media()
        timed_out = sip.AckTimedOut(sip.DialogId(1), sip.RequestId(1))
        call.dialog.feed(timed_out)
        assert call.dialog.session.state is not State.ENDING
        call.end()
    assert call.on_disk() == (["answered", "paused", "ended"], 0)


def test_a_resume_that_cannot_be_written_leaves_the_recording_paused(tmp_path: Path) -> None:
    with Receiver(CAPTURE, spool_folder=tmp_path, sync_ms=100) as receiver:
        call = _OneCall(tmp_path, receiver)
        asyncio.run(call.dialog.pause(who="Ann Keller"))
        receiver.close()
        with pytest.raises(SpoolError):
            asyncio.run(call.dialog.resume(who="Ann Keller"))
        assert call.dialog.session.capturing.is_paused


async def _paused_by_the_client(recorder: RunningRecorder) -> list[str]:
    def offer(record: str) -> bytes:
        return sdp() + f"a=record:{record}\r\n".encode()

    async with Src(recorder) as src:
        dialog_id, answer = await src.call(both(sdp(), metadata(ANN, REMOTE)), MULTIPART)
        ports = media_ports(answer.body)
        send_rtp(ports, 10)
        await asyncio.sleep(0.1)  # more than a sweep: what came before the pause is taken
        src.request(dialog_id, "INVITE", offer("paused"), "application/sdp")
        assert (await src.final(dialog_id)).status == 200
        (journal,) = recorder.journals()
        kinds = [one.kind for one in journal.events if isinstance(one, TimelineEvent)]
        send_rtp(ports, 100, first=10)
        await asyncio.sleep(0.1)
        src.request(dialog_id, "INVITE", offer("on"), "application/sdp")
        assert (await src.final(dialog_id)).status == 200
        send_rtp(ports, 5, first=110)
        await src.hang_up(dialog_id)
        return kinds


def test_a_pause_that_the_client_signals_is_on_disk_when_it_is_answered(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path) as recorder:
        at_the_answer = asyncio.run(_paused_by_the_client(recorder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        (journal,) = recorder.journals()
    assert at_the_answer == ["answered", "paused"]
    assert [one.kind for one in journal.events if isinstance(one, TimelineEvent)] == [
        *("answered", "paused", "unpaused", "ended"),
    ]
    assert len(journal.packets) == 30
