"""A spool, a vault and a catalogue in a folder, and journals written to order."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from callvault.config.sections import FinaliseConfig
from callvault.finalise.catalogue import CallFacts, RecordingFacts
from callvault.finalise.journal import Workbench
from callvault.policy.decision import Assignment, Decision, Direction, Party, Step, Verdict
from callvault.policy.legal_hold import NOTHING_HELD, Held
from callvault.rtp import RtpPacket
from callvault.spool import JournalWriter, Packet, PacketsBlock, Source, journal_path
from callvault.spool.entries import (
    Decided,
    DialogEnded,
    Event,
    JournalHeader,
    MediaKeys,
    NodeEvent,
    PayloadFormat,
    PeerAttempt,
    SignallingSeen,
    StreamDescription,
    StreamsChanged,
    TimelineEvent,
    TrunkRef,
)
from callvault.vault import (
    KeyKind,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    create_first_certificates,
    open_key,
    seal_key,
)
from tests.audio.wire import MS, START_NS, Arrival

TRUNK = TrunkRef(UUID(int=7), "PBX")
FORMATS = (
    PayloadFormat(0, "PCMU", 8000),
    PayloadFormat(8, "PCMA", 8000),
    PayloadFormat(9, "G722", 8000),
    PayloadFormat(13, "CN", 8000),
    PayloadFormat(18, "G729", 8000),
    PayloadFormat(98, "ISAC", 16000),
    PayloadFormat(101, "TELEPHONE-EVENT", 8000),
    PayloadFormat(111, "OPUS", 48000, 2),
)
INVITE = (
    b"INVITE sip:srs@192.0.2.200 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.14;branch=z9hG4bK1\r\n"
    b"From: <sip:2001@pbx.example>;tag=a\r\nTo: <sip:5550100@pbx.example>\r\n"
    b"Call-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)


def assignment(**changes: object) -> Assignment:
    plain = Assignment(
        recording_id=uuid4(),
        owner_id=uuid4(),
        owner_username="ann",
        owner_name="Ann Keller",
        owner_extension="2014",
        owner_group="Claims",
        direction=Direction.IN,
        local=Party("2014", "Ann Keller"),
        remote=Party("5550142"),
        owner_streams=(0,),
        remote_streams=(1,),
    )
    return msgspec.structs.replace(plain, **changes)


@dataclass
class FakeCatalogue:
    """Keeps what it is told; `broken` makes it refuse."""

    calls: dict[UUID, CallFacts] = field(default_factory=dict)
    recordings: dict[UUID, RecordingFacts] = field(default_factory=dict)
    attempts: list[PeerAttempt] = field(default_factory=list)
    node_events: list[NodeEvent] = field(default_factory=list)
    read: dict[UUID, int] = field(default_factory=dict)
    broken: bool = False
    holds: Held = NOTHING_HELD

    def held(self) -> Held:
        if self.broken:
            raise ConnectionError("the database is away")
        return self.holds

    def add_call(self, call: CallFacts, recordings: tuple[RecordingFacts, ...]) -> None:
        if self.broken:
            raise ConnectionError("the database is away")
        self.calls[call.event_id] = call
        self.recordings.update({one.assignment.recording_id: one for one in recordings})

    def add_attempt(self, attempt: PeerAttempt, *, node: str) -> None:
        self.attempts.append(attempt)

    def add_node_event(self, event: NodeEvent, *, node: str) -> None:
        self.node_events.append(event)

    def read_until(self, journal_id: UUID) -> int:
        return self.read.get(journal_id, 0)

    def mark_read(self, journal_id: UUID, count: int) -> None:
        self.read[journal_id] = count


class Node:
    """Folders and keys of one recorder node."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir()
        key_folder = folder / "keys"
        # EC: its keys are made in no time.
        self.keyring = create_first_certificates(key_folder, kind=KeyKind.EC)
        self.store = LocalStore(folder / "vault")
        self.objects = RecordingObjects(self.store)

    def bench(self, **settings: object) -> Workbench:
        config = msgspec.convert(settings, FinaliseConfig)
        certificates = self.keyring.current(Role.ARCHIVE)
        return Workbench(self.objects, certificates, self.unwrap, config)

    def unwrap(self, envelope: bytes) -> bytes:
        return open_key(envelope, self.keyring)

    def journal(
        self,
        journal_id: UUID | None = None,
        *,
        events: bool = False,
        rest_of: UUID | None = None,
        twin_of: UUID | None = None,
    ) -> JournalWriter:
        journal_id = journal_id or uuid4()
        key = os.urandom(32)
        header = JournalHeader(
            journal_id=journal_id,
            purpose="node_events" if events else "dialog",
            node="callvault-1",
            opened_at_ns=START_NS - 40 * MS,
            trunk=TRUNK,
            call_id="c1",
            peer="192.0.2.14:5060",
            transport="udp",
            rest_of=rest_of,
            twin_of=twin_of,
        )
        path = journal_path(self.spool, journal_id, events=events)
        envelope = seal_key(key, self.keyring.current(Role.INGEST))
        return JournalWriter.create(path, key=key, envelope=envelope, header=header)

    def read_object(self, recording_id: UUID, kind: ObjectKind) -> bytes:
        with self.objects.open(recording_id, kind, self.keyring) as reader:
            return reader.read(0, reader.size)


Streams = Mapping[int, Sequence[Arrival] | Mapping[str, Sequence[Arrival]]]


@dataclass
class RecordedCall:
    """A call as the recorder would journal it; times are ns from START_NS."""

    streams: Streams
    assignments: tuple[Assignment, ...]
    seconds: float
    verdict: Verdict = Verdict.RECORDED
    events: tuple[TimelineEvent | MediaKeys, ...] = ()
    clock_step: tuple[float, int] | None = None  # (at second, by ns): someone sets the clock
    tells_step: bool = True  # a block with both clocks before the event behind a step
    rtcp: tuple[tuple[int, bytes], ...] = ()  # (stream, datagram), in the first second
    steps: tuple[Step, ...] = ()  # of the decision
    decision: Decision | None = None  # another than follows from these
    keys: MediaKeys | None = None  # of SRTP, from the beginning
    first_port: int = 20000
    held_s: int = 0  # what came in so many seconds is written behind the events of that time

    def write(self, journal: JournalWriter, *, whole: bool = True) -> None:
        """Write it; not `whole`: as a recorder that was killed leaves it."""
        end_ns = START_NS + round(self.seconds * 1e9)
        journal.append(SignallingSeen(START_NS - 30 * MS, sent=False, raw=INVITE))
        if self.keys is not None:
            journal.append(self.keys)
        journal.append(StreamsChanged(START_NS - 10 * MS, self._descriptions()))
        decision = self.decision or Decision(self.verdict, self.steps, self.assignments)
        journal.append(Decided(START_NS - 5 * MS, decision))
        timed: list[Event] = [TimelineEvent(START_NS, "answered", "Ann Keller"), *self.events]
        held: list[PacketsBlock] = []
        for second in range(int(self.seconds) + 2):
            until_ns = START_NS + (second + 1) * 1_000_000_000
            for event in [one for one in timed if one.at_ns < until_ns]:
                timed.remove(event)
                journal.append(event)
            if (block := self._block(second)) is not None:
                held.append(block)
            if second + 1 >= self.held_s:
                while held:
                    journal.append_packets(held.pop(0))
        if whole:
            if self.clock_step is not None and self.tells_step:
                journal.append_packets(PacketsBlock(self._stepped(end_ns), self._monotonic(end_ns)))
            journal.append(DialogEnded(self._stepped(end_ns), "bye"))
            journal.end()
        journal.close()

    def _descriptions(self) -> tuple[StreamDescription, ...]:
        return tuple(
            StreamDescription(
                index, str(index), "audio", FORMATS, active=True, port=self.first_port + index
            )
            for index in self.streams
        )

    def _senders(self) -> Iterable[tuple[int, int, str, Sequence[Arrival]]]:
        for index, sources in self.streams.items():
            named = sources if isinstance(sources, Mapping) else {"192.0.2.7": sources}
            for number, (address, arrivals) in enumerate(named.items()):
                yield index, number, address, arrivals

    def _block(self, second: int) -> PacketsBlock | None:
        start, end = second * 1_000_000_000, (second + 1) * 1_000_000_000
        packets, sources = [], {}
        for index, number, address, arrivals in self._senders():
            for one in arrivals:
                if start <= one.ns < end:
                    sources[index, number] = Source(ip_address(address), 40000 + number)
                    at_ns = self._stepped(START_NS + one.ns)
                    packets.append(Packet(index, number, False, at_ns, bytes(one.packet)))
        if second == 0:
            packets += [Packet(i, 0, True, START_NS, datagram) for i, datagram in self.rtcp]
        if not packets:
            return None
        packets.sort(key=lambda packet: packet.arrival_ns)
        now_ns = START_NS + end
        return PacketsBlock(self._stepped(now_ns), self._monotonic(now_ns), sources, packets)

    def _monotonic(self, at_ns: int) -> int:
        return 5_000 + at_ns - START_NS

    def _stepped(self, at_ns: int) -> int:
        if self.clock_step is None or at_ns < START_NS + self.clock_step[0] * 1e9:
            return at_ns
        return at_ns + self.clock_step[1]


def rtp(payload: bytes) -> RtpPacket:
    return RtpPacket(payload_type=0, sequence_number=1, timestamp=1, ssrc=1, payload=payload)
