"""Levels of speech in other codecs than G.711, which capture measures itself: decoded here.

Only while somebody looks at the calls, and only of so many streams and for so long at a look: a
meter is worth little, and SIP and the loop a lot. Of the rest it is said that the level is not
known, and so of a codec without a decoder. Called by the threads of the control API.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from callvault.audio import Decoder, Encoding, Payloads, PayloadTable, find_decoder
from callvault.capture import Stream
from callvault.clock import Instant
from callvault.errors import RtpHeaderError
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.ears import Ears
from callvault.rtp import RtpPacket
from callvault.spool.entries import StreamDescription
from callvault.srtp import SUITES, Context, Receiver

MOST_STREAMS = 48
MOST_PACKETS = 50
"""Of a stream at a look, the newest: a second of speech."""
BUDGET_S = 0.08
"""How long decoding may take at a look; the next one begins with the streams that had no turn."""
LASTS_S = 4.0
"""A level that was not measured anew for so long is none."""
PATIENCE_S = 10.0
"""Nothing is copied any more when nobody has looked for so long."""

_FULL_SCALE = 32768.0
_QUIETEST_DBFS = -96.0
_BESIDE = frozenset({"CN", "TELEPHONE-EVENT", "RED"})


class Level(NamedTuple):
    """How loud a stream is."""

    dbfs: float | None = None
    unknown: str = ""  # name of the codec that is not decoded; empty: it is, or nothing came


@dataclass(slots=True)
class _Meter:
    """One stream whose speech is decoded."""

    stream: Stream
    next: int = 0
    dbfs: float | None = None
    measured_s: float = 0.0
    unknown: str = ""
    decoders: dict[Encoding, Decoder] = field(default_factory=dict)
    context: Context | None = None
    receiver: Receiver | None = None

    def measure(self, table: PayloadTable, context: Context | None, now_s: float) -> None:
        """Take what came, and measure the newest of it."""
        self.next, datagrams = self.stream.overheard(self.next)
        spoken: dict[Encoding, list[bytes]] = {}
        for packet in self._opened(datagrams[-MOST_PACKETS:], context):
            encoding = table.encodings.get(packet.payload_type)
            if encoding is None:
                self.unknown = f"PT{packet.payload_type}"
            elif encoding.name not in _BESIDE and packet.payload:
                spoken.setdefault(encoding, []).append(packet.payload)
        for encoding, payloads in spoken.items():
            if (peak := self._peak(encoding, payloads)) is not None:
                self.dbfs, self.measured_s, self.unknown = peak, now_s, ""

    def level(self, now_s: float) -> Level:
        """Return what was measured last."""
        is_fresh = now_s - self.measured_s <= LASTS_S
        return Level(self.dbfs if is_fresh else None, self.unknown)

    def _opened(self, datagrams: list[bytes], context: Context | None) -> Iterable[RtpPacket]:
        if context != self.context:
            self.context = context
            is_known = context is not None and context.suite in SUITES
            self.receiver = Receiver(context) if context is not None and is_known else None
        for datagram in datagrams:
            opened = self.receiver.open(datagram) if self.receiver is not None else datagram
            if opened is None or (context is not None and self.receiver is None):
                self.unknown = "SRTP"
                continue
            try:
                yield RtpPacket.parse(opened)
            except RtpHeaderError:
                continue

    def _peak(self, encoding: Encoding, payloads: list[bytes]) -> float | None:
        """Return the loudest sample in dBFS; None: there is no decoder, or it is no sound of it."""
        decoder = self.decoders.get(encoding)
        if decoder is None:
            found = find_decoder(encoding)
            if found is None:
                self.unknown = encoding.name
                return None
            decoder = self.decoders[encoding] = found[1]()
        joined = np.frombuffer(b"".join(payloads), dtype=np.uint8)
        sizes = np.array([len(one) for one in payloads], dtype=np.int64)
        samples = decoder.decode(Payloads(joined, sizes)).samples
        loudest = int(np.abs(samples.astype(np.int32)).max()) if len(samples) else 0
        return 20 * float(np.log10(loudest / _FULL_SCALE)) if loudest else _QUIETEST_DBFS


class Meters:
    """The meters of one node."""

    def __init__(self, ears: Ears, read_s: Callable[[], float] = time.monotonic) -> None:
        self._ears = ears
        self._read_s = read_s
        self._lock = threading.Lock()
        self._meters: dict[Stream, _Meter] = {}
        self._looked_s = 0.0
        self._turn = 0

    def look(self, dialogs: Iterable[LiveDialog], now: Instant) -> Mapping[Stream, Level]:
        """Return the levels of those streams that capture does not measure."""
        with self._lock:
            self._looked_s = self._read_s()
            wanted = dict(_unmeasured(dialogs, now))
            known = [one for one in wanted if one in self._meters]
            new = [one for one in wanted if one not in self._meters]
            self._follow((known + new)[:MOST_STREAMS])
            self._measure(wanted)
            now_s = self._read_s()
            beyond = Level(unknown="…")
            return {
                one: self._meters[one].level(now_s) if one in self._meters else beyond
                for one in wanted
            }

    def rest(self) -> bool:
        """Copy nothing more if nobody has looked for a while; return whether anything is.

        Never waits: the loop asks this.
        """
        if not self._lock.acquire(blocking=False):
            return True
        try:
            if self._read_s() - self._looked_s > PATIENCE_S:
                self._follow([])
            return bool(self._meters)
        finally:
            self._lock.release()

    def _follow(self, streams: list[Stream]) -> None:
        gone = [one for one in self._meters if one not in set(streams)]
        new = [one for one in streams if one not in self._meters]
        self._ears.close(gone)
        self._ears.open(new)
        for one in gone:
            del self._meters[one]
        for one in new:
            begun, _before = one.overheard(0)
            self._meters[one] = _Meter(one, next=begun)

    def _measure(self, wanted: Mapping[Stream, tuple[StreamDescription, Context | None]]) -> None:
        """Measure one after the other, as long as there is time."""
        meters = list(self._meters.values())
        begun_s = self._read_s()
        for number in range(len(meters)):
            if self._read_s() - begun_s > BUDGET_S:
                self._turn += number
                return
            one = meters[(self._turn + number) % len(meters)]
            line, context = wanted[one.stream]
            one.measure(_table_of(line), context, self._read_s())


def _unmeasured(
    dialogs: Iterable[LiveDialog], now: Instant
) -> Iterable[tuple[Stream, tuple[StreamDescription, Context | None]]]:
    """Yield the streams of sound on which something came that is no G.711."""
    for dialog in dialogs:
        memory = dialog.session.memory(now)
        if memory is None:
            continue
        lines = {one.index: one for one in memory.negotiation.streams() if one.media == "audio"}
        contexts = dialog.keys.contexts()
        for index, stream in dialog.streams().items():
            if index not in lines or not _may_be_other(lines[index]):
                continue
            counters = stream.counters()
            if counters.packets and counters.peak_dbfs is None:
                yield stream, (lines[index], contexts.get(index))


def _may_be_other(line: StreamDescription) -> bool:
    """Whether a codec was negotiated that capture does not measure, or the audio is sealed."""
    names = {one.encoding.upper() for one in line.formats}
    return bool(line.srtp or names - {"PCMU", "PCMA", *_BESIDE})


def _table_of(line: StreamDescription) -> PayloadTable:
    return PayloadTable(
        Encoding(
            one.payload_type,
            one.encoding.upper(),
            one.clock_rate_hz,
            one.channels,
            one.parameters,
        )
        for one in line.formats
    )
