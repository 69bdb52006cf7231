"""First pass over a journal: what was decided, when it was, and what was received.

Nothing is decoded. What is kept grows by some tens of bytes a second of call and source.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from callvault.audio import Encoding, PayloadTable, SourceSurvey
from callvault.finalise.reading import Cut, Item, Locked, Meant, Reached, SourceBatch, SourceKey
from callvault.policy.decision import Decision
from callvault.sip import PressedKey, key_in_info
from callvault.spool.entries import (
    Decided,
    DialogEnded,
    MetadataSeen,
    PayloadFormat,
    SignallingSeen,
    StreamDescription,
    StreamsChanged,
    TimelineEvent,
)

MAX_SOURCES = 512  # of a stream, 2 kB each: a day of holds, each with an SSRC of its own
_PASSER_BY = 3  # packets; fewer are no voice beside others (audio.choice)
_MAX_TIMELINE = 10_000
MAX_METADATA = 32  # documents kept of a call


class PayloadTables:
    """What payload types mean on each stream, as the negotiation goes on."""

    def __init__(self, *, g726_is_aal2: bool = False) -> None:
        """`g726_is_aal2`: senders say G726 and mean the order of bits of AAL2."""
        self._g726_prefix = "AAL2-" if g726_is_aal2 else ""
        self._static = Encoding(2, f"{self._g726_prefix}G726-32", 8000)
        self._encodings: dict[int, dict[int, Encoding]] = {}
        self._tables: dict[int, PayloadTable] = {}

    def change(self, streams: Iterable[StreamDescription]) -> None:
        """Take a new negotiation; what it no longer names keeps its meaning for late packets."""
        for stream in streams:
            known = self._encodings.setdefault(stream.index, {})
            for one in stream.formats:
                known[one.payload_type] = Encoding(
                    one.payload_type,
                    self._name_of(one),
                    one.clock_rate_hz,
                    one.channels,
                    one.parameters,
                )
            self._tables[stream.index] = PayloadTable((self._static, *known.values()))

    def _name_of(self, one: PayloadFormat) -> str:
        name = one.encoding.upper()
        return self._g726_prefix + name if name.startswith("G726-") else name

    def of(self, stream: int) -> PayloadTable:
        """Return the table in force on a stream."""
        return self._tables.setdefault(stream, PayloadTable((self._static,)))


@dataclass(slots=True)
class CallSurvey:
    """What the first pass found."""

    tables: PayloadTables = field(default_factory=PayloadTables)
    sources: dict[int, dict[SourceKey, SourceSurvey]] = field(default_factory=dict)  # by stream
    timeline: list[TimelineEvent] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)  # where a restart joined two journals
    ports: dict[int, int] = field(default_factory=dict)  # ours, by stream
    undecrypted: dict[int, int] = field(default_factory=dict)  # RTP packets, by stream
    decision: Decision | None = None
    ended: DialogEnded | None = None
    keys: list[PressedKey] = field(default_factory=list)  # told by SIP INFO
    invite: bytes = b""  # the first request received, for its From and To
    metadata: list[bytes] = field(default_factory=list)  # as received: the first and the last ones
    first_arrival_ns: int | None = None
    last_arrival_ns: int | None = None

    def take(self, item: Item) -> None:
        """Take the next item of the journal."""
        if isinstance(item, SourceBatch):
            self._take_packets(item)
        elif isinstance(item, Locked):
            self._take_locked(item)
        elif isinstance(item, StreamsChanged):
            self.tables.change(item.streams)
            self.ports.update({one.index: one.port for one in item.streams if one.port})
        elif isinstance(item, Meant):
            self.tables.change(item.streams)
        elif isinstance(item, TimelineEvent):
            self._take_event(item)
        elif isinstance(item, Cut):
            self.cuts.append(item)
        elif isinstance(item, Decided):
            self.decision = item.decision
        elif isinstance(item, DialogEnded):
            self.ended = item
        elif isinstance(item, MetadataSeen | SignallingSeen):
            self._take_signalling(item)

    def _take_signalling(self, item: MetadataSeen | SignallingSeen) -> None:
        if isinstance(item, SignallingSeen):
            if not item.sent:
                self._take_message(item)
            return
        if len(self.metadata) == MAX_METADATA:
            del self.metadata[MAX_METADATA // 2]
        self.metadata.append(item.raw)

    def _take_message(self, message: SignallingSeen) -> None:
        """Keep the first request, and which keys others tell of."""
        self.invite = self.invite or message.raw
        pressed = key_in_info(message.raw, at_ns=message.at_ns)
        if pressed is not None and len(self.keys) < _MAX_TIMELINE:
            self.keys.append(pressed)

    def _take_event(self, event: TimelineEvent) -> None:
        """Keep an event; the answer once, for a journal that goes on tells of it again."""
        is_repeat = event.kind == "answered" and any(
            one.kind == "answered" for one in self.timeline
        )
        if not is_repeat and len(self.timeline) < _MAX_TIMELINE:
            self.timeline.append(event)

    def _take_packets(self, batch: SourceBatch) -> None:
        if not len(batch.packets):
            return
        of_stream = self.sources.setdefault(batch.key.stream, {})
        if batch.key not in of_stream and len(of_stream) >= MAX_SOURCES:
            _forget_passers_by(of_stream)
            if len(of_stream) >= MAX_SOURCES:
                return
        table = self.tables.of(batch.key.stream)
        of_stream.setdefault(batch.key, SourceSurvey()).add(batch.packets, table)
        self._note_arrivals(int(batch.packets.arrival_ns[0]), int(batch.packets.arrival_ns[-1]))

    def _take_locked(self, locked: Locked) -> None:
        """Count what could not be opened; it was received all the same."""
        for packet in locked.block.packets:
            if not packet.is_rtcp:
                self.undecrypted[packet.stream] = self.undecrypted.get(packet.stream, 0) + 1
        self._note_arrivals(min(locked.arrivals_ns), max(locked.arrivals_ns))

    def _note_arrivals(self, first: int, last: int) -> None:
        self.first_arrival_ns = min(self.first_arrival_ns or first, first)
        self.last_arrival_ns = max(self.last_arrival_ns or last, last)


def survey(items: Iterable[Item], *, g726_is_aal2: bool = False) -> CallSurvey:
    """Read a whole journal."""
    found = CallSurvey(PayloadTables(g726_is_aal2=g726_is_aal2))
    for item in items:
        if not isinstance(item, Reached):
            found.take(item)
    return found


def _forget_passers_by(of_stream: dict[SourceKey, SourceSurvey]) -> None:
    """Make room: a flood of invented SSRCs must neither fill the memory nor end the hearing."""
    for key, source in list(of_stream.items()):
        if source.statistics.received < _PASSER_BY:
            del of_stream[key]
