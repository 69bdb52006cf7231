"""Turns SRTP back into RTP while a journal is read: which key a packet has, by when it arrived.

A stream's keys change by re-INVITE, and may come or go with one (RTP before, SRTP after). Packets
that were on their way then are still sealed as before: for a second, both are tried. What no key
opens is told apart, never dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from callvault.spool import Packet, PacketsBlock
from callvault.spool.entries import MediaKeys, StreamsChanged
from callvault.srtp import SUITES, Context, Receiver

OVERLAP_NS = 1_000_000_000
"""How long before and after a change of keys packets may be of either side of it."""
_MAX_ERAS = 64  # of one stream; older ones are over


class _Era(NamedTuple):
    """What a stream was sealed with from a moment on; no context: plain RTP."""

    from_ns: int
    context: Context | None
    receiver: Receiver | None  # None as well for a suite that this version does not know


@dataclass(frozen=True, slots=True)
class Opened:
    """A block after its packets were opened, and those that no key opens."""

    block: PacketsBlock
    arrivals_ns: list[int]
    locked: PacketsBlock | None = None
    locked_arrivals_ns: list[int] = field(default_factory=list)


class Decryption:
    """Opens the blocks of one call, in order."""

    def __init__(self) -> None:
        self._eras: dict[int, list[_Era]] = {}
        self._announced: set[int] = set()  # streams that were there before their first key
        self._indexes: dict[int, dict[int, int]] = {}  # newest by SSRC, of each stream

    def change(self, keys: MediaKeys) -> None:
        """Take the keys that hold from now on."""
        contexts = {one.index: one.context for one in keys.streams}
        for stream in {*self._eras, *contexts}:
            context = contexts.get(stream)
            eras = self._eras.setdefault(stream, [])
            if not eras:
                self._begin(stream, context)
            if context != eras[-1].context:
                eras.append(_Era(keys.at_ns, context, self._receiver(stream, context)))
                del eras[:-_MAX_ERAS]

    def announce(self, streams: StreamsChanged) -> None:
        """Learn which streams there are; those without keys by now begin as plain RTP."""
        self._announced.update(one.index for one in streams.streams if one.port)

    def open(self, block: PacketsBlock, arrivals_ns: list[int]) -> Opened:
        """Return the block with its packets opened; one without SRTP as it is."""
        if not self._eras:
            return Opened(block, arrivals_ns)
        packets: list[Packet] = []
        locked: list[Packet] = []
        arrivals: tuple[list[int], list[int]] = ([], [])
        for packet, arrival_ns in zip(block.packets, arrivals_ns, strict=True):
            plain = self._open_one(packet, arrival_ns)
            if plain is None:
                locked.append(packet)
                arrivals[1].append(arrival_ns)
                continue
            # `_replace` costs as much as a cipher call.
            packets.append(Packet(packet[0], packet[1], packet[2], packet[3], plain))
            arrivals[0].append(arrival_ns)
        rest = _with(block, locked) if locked else None
        return Opened(_with(block, packets), arrivals[0], rest, arrivals[1])

    def _open_one(self, packet: Packet, arrival_ns: int) -> bytes | None:
        """Return the plain datagram; None if no key that may be meant opens it."""
        eras = self._eras.get(packet.stream)
        if eras is None:
            return packet.datagram
        # Every packet of a call passes here, nearly all of them by this short way.
        from_ns, _, receiver = eras[-1]
        if receiver is not None and not packet.is_rtcp and arrival_ns >= from_ns + OVERLAP_NS:
            return receiver.open(packet.datagram)
        likely = (
            eras[-1:] if arrival_ns >= eras[-1].from_ns + OVERLAP_NS else _near(eras, arrival_ns)
        )
        for era in likely:
            if era.receiver is not None:
                open_one = era.receiver.open_rtcp if packet.is_rtcp else era.receiver.open
                plain = open_one(packet.datagram)
                if plain is not None:
                    return plain
        # Where plain RTP is meant, everything is; so it is asked last.
        return packet.datagram if any(era.context is None for era in likely) else None

    def _begin(self, stream: int, context: Context | None) -> None:
        """Begin a stream with its first key, or with the plain RTP that it had before."""
        first = None if stream in self._announced else context
        self._eras[stream].append(_Era(-(2**63), first, self._receiver(stream, first)))

    def _receiver(self, stream: int, context: Context | None) -> Receiver | None:
        if context is None or context.suite not in SUITES:
            return None
        return Receiver(context, self._indexes.setdefault(stream, {}))


def _near(eras: Sequence[_Era], at_ns: int) -> list[_Era]:
    """Return the eras that a packet of this moment may belong to, the latest first."""
    ends = [*(era.from_ns for era in eras[1:]), 2**63]
    return [
        era
        for era, end_ns in reversed(list(zip(eras, ends, strict=True)))
        if era.from_ns - OVERLAP_NS <= at_ns < end_ns + OVERLAP_NS
    ]


def _with(block: PacketsBlock, packets: list[Packet]) -> PacketsBlock:
    return PacketsBlock(block.realtime_ns, block.monotonic_ns, block.sources, packets)
