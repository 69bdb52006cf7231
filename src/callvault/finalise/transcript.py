"""The metadata object: what was signalled, as text for people that is still exact.

docs/explain/audio.md describes it. Each entry is a line that says when, what and how many bytes
follow; messages stand as they were on the wire, other events as JSON.
"""

import msgspec

from callvault.audio import Digit
from callvault.clock import utc_from_ns
from callvault.spool.entries import (
    Event,
    JournalHeader,
    MediaKeys,
    MetadataSeen,
    SignallingSeen,
)
from callvault.vault import Writable

DIGITS = "0123456789*#ABCD"  # events 0 to 15 (RFC 4733, section 3.2)
FLASH = 16


class Transcript:
    """Writes entries in the order given."""

    def __init__(self, file: Writable, header: JournalHeader) -> None:
        self._file = file
        self._entry(header.opened_at_ns, "journal", msgspec.json.encode(header))

    def add(self, event: Event) -> None:
        """Write one event of the journal; keys of media are left out."""
        if isinstance(event, MediaKeys):
            return
        if isinstance(event, SignallingSeen):
            self._entry(event.at_ns, "sent" if event.sent else "received", event.raw)
        elif isinstance(event, MetadataSeen):
            self._entry(event.at_ns, f"metadata {_word(event.media_type)}", event.raw)
        else:
            tag = str(type(event).__struct_config__.tag)
            self._entry(event.at_ns, tag, msgspec.json.encode(event))

    def add_digit(self, digit: Digit, *, stream: int) -> None:
        """Write a key that was pressed: here it is sealed, on the timeline it would not be."""
        value = {"digit": name_of(digit.code), "duration_ms": digit.ticks // 8, "stream": stream}
        self._entry(digit.at_ns, "digit", msgspec.json.encode(value))

    def _entry(self, at_ns: int, what: str, body: bytes) -> None:
        moment = utc_from_ns(at_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._file.write(f"--- {moment} {what} {len(body)}\n".encode() + body + b"\n")


def name_of(code: int) -> str:
    """Return the key of an RFC 4733 event code."""
    if code == FLASH:
        return "flash"
    return DIGITS[code] if code < len(DIGITS) else f"event {code}"


def _word(text: str) -> str:
    """Return a peer's text without blanks, so that it cannot look like an entry of its own."""
    return "".join(text.split())[:100]
