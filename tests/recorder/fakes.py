"""Capture in memory: what the recorder asked of it can be looked at, and it can be told to fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec

from callvault.capture import Alarm, Journal, Receiver, ReceiverStats, Stream, StreamCounters
from callvault.errors import PortsExhausted, SpoolFull
from callvault.spool.entries import Event, JournalHeader

EVENT = msgspec.json.Decoder[Event](Event)


@dataclass
class MemoryStream:
    """A stream that only has a port."""

    rtp_port: int
    packets: int = 0
    dropped_sources: int = 0
    is_closed: bool = False
    is_tapped: bool = False
    taps: list[bytes] = field(default_factory=list)
    reports: tuple[bool, int] | None = None  # multiplexed, clock rate

    def open_tap(self) -> None:
        """Note it."""
        self.is_tapped = True

    def close_tap(self) -> None:
        """Note it."""
        self.is_tapped = False

    def open_reports(self, *, is_multiplexed: bool, clock_rate_hz: int) -> None:
        """Note it."""
        self.reports = (is_multiplexed, clock_rate_hz)

    def close_reports(self) -> None:
        """Note it."""
        self.reports = None

    def tapped(self) -> list[bytes]:
        """Give what waits."""
        taken, self.taps = self.taps, []
        return taken

    def counters(self) -> StreamCounters:
        """Only packets are counted."""
        dropped = self.dropped_sources
        return StreamCounters(self.packets, 0, 0, 0, 0, 0, dropped, 0, 0, 0, (), 0, None)

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


@dataclass
class MemoryJournal:
    """A journal that keeps its entries in a list."""

    receiver: MemoryReceiver
    header: JournalHeader
    path: Path
    events: list[Event] = field(default_factory=list)
    streams: dict[int, MemoryStream] = field(default_factory=dict)
    is_paused: bool = False
    is_holding: bool = False
    is_closed: bool = False

    def append(self, event_json: bytes) -> None:
        """Keep an entry, or be full."""
        if self.receiver.is_full:
            raise SpoolFull("no room")
        self.events.append(EVENT.decode(event_json))

    def append_durably(self, event_json: bytes) -> None:
        """Keep an entry at once."""
        self.append(event_json)

    def open_stream(
        self, index: int, *, allow: Sequence[str], rtp_port: int | None = None
    ) -> Stream:
        """Give the next port, or this very one."""
        if self.receiver.ports_left == 0:
            raise PortsExhausted("no port is free")
        self.receiver.ports_left -= 1
        self.streams[index] = MemoryStream(rtp_port or 30000 + 2 * self.receiver.ports_left)
        self.receiver.allowed.append(tuple(allow))
        return cast("Stream", self.streams[index])

    def pause(self) -> None:
        """Note it."""
        self.is_paused = True

    def resume(self) -> None:
        """Note it."""
        self.is_paused = False

    def hold(self) -> None:
        """Note it."""
        self.is_holding = True

    def keep_held(self) -> int:
        """Note it."""
        self.is_holding = False
        return 0

    def drop_held(self) -> None:
        """Note it."""
        self.is_holding = False

    def close(self) -> None:
        """Note it."""
        self.is_closed = True

    def close_soon(self) -> None:
        """Note it."""
        self.close()


@dataclass
class MemoryReceiver:
    """A receiver that opens journals in memory."""

    folder: Path = Path("/nowhere")
    is_full: bool = False
    ports_left: int = 1000
    allowed: list[tuple[str, ...]] = field(default_factory=list)
    journals: list[MemoryJournal] = field(default_factory=list)
    waiting_alarms: list[Alarm] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)  # of the next journals to be opened

    def open_journal(
        self, journal_id: object, *, key: bytes, envelope: bytes, header: bytes, events: bool
    ) -> Journal:
        """Keep the journal."""
        if self.failures:
            raise self.failures.pop(0)
        assert len(key) == 32
        decoded = msgspec.json.decode(header, type=JournalHeader)
        path = self.folder / f"{decoded.journal_id.hex}.cvj"
        self.journals.append(MemoryJournal(self, decoded, path))
        return cast("Journal", self.journals[-1])

    def stats(self) -> ReceiverStats:
        """Only sockets are counted."""
        sockets = sum(2 for one in self.calls for two in one.streams.values() if not two.is_closed)
        return ReceiverStats(
            len(self.journals), sockets, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0, 0, 0, 0
        )

    def alarms(self) -> list[Alarm]:
        """Give what waits."""
        taken, self.waiting_alarms = self.waiting_alarms, []
        return taken

    @property
    def calls(self) -> list[MemoryJournal]:
        """Journals of dialogs."""
        return [one for one in self.journals if one.header.purpose == "dialog"]

    @property
    def node_events(self) -> list[Event]:
        """Events of the node, over all its journals."""
        return [
            event
            for one in self.journals
            if one.header.purpose == "node_events"
            for event in one.events
        ]

    def as_receiver(self) -> Receiver:
        """Return it under the type that the recorder wants."""
        return cast("Receiver", self)
