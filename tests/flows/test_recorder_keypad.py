"""Somebody leads the recording of their call to the recorder by keys (CAP-3, MODE-2 to 4)."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from msgspec.structs import replace

from callvault import sip
from callvault.config.sections import SipConfig
from callvault.policy.decision import Decision
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.keypad import Keypad
from callvault.policy.modes import RecordingMode
from callvault.policy.pilots import Pilots
from callvault.policy.prompts import Prompts
from callvault.policy.snapshot import Snapshot
from callvault.policy.wishes import Mark
from callvault.recorder.prompts import sound
from callvault.spool import journal_path, read_marks
from callvault.spool.entries import Decided, DialogEnded, SignallingSeen, TimelineEvent
from tests.flows.recorder_node import (
    SNAPSHOT,
    WITHIN_S,
    Journal,
    RunningRecorder,
    Src,
    media_ports,
    wait_until,
)

pytestmark = pytest.mark.flow
KEYED = replace(
    SNAPSHOT,
    pilots=Pilots(dial_in=("8600",)),
    dial_in=DialInRules(keypad=Keypad(is_on=True)),
)
TONE = sound("beep", "PCMA")
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
EVENTS = "0123456789*#"
NOT_YET = sip.DialogId(0)


@dataclass
class Phone:
    """A phone in a call with the recorder: it sends audio and keys, and counts tones."""

    src: Src
    wire: socket.socket
    dialog_id: sip.DialogId = NOT_YET
    target: tuple[str, int] = ("", 0)
    heard: bytes = b""
    _sequence: int = 0
    _ticks: int = 0

    async def call(self) -> Self:
        """Be answered, and say something."""
        offer = OFFER.format(port=self.wire.getsockname()[1]).encode()
        self.dialog_id = self.src.invite(offer, "application/sdp", dialled="8600", is_src=False)
        answer = await self.src.final(self.dialog_id)
        assert answer.status == 200
        assert b"a=sendrecv" in answer.body
        self.target = ("127.0.0.1", media_ports(answer.body)[0])
        self.speak(0x55)
        return self

    def speak(self, sample: int, packets: int = 3) -> None:
        """Send audio of this sample alone."""
        for _ in range(packets):
            self._send(8, bytes([sample]) * 160)
            self._ticks += 160

    def press(self, keys: str, *, loses: int = -1) -> None:
        """Send keys as RFC 4733 has it: six packets each, the last three with the end bit."""
        for key in keys:
            for number in range(6):
                end = 0x80 if number > 2 else 0
                if number != loses:
                    self._send(101, bytes([EVENTS.index(key), end | 10, 3, 32]))
            self._ticks += 800

    async def tell(self, keys: str) -> None:
        """Send keys by SIP INFO."""
        for key in keys:
            body = f"Signal={key}\r\nDuration=160\r\n".encode()
            self.src.request(self.dialog_id, "INFO", body, "application/dtmf-relay")
            assert (await self.src.final(self.dialog_id, "INFO")).status == 200

    async def tones(self, count: int) -> None:
        """Wait until so many more tones were heard; audio goes on, so that they find us."""
        wanted = self.heard.count(TONE) + count
        async with asyncio.timeout(WITHIN_S):
            while self.heard.count(TONE) < wanted:
                try:
                    self.heard += self.wire.recv(2048)[12:]
                except BlockingIOError:
                    self.speak(0xD5, 1)
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # no more follow
        while True:
            try:
                self.heard += self.wire.recv(2048)[12:]
            except BlockingIOError:
                break
        assert self.heard.count(TONE) == wanted

    def _send(self, payload_type: int, payload: bytes) -> None:
        head = struct.pack("!BBHII", 0x80, payload_type, self._sequence, self._ticks, 7)
        self._sequence += 1
        self.wire.sendto(head + payload, self.target)


@asynccontextmanager
async def phone(recorder: RunningRecorder, transport: str = "udp") -> AsyncIterator[Phone]:
    """A call that hangs up at the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.setblocking(False)
        async with Src(recorder, transport) as src:
            found = await Phone(src, wire).call()
            yield found
            await src.hang_up(found.dialog_id)


def _ended(recorder: RunningRecorder) -> Journal:
    wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
    (journal,) = recorder.journals()
    return journal


def _decided(journal: Journal) -> Decision:
    last = journal.of(Decided)[-1]
    assert isinstance(last, Decided)
    return last.decision


def _told(journal: Journal) -> list[tuple[str, str, str]]:
    told = [one for one in journal.events if isinstance(one, TimelineEvent)]
    return [(one.kind, one.who, one.detail) for one in told if one.detail == "keypad"]


def of_mode(mode: RecordingMode) -> Snapshot:
    return replace(KEYED, people=tuple(replace(one, mode=mode) for one in SNAPSHOT.people))


async def _card(recorder: RunningRecorder) -> None:
    async with phone(recorder) as caller:
        caller.press("*3", loses=0)
        await caller.tones(2)
        caller.speak(0x11)
        caller.press("4111")
        await caller.tell("4222")
        caller.press("*4", loses=5)
        await caller.tones(1)
        caller.speak(0x22)
        await asyncio.sleep(0.1)


def test_a_card_number_typed_in_a_pause_is_nowhere_and_the_keys_that_end_it_are_heard(
    tmp_path: Path,
) -> None:
    with RunningRecorder(tmp_path, snapshot=KEYED) as recorder:
        asyncio.run(_card(recorder))
        journal = _ended(recorder)
    name = SNAPSHOT.people[0].full_name
    assert _told(journal) == [("paused", name, "keypad"), ("unpaused", name, "keypad")]
    payloads = [packet[12:] for _, packet in journal.packets]
    assert bytes([0x55]) * 160 in payloads
    assert bytes([0x22]) * 160 in payloads
    assert bytes([0x11]) * 160 not in payloads
    keys = {EVENTS[one[0]] for one in payloads if len(one) == 4}
    assert keys <= {"*", "3"}, "what was pressed before the pause alone"
    raw = b"".join(one.raw for one in journal.events if isinstance(one, SignallingSeen))
    assert raw.count(b"\nCSeq: ") >= 4
    assert b"Signal=" not in raw


async def _on_demand(recorder: RunningRecorder) -> None:
    async with phone(recorder, "tcp") as caller:
        await caller.tell("*2")
        await caller.tones(2)
        caller.speak(0x11)
        await caller.tell("*5")  # of another mode
        await caller.tones(3)
        await caller.tell("*1")
        await caller.tones(1)
        caller.speak(0x22)
        await asyncio.sleep(0.1)


def test_a_recording_on_demand_is_stopped_and_started_by_keys_as_info_tells_them(
    tmp_path: Path,
) -> None:
    with RunningRecorder(tmp_path, snapshot=of_mode(RecordingMode.ON_DEMAND)) as recorder:
        asyncio.run(_on_demand(recorder))
        journal = _ended(recorder)
    assert [kind for kind, _, _ in _told(journal)] == ["stopped", "started"]
    first, second = _decided(journal).assignments
    assert 0 < first.until_ns < second.from_ns
    payloads = {packet[12:] for _, packet in journal.packets}
    assert bytes([0x22]) * 160 in payloads
    assert bytes([0x11]) * 160 not in payloads


async def _live_keep(recorder: RunningRecorder) -> None:
    async with phone(recorder) as caller:
        caller.press("*5")  # as it is already
        await caller.tones(1)
        caller.press("*6")
        await caller.tones(2)
        caller.press("*1")
        await caller.tones(3)


def test_a_call_of_live_keep_is_kept_and_dropped_by_keys(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=of_mode(RecordingMode.LIVE_KEEP)) as recorder:
        asyncio.run(_live_keep(recorder))
        wait_until(lambda: bool(recorder.journals()))
        recorder.stop()
        (journal,) = recorder.journals()
    assert [kind for kind, _, _ in _told(journal)] == ["dropped"]
    decision = _decided(journal)
    assert decision.assignments == ()
    assert [one.mark for one in decision.offered] == ["dropped"]


async def _kept_after_a_split(recorder: RunningRecorder) -> None:
    async with phone(recorder) as caller:
        caller.press("*6")
        await caller.tones(2)
        while len(recorder.journals()) < 2:
            caller.speak(0xD5, 1)
            await asyncio.sleep(0.02)
        caller.press("*5")
        await caller.tones(1)


def test_a_call_that_grew_too_long_is_kept_from_its_beginning(tmp_path: Path) -> None:
    settings = SipConfig(bind_address="127.0.0.1", port=0, tls=False, max_call_s=2)
    snapshot = of_mode(RecordingMode.LIVE_KEEP)
    with RunningRecorder(tmp_path, snapshot=snapshot, sip=settings) as recorder:
        asyncio.run(_kept_after_a_split(recorder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        first = min(recorder.journals(), key=lambda one: one.header.opened_at_ns)
        path = journal_path(recorder.spool_folder, first.header.journal_id)
        assert [one.mark for one in _decided(first).offered] == ["dropped"]
        assert list(read_marks([path]).values()) == [Mark.KEPT]  # the last word


async def _flood(recorder: RunningRecorder) -> None:
    async with phone(recorder) as caller:
        for number in range(1200):
            caller.press(EVENTS[number % 12])
            if number % 40 == 0:  # no more than a socket takes
                await asyncio.sleep(0.03)
        caller.speak(0x22, packets=50)
        await asyncio.sleep(0.5)
        caller.press("*3")
        await caller.tones(2)


def test_a_flood_of_keys_neither_costs_audio_nor_the_command_behind_it(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=KEYED) as recorder:
        asyncio.run(_flood(recorder))
        journal = _ended(recorder)
    payloads = [packet[12:] for _, packet in journal.packets]
    assert payloads.count(bytes([0x22]) * 160) == 50
    assert [kind for kind, _, _ in _told(journal)][-1] == "paused"


async def _beeps(recorder: RunningRecorder) -> None:
    async with phone(recorder) as caller:
        await caller.tones(1)
        caller.press("*3")
        await caller.tones(2)
        for _ in range(75):  # longer than from one tone to the next
            caller.speak(0xD5, 1)
            await asyncio.sleep(0.02)
        await caller.tones(0)
        caller.press("*4")
        await caller.tones(1)
        await caller.tones(1)


def test_the_tones_stop_in_a_pause_and_come_again_after_it(tmp_path: Path) -> None:
    snapshot = replace(KEYED, prompts=Prompts(beep_every_s=1))
    with RunningRecorder(tmp_path, snapshot=snapshot) as recorder:
        asyncio.run(_beeps(recorder))
        _ended(recorder)


async def _silent(recorder: RunningRecorder) -> bool:
    async with Src(recorder) as src:
        offer = OFFER.format(port=9).encode()
        dialog_id = src.invite(offer, "application/sdp", dialled="8600", is_src=False)
        assert (await src.final(dialog_id)).status == 200
        return (await src.peer_request(dialog_id)).method == "BYE"


def test_a_call_into_which_nothing_comes_is_ended_by_us(tmp_path: Path) -> None:
    snapshot = replace(KEYED, dial_in=DialInRules(silence_s=1))
    with RunningRecorder(tmp_path, snapshot=snapshot) as recorder:
        assert asyncio.run(_silent(recorder))
        journal = _ended(recorder)
    assert [getattr(one, "reason", "") for one in journal.of(DialogEnded)] == ["media_timeout"]
