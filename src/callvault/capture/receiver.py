"""Receiver, journal and stream: names, types and docstrings for the native ones.

Every method is safe to call from any thread and lets other Python threads run. Only a native
thread of its own writes to the disk: a call takes microseconds, and 50 ms once when a disk begins
to stall, unless its docstring says that it waits for the disk.
"""

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, cast
from uuid import UUID

from callvault import _native
from callvault.capture.figures import Alarm, AlarmKind, ReceiverStats, StreamCounters
from callvault.config.sections import CaptureConfig
from callvault.errors import CaptureError, ConfigError
from callvault.memo import remembered

REPORT_INTERVAL_MS = 5000
"""Between two RTCP reports of a stream, on average (RFC 3550, section 6.2)."""


class Receiver:
    """Owns media ports, sweep threads and the sync thread of one node."""

    def __init__(
        self,
        config: CaptureConfig,
        *,
        spool_folder: Path,
        sync_ms: int,
        report_interval_ms: int = REPORT_INTERVAL_MS,
    ) -> None:
        """Nothing is opened before `start`. Raises ConfigError for a bind address that is none."""
        self._native = _native.Receiver(
            spool_folder=os.fsencode(spool_folder),
            bind_address=_packed_address(config.bind_address),
            port_first=config.port_first,
            port_last=config.port_last,
            port_cooldown_ms=int(config.port_cooldown_s * 1000),
            socket_buffer_bytes=config.socket_buffer_bytes,
            sweep_ms=config.sweep_ms,
            sync_ms=sync_ms,
            max_sources=config.max_sources,
            sweep_threads=max(1, (os.cpu_count() or 1) - 1),
            report_interval_ms=report_interval_ms if config.rtcp_reports else None,
        )

    def start(self) -> None:
        """Start the threads, and raise the limit of open files as far as the system lets us.

        The spool folder must exist. Raises SpoolError if it cannot be opened.
        """
        self._native.start()

    def close(self) -> None:
        """Sweep and write once more, sync, and stop the threads. Waits for the disk.

        Journals that are still open keep what arrived but get no end block: they read as cut
        off, so that finalise sees that no BYE came. Closing twice is harmless.
        """
        self._native.close()

    def open_journal(
        self, journal_id: UUID, *, key: bytes, envelope: bytes, header: bytes, events: bool = False
    ) -> "Journal":
        """Create a journal file with its preamble and header block.

        A disk that refuses is an error; one that stalls is not: the file is created when it can
        be, and what comes meanwhile waits in memory.

        `key` is 32 random bytes made for this journal and used nowhere else; `envelope` is the
        same key as vault sealed it; `header` is the JSON of a `spool.entries.JournalHeader`.
        `events` names the file as a node event journal. Raises SpoolFull, or SpoolError.
        """
        return Journal(self._native.open_journal(journal_id.bytes, key, envelope, header, events))

    def stats(self) -> ReceiverStats:
        """Figures since the start."""
        return ReceiverStats(**self._native.stats())

    def alarms(self) -> list[Alarm]:
        """Take what went wrong or came right since the last call, oldest first.

        Poll it about once a second. At most 256 alarms wait; the oldest are forgotten.
        """
        return [
            Alarm(at_ns, cast("AlarmKind", kind), UUID(bytes=journal) if journal else None, detail)
            for at_ns, kind, journal, detail in self._native.alarms()
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Journal:
    """One journal file that is being written: the packets and events of one SIP dialog.

    The file is locked (`flock`) while the journal is open: a reader that can lock it knows that
    its recorder is gone. Make it with `Receiver.open_journal`.
    """

    def __init__(self, native: _native.Journal) -> None:
        self._native = native

    @property
    def path(self) -> Path:
        """The file in the spool folder."""
        return Path(os.fsdecode(self._native.path))

    def append(self, event_json: bytes) -> None:
        """Hand an event to the writer, after all earlier ones; durable with the next sync.

        A spool that stalls or takes no bytes is not an error here: the event waits in memory, in
        its place, and when it is refused an alarm is raised. Raises SpoolError if the journal is
        closed, or if so much waits already that even events are refused.
        """
        self._native.append(event_json)

    def append_durably(self, event_json: bytes) -> None:
        """Write an event and return once it is on disk. Waits for the disk: call it in a thread.

        Raises SpoolFull or SpoolError when it is not on disk; the event keeps its place and is
        written when the spool recovers.
        """
        self._native.append_durably(event_json)

    def open_stream(
        self, index: int, *, allow: Sequence[str], rtp_port: int | None = None
    ) -> "Stream":
        """Bind a random free pair of ports (even RTP port, RTCP above it) and receive on it.

        `rtp_port` asks for one pair, even if it rests or lies outside the range: a call that goes
        on after a restart has its ports already.

        `index` is the place of the m-line, 0 to 65535; `allow` the networks that media may come
        from ("192.0.2.0/24", "2001:db8::1"); an empty list lets nothing in. RTCP multiplexed on
        the RTP port is told apart by itself (RFC 5761). A stream opened in a pause is paused.
        Raises PortsExhausted if no port or file descriptor is left; CaptureError if the index is
        open already, or for a network that is none.
        """
        networks = [_packed_network(text) for text in allow]
        return Stream(self._native.open_stream(index, networks, rtp_port))

    def pause(self) -> None:
        """Keep nothing that arrives from now on, until `resume`.

        Returns when all that had arrived before is written, or waits in memory for a disk that
        stalls. What arrives in the pause is cut by the kernel's arrival time and overwritten in
        the receive buffer; no copy is made.
        """
        self._native.pause()

    def resume(self) -> None:
        """Keep again what arrives from now on. Without a pause this does nothing."""
        self._native.resume()

    @property
    def is_paused(self) -> bool:
        """Whether arriving packets are dropped at present."""
        return self._native.is_paused

    def hold(self) -> None:
        """Keep what arrives from now on in memory alone, until `keep_held` or `drop_held`.

        At most 30 s and 4 MiB of a call, and 256 MiB of all: the oldest goes first. Events are
        written as always, and pauses are what they are. A journal that ends while it holds keeps
        nothing of it, and neither does a recorder that dies.
        """
        self._native.hold()

    def keep_held(self) -> int:
        """Write what is held, then what arrives as always; without a hold this does nothing.

        Returns how many packets were dropped meanwhile, the oldest, since there was no room.
        """
        return self._native.keep_held()

    def drop_held(self) -> None:
        """Overwrite and forget what is held and all that has arrived; hold nothing more.

        What arrives afterwards is kept. Whoever wants none of it pauses first.
        """
        self._native.drop_held()

    @property
    def is_holding(self) -> bool:
        """Whether what arrives is held in memory at present."""
        return self._native.is_holding

    @property
    def held_bytes(self) -> int:
        """Memory that what is held takes; what came since the last block is not counted."""
        return self._native.held_bytes

    def close(self) -> None:
        """Receive what has arrived, write it and the end block, release ports and file.

        Durable with the next sync. If the spool stalls or takes no bytes, the file stays locked
        until all is written, and the receiver goes on trying. Closing twice is harmless.
        """
        self._native.close()

    def close_soon(self) -> None:
        """Close, without waiting for the file: it is whole and unlocked within milliseconds.

        Signalling ends hundreds of calls a second, and each wait hands a processor over twice.
        """
        self._native.close_soon()

    def discard(self) -> None:
        """Release the ports and delete the file, for a call that never began.

        If the spool stalls, it is deleted when it can be. After `close` this does nothing.
        """
        self._native.discard()


class Stream:
    """One media stream of a journal: an RTP port and an RTCP port. From `Journal.open_stream`."""

    def __init__(self, native: _native.Stream) -> None:
        self._native = native

    @property
    def index(self) -> int:
        """The place of its m-line."""
        return self._native.index

    @property
    def rtp_port(self) -> int:
        """Even UDP port for RTP, and for RTCP if multiplexed."""
        return self._native.rtp_port

    @property
    def rtcp_port(self) -> int:
        """UDP port for RTCP: the one above `rtp_port`."""
        return self._native.rtcp_port

    def counters(self) -> StreamCounters:
        """Return what was received so far, as of the last sweep."""
        return StreamCounters(**self._native.counters())

    def open_tap(self) -> None:
        """Copy the next three RTP packets of each source, from now on, for `tapped`.

        For streams with SRTP: opened once more, it copies anew, which is for new keys. At most
        eight copies and 4 KiB wait. While it is open no level is measured, since noise has none.
        """
        self._native.open_tap()

    def close_tap(self) -> None:
        """Copy nothing more: the stream is plain RTP."""
        self._native.close_tap()

    def open_reports(self, *, is_multiplexed: bool, clock_rate_hz: int) -> None:
        """Send RTCP receiver reports from now on, if this node does (RFC 3550, section 6.4.2).

        One is due every half to one and a half intervals, and goes out if RTP came since the
        last: from the RTCP port to where the source's RTCP comes from, else to the port above
        that of its RTP; multiplexed, from the RTP port to that of its RTP. The source is the
        allowed address that most packets come from; what it is sent is always less than what it
        sent. `clock_rate_hz`: of payload types that have none by themselves (RFC 3551).
        Called once more, it goes on under what it says then. Pauses make no difference.
        """
        self._native.open_reports(is_multiplexed, clock_rate_hz)

    def close_reports(self) -> None:
        """Send none: so it is at first, and with SRTP, where they would have to be sealed, too."""
        self._native.close_reports()

    def speak(
        self,
        payload_type: int,
        *,
        once: bytes = b"",
        repeated: bytes = b"",
        every_s: float = 0.0,
        wanted: tuple[str, int] | None = None,
    ) -> None:
        """Say `once` to whoever sends RTP here, then `repeated` each `every_s`, in G.711.

        A byte a sample, 20 ms a packet, by a thread of its own that capture never waits for.
        `wanted` is where the peer wants its audio: believed if it sends from that address;
        elsewhere nothing is sent to. Called once more, it says that instead, as another source.
        Raises CaptureError without a file descriptor. In clear: never for a stream with SRTP.
        """
        packed = (_packed_address(wanted[0]), wanted[1]) if wanted else None
        self._native.speak(
            payload_type=payload_type,
            once=once,
            repeated=repeated,
            every_ms=round(every_s * 1000),
            wanted=packed,
        )

    def hush(self) -> None:
        """Say nothing more."""
        self._native.hush()

    def spoken(self) -> tuple[int, bool]:
        """Return how many packets were sent, and whether `once` was said to its end."""
        return self._native.spoken()

    def tapped(self) -> list[bytes]:
        """Take the copies made since the last call. What came in a pause is never among them."""
        return self._native.tapped()

    def open_ear(self) -> None:
        """Copy the newest packets that arrive from now on, for `overheard`: somebody listens.

        At most 256 copies and 128 KiB wait, and the oldest make room. They are in memory alone.
        """
        self._native.open_ear()

    def close_ear(self) -> None:
        """Copy none any more, and forget the copies."""
        self._native.close_ear()

    def overheard(self, since: int) -> tuple[int, list[bytes]]:
        """Return the number of the next packet, and copies of those from `since` on.

        What came in a pause is never among them.
        """
        return self._native.overheard(since)

    def open_keypad(self, payload_types: Sequence[int]) -> None:
        """Copy the first packet of each key (RFC 4733) that comes under these from now on.

        For `pressed`; other packets of the same source and time stamp are the same key. At most
        32 copies wait, in memory alone. Opened once more, it begins anew.
        """
        self._native.set_keypad(bytes(payload_types))

    def close_keypad(self) -> None:
        """Copy none any more, and forget the copies."""
        self._native.set_keypad(b"")

    def pressed(self) -> list[tuple[int, bytes]]:
        """Take the copies made since the last call, each with its arrival, UTC nanoseconds.

        What came in a pause is among them: whoever may end it by keys must be heard in it.
        """
        return self._native.pressed()

    def close(self) -> None:
        """Receive what has arrived, then let the ports rest. Closing twice is harmless."""
        self._native.close()


def _packed_address(text: str) -> bytes:
    try:
        return ipaddress.ip_address(text).packed
    except ValueError:
        raise ConfigError(
            "capture.bind_address", f"{text!r} is not an IPv4 or IPv6 address"
        ) from None


@remembered(256)
def _packed_network(text: str) -> tuple[bytes, int]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise CaptureError(f"{text!r} is not an address or network") from None
    return network.network_address.packed, network.prefixlen
