"""Reads a journal the way finalise needs it: events one by one, packets by source in columns.

Both passes over a journal read it through here, so that both see the same batches. All times that
leave here are on one clock without steps, which agrees with UTC at the journal's first block. SRTP
leaves here as RTP.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from callvault.finalise.decryption import Decryption
from callvault.rtp import PacketBatch, parse_batch
from callvault.spool import PacketsBlock
from callvault.spool.entries import Event, MediaKeys, StreamDescription, StreamsChanged

GATHERED_NS = 8_000_000_000  # packets of this time make a batch
_MAX_GATHERED = 4_000  # or so many
_STEP_NS = 20_000_000  # the two clocks part by more only when the wall clock was set
_MAX_MEANINGS = 64  # older changes of the streams are over before what is held now
_BLOCK_NS = 2_000_000_000  # a block holds what came since the one before, about a second


class SourceKey(NamedTuple):
    """One sender on one stream: told apart by address, port and SSRC."""

    stream: int
    address: str
    port: int
    ssrc: int


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """The next packets of one source."""

    key: SourceKey
    packets: PacketBatch


@dataclass(frozen=True, slots=True)
class Locked:
    """Packets that no key opens, as received."""

    block: PacketsBlock
    arrivals_ns: list[int]


@dataclass(frozen=True, slots=True)
class Reached:
    """All that arrived until this moment has been handed out."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The recorder was gone from `start_ns` to `end_ns`: a restart cut the journal in pieces."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Meant:
    """What packets meant that were held in memory while the streams changed, or mean again."""

    streams: tuple[StreamDescription, ...]


@dataclass(slots=True)
class Meanings:
    """Which description of the streams a block was gathered under, whenever it was written."""

    _told: list[StreamsChanged] = field(default_factory=list)
    _current: StreamsChanged | None = None

    def change(self, event: StreamsChanged) -> None:
        """Take what holds from now on."""
        self._told = [*self._told[1 - _MAX_MEANINGS :], event]
        self._current = event

    def of_block(self, gathered_ns: int) -> Meant | None:
        """Return what the packets of a block mean, if it is not what those before it meant."""
        if not self._told:
            return None
        earlier = [one for one in self._told if one.at_ns <= gathered_ns]
        before, self._current = self._current, earlier[-1] if earlier else self._told[0]
        return Meant(self._current.streams) if self._current is not before else None


@dataclass(slots=True)
class SteadyClock:
    """Takes steps of the wall clock out of arrival times (each block carries both clocks)."""

    _shift_ns: int = 0  # to add to UTC
    _first_offset_ns: int | None = None
    _reached_ns: int | None = None
    _monotonic_ns: int = 0
    _begins_piece: bool = False

    def begin_piece(self) -> None:
        """Learn that the next block is the first of another journal of the call."""
        self._begins_piece = True

    def arrivals(self, block: PacketsBlock) -> list[int]:
        """Return the arrival of each packet of the next block."""
        if self._first_offset_ns is None:
            self._first_offset_ns = block.clock_offset_ns
        is_late = block.monotonic_ns < self._monotonic_ns
        if is_late and self._begins_piece:
            # The machine was started again between two pieces: only the wall clock joins them.
            self._first_offset_ns = block.clock_offset_ns + self._shift_ns
        # Else it was held in memory, and the clock was set meanwhile: its own pair counts.
        is_held = is_late and not self._begins_piece
        self._monotonic_ns, self._begins_piece = block.monotonic_ns, False
        before = self._shift_ns
        shift = self._first_offset_ns - block.clock_offset_ns
        stepped = abs(shift - before) > _STEP_NS
        if stepped:
            self._shift_ns = shift
        now = block.realtime_ns + self._shift_ns
        since = now - _BLOCK_NS if self._reached_ns is None or is_held else self._reached_ns
        self._reached_ns = now
        if not stepped:
            return [packet.arrival_ns + before for packet in block.packets]
        return [
            packet.arrival_ns + (shift if since <= packet.arrival_ns + shift <= now else before)
            for packet in block.packets
        ]

    def at(self, at_ns: int) -> int:
        """Return the moment of an event that was written after the last block."""
        return at_ns + self._shift_ns

    @property
    def reached_ns(self) -> int:
        """When the last block was gathered."""
        return self._reached_ns or 0


@dataclass(slots=True)
class _Gathered:
    """Datagrams of one stream and sender."""

    datagrams: list[bytes] = field(default_factory=list)
    arrivals_ns: list[int] = field(default_factory=list)


class Gatherer:
    """Collects packets of some seconds, then hands them out by source."""

    def __init__(self) -> None:
        self._by_sender: dict[tuple[int, str, int], _Gathered] = {}
        self._count = 0
        self._since_ns: int | None = None

    def add(self, block: PacketsBlock, arrivals_ns: list[int]) -> None:
        """Take a block's RTP packets; RTCP is left to the object of received packets."""
        # The loop runs once per packet of every recording: senders are looked up once a block.
        senders = {
            key: self._by_sender.setdefault((key[0], str(one.address), one.port), _Gathered())
            for key, one in block.sources.items()
        }
        for packet, arrival_ns in zip(block.packets, arrivals_ns, strict=True):
            if not packet.is_rtcp:
                gathered = senders[packet.stream, packet.source]
                gathered.datagrams.append(packet.datagram)
                gathered.arrivals_ns.append(arrival_ns)
        self._count += len(block.packets)
        if self._since_ns is None and arrivals_ns:
            self._since_ns = min(arrivals_ns)

    def is_full(self, reached_ns: int) -> bool:
        """Return whether it is time to hand out."""
        waited = self._since_ns is not None and reached_ns - self._since_ns >= GATHERED_NS
        return waited or self._count >= _MAX_GATHERED

    def hand_out(self) -> Iterator[SourceBatch]:
        """Yield what was collected, and begin anew."""
        by_sender, self._by_sender = self._by_sender, {}
        self._count, self._since_ns = 0, None
        for (stream, address, port), gathered in by_sender.items():
            batch = parse_batch(gathered.datagrams, gathered.arrivals_ns)
            ssrcs = dict.fromkeys(batch.ssrc.tolist())
            for ssrc in ssrcs:
                part = batch if len(ssrcs) == 1 else batch.take(batch.ssrc == ssrc)
                yield SourceBatch(SourceKey(stream, address, port, ssrc), part)


Item = Event | PacketsBlock | Locked | SourceBatch | Reached | Cut | Meant
Blocks = Iterable[PacketsBlock | Event]


class Piece(NamedTuple):
    """One of the journals of a call, nearly always the only one."""

    opened_at_ns: int
    blocks: Blocks


def read(blocks: Blocks) -> Iterator[Item]:
    """Yield a journal's items: each block opened, then its packets, some seconds together."""
    return read_pieces([Piece(0, blocks)])


def read_pieces(pieces: Iterable[Piece]) -> Iterator[Item]:
    """Yield the items of journals that follow each other, and the cuts between them."""
    clock, gatherer, decryption, last_ns = SteadyClock(), Gatherer(), Decryption(), 0
    meanings = Meanings()
    for number, piece in enumerate(pieces):
        if number:
            yield from gatherer.hand_out()
            clock.begin_piece()
            end_ns = clock.at(piece.opened_at_ns)
            yield Cut(min(max(last_ns, clock.reached_ns), end_ns), end_ns)
        last_ns = max(last_ns, clock.at(piece.opened_at_ns))
        for item in _read_piece(piece.blocks, clock, gatherer, decryption, meanings):
            last_ns = max(last_ns, _happened_ns(item))
            yield item
    yield from gatherer.hand_out()
    yield Reached(clock.reached_ns)


_Untimed = PacketsBlock | Locked | SourceBatch | Reached | Cut | Meant


def _happened_ns(item: Item) -> int:
    """When an event was written; packets are told by the clock."""
    return 0 if isinstance(item, _Untimed) else item.at_ns


def _read_piece(
    blocks: Blocks,
    clock: SteadyClock,
    gatherer: Gatherer,
    decryption: Decryption,
    meanings: Meanings,
) -> Iterator[Item]:
    for block in blocks:
        if isinstance(block, PacketsBlock):
            arrivals_ns = clock.arrivals(block)
            if (meant := meanings.of_block(clock.reached_ns)) is not None:
                yield from gatherer.hand_out()
                yield meant
            opened = decryption.open(block, arrivals_ns)
            yield opened.block
            if opened.locked is not None:
                yield Locked(opened.locked, opened.locked_arrivals_ns)
            gatherer.add(opened.block, opened.arrivals_ns)
            # A block without packets tells the clock; what came before it may wait in memory.
            if block.packets and gatherer.is_full(clock.reached_ns):
                yield from gatherer.hand_out()
                yield Reached(clock.reached_ns)
            continue
        if isinstance(block, StreamsChanged):  # what came before was said under the old meaning
            yield from gatherer.hand_out()
        event = msgspec.structs.replace(block, at_ns=clock.at(block.at_ns))
        if isinstance(event, MediaKeys):
            decryption.change(event)
        elif isinstance(event, StreamsChanged):
            decryption.announce(event)
            meanings.change(event)
        yield event
