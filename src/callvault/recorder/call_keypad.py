"""The keys pressed in one call while it lasts: by RTP, sealed or not, and by SIP INFO.

What they say is in memory alone, and gone as soon as it is read: in a pause, or before a start,
keys may be digits of a card number.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from callvault import sip
from callvault.errors import RtpHeaderError
from callvault.policy.keypad import Command, Keypad, KeyReader
from callvault.rtp import RtpPacket
from callvault.spool.entries import StreamDescription
from callvault.srtp import SUITES, Context, Receiver

EVENT = "telephone-event"
_KEYS = "0123456789*#ABCD"
_MOST_SEALED = 4
"""Sealed packets of a stream that are tried at one look: keys that do not fit cost time."""
_MOST_WAITING = 32


class KeyStream(Protocol):
    """What keys need of a stream (capture.Stream)."""

    def open_keypad(self, payload_types: Sequence[int]) -> None:
        """Copy keys that come under these."""

    def close_keypad(self) -> None:
        """Copy none any more."""

    def pressed(self) -> list[tuple[int, bytes]]:
        """Take the copies, each with its arrival."""
        ...


class CallKeypad:
    """Reads the keys of one dialog, if it is one that keys may lead."""

    def __init__(self, contexts: Callable[[], Mapping[int, Context]]) -> None:
        """`contexts`: the keys in force of each sealed stream."""
        self._contexts = contexts
        self._reader: KeyReader | None = None
        self._streams: dict[int, tuple[KeyStream, tuple[int, ...]]] = {}
        self._receivers: dict[int, tuple[Context, Receiver]] = {}
        self._told: list[tuple[int, str, str]] = []  # when, key, way

    @property
    def is_open(self) -> bool:
        """Whether keys lead this call."""
        return self._reader is not None

    def change(
        self,
        streams: Mapping[int, KeyStream],
        lines: Sequence[StreamDescription],
        keypad: Keypad | None,
    ) -> None:
        """Listen on the lines that are there now; None: keys do not lead this call."""
        if keypad is None or not keypad.codes:
            return
        self._reader = self._reader or KeyReader(keypad)
        before, self._streams = self._streams, {}
        for line in lines:
            stream, types = streams.get(line.index), _event_types(line)
            if stream is None or not types:
                continue
            self._streams[line.index] = (stream, types)
            if before.get(line.index) != (stream, types):
                stream.open_keypad(types)

    def hear_info(self, request: sip.Request, at_ns: int) -> None:
        """Take what an INFO says."""
        pressed = sip.key_in_info(request.raw, at_ns=at_ns) if self.is_open else None
        if pressed is not None and len(self._told) < _MOST_WAITING:
            self._told.append((at_ns, pressed.key, "info"))

    def commands(self) -> list[Command]:
        """Return what was asked for since the last look, in order."""
        if self._reader is None:
            return []
        told, self._told = self._told, []
        for index, (stream, _) in self._streams.items():
            told += [(at_ns, key, "rtp") for at_ns, key in self._pressed(index, stream)]
        found = [self._reader.press(key, at_ns=at_ns, way=way) for at_ns, key, way in sorted(told)]
        return [one for one in found if one is not None]

    def _pressed(self, index: int, stream: KeyStream) -> list[tuple[int, str]]:
        copies = stream.pressed()
        context = self._contexts().get(index) if copies else None
        if context is not None:
            receiver = self._receiver(index, context)
            if receiver is None:
                return []
            opened = [(at_ns, receiver.open(one)) for at_ns, one in copies[:_MOST_SEALED]]
            copies = [(at_ns, one) for at_ns, one in opened if one is not None]
        read = [(at_ns, key_of(one)) for at_ns, one in copies]
        return [(at_ns, key) for at_ns, key in read if key]

    def _receiver(self, index: int, context: Context) -> Receiver | None:
        known = self._receivers.get(index)
        if known is not None and known[0] == context:
            return known[1]
        if context.suite not in SUITES:
            return None
        receiver = Receiver(context)
        self._receivers[index] = (context, receiver)
        return receiver


def key_of(datagram: bytes) -> str:
    """Return the key that a packet of RFC 4733 tells; empty: none, as for a hook flash."""
    try:
        payload = RtpPacket.parse(datagram).payload
    except RtpHeaderError:
        return ""
    event = payload[0] if len(payload) >= 4 else len(_KEYS)
    return _KEYS[event] if event < len(_KEYS) else ""


def _event_types(line: StreamDescription) -> tuple[int, ...]:
    return tuple(one.payload_type for one in line.formats if one.encoding.casefold() == EVENT)
