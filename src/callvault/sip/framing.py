"""Finds messages in the bytes of a connection: by Content-Length, before anything is decoded.

Bounds hold here already, so that a peer cannot make us gather more than one message's worth.
Datagrams need no framing: one is one message (`message.parse_message` cuts or tolerates).
"""

import re

from callvault.sip.message import MalformedMessage
from callvault.sip.parsing import MAX_BODY_BYTES, MAX_HEAD_BYTES, head_length, parse_head

PING = b"\r\n\r\n"  # keep-alive of RFC 5626, section 3.5.1
PONG = b"\r\n"
_BEGUN_PINGS = (b"\r\n\r", b"\r\n", b"\r")

_LINE_ENDS = re.compile(rb"[\r\n]+")
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:((?:[ \t]|\r?\n[ \t])*)([^\r\n]*)", re.I | re.M)
_TYPE = re.compile(rb"^(?:content-type|c)[ \t]*:", re.I | re.M)


class StreamFramer:
    """Cuts one connection's bytes into messages. After `error` is set, nothing more is read."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # the head's end is not before this byte
        self._wanted = 0  # length of the message whose head is complete
        self.error: MalformedMessage | None = None

    @property
    def is_mid_message(self) -> bool:
        """Whether a message has begun and is not complete."""
        return bool(self._buffer) and not self._buffer.startswith((b"\r", b"\n"))

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes; return the messages they complete, one PING for a run of keep-alive."""
        frames: list[bytes] = []
        if self.error is None:
            self._buffer += data
            try:
                while frame := self._next_frame():
                    frames.append(frame)
            except MalformedMessage as error:
                self.error = error
                self._buffer.clear()
        return frames

    def _next_frame(self) -> bytes:
        if not self._wanted:
            if self._buffer.startswith((b"\r", b"\n")):
                return self._skip_line_ends()
            self._wanted = self._measure()
        if not self._wanted or len(self._buffer) < self._wanted:
            return b""
        return self._take(self._wanted)

    def _take(self, size: int) -> bytes:
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = self._wanted = 0
        return frame

    def _skip_line_ends(self) -> bytes:
        """Skip line ends between messages; return PING if a keep-alive is among them.

        Many that come together are answered once: a megabyte of them would be as many writes.
        """
        found = _LINE_ENDS.match(self._buffer)
        run = found[0] if found else b""
        _, ping, rest = run.rpartition(PING)
        if len(run) == len(self._buffer):  # what may become a keep-alive waits for its rest
            kept = next((part for part in _BEGUN_PINGS if rest.endswith(part)), b"")
            del self._buffer[: len(run) - len(kept)]
            return ping
        del self._buffer[: len(run)]
        return ping or self._next_frame()

    def _measure(self) -> int:
        """Whole length of the message at the start; 0 while its head is incomplete."""
        end = head_length(self._buffer, self._searched)
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
            raise MalformedMessage("head is larger than 64 KiB", status=513)
        if end < 0:
            self._searched = max(0, len(self._buffer) - 3)
            return 0
        return end + _body_length(bytes(self._buffer[:end]))


def _body_length(head: bytes) -> int:
    """Read the declared length. Raises MalformedMessage if it is missing, unclear or too large.

    A request without Content-Type may leave it out: some senders do, on requests without body.
    """
    lengths = {match[2].strip() for match in _LENGTH.finditer(head)}
    if not lengths:
        if head[:4].upper() == b"SIP/" or _TYPE.search(head):
            raise _malformed("content-length is missing", head)
        return 0
    text = lengths.pop()
    if lengths or not text.isdigit() or len(text) > 9:
        raise _malformed("content-length is no number, or several", head)
    if int(text) > MAX_BODY_BYTES:
        raise _malformed("body is larger than 1 MiB", head, status=413)
    return int(text)


def _malformed(problem: str, head: bytes, status: int = 400) -> MalformedMessage:
    """Describe the error with the headers of the message, so that it can be answered."""
    return MalformedMessage(problem, status=status, headers=parse_head(head)[1])
