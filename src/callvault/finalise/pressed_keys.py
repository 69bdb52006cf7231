"""Which keys were pressed: in SIP INFO messages, and in the sealed transcript.

Keys may be digits of a card number. The catalogue has only that a key was pressed; which one is in
the transcript, and leaves it only where an administrator has allowed that.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from callvault.finalise.evidence import entries_of, ns_of

HIDDEN = b"(hidden)"
_INFO = re.compile(
    rb"\AINFO .*?\r?\n(?:content-type|c)[ \t]*:[ \t]*application/dtmf(?:-relay)?\b.*?"
    rb"\r?\n\r?\n(?P<body>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_SIGNAL = re.compile(rb"^[ \t]*Signal[ \t]*=[ \t]*(\S+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(rb"^[ \t]*Duration[ \t]*=[ \t]*(\d{1,5})", re.IGNORECASE | re.MULTILINE)
_PLAIN = re.compile(rb"\s*([0-9A-D*#])\s*", re.IGNORECASE)
_KEY = re.compile(rb"[0-9A-D*#]", re.IGNORECASE)
_LONGEST_INFO = 4_096


@dataclass(frozen=True, slots=True)
class PressedKey:
    """A key, and when it was pressed."""

    at_ns: int
    key: str
    length_ms: int = 0


def key_in_info(raw: bytes, *, at_ns: int) -> PressedKey | None:
    """Return the key that a SIP INFO tells (application/dtmf-relay or application/dtmf)."""
    found = _INFO.match(raw) if len(raw) <= _LONGEST_INFO else None
    if found is None:
        return None
    body = found["body"]
    signal = _SIGNAL.search(body) or _PLAIN.fullmatch(body)
    if signal is None or not _KEY.fullmatch(signal[1]):
        return None
    length = _DURATION.search(body)
    return PressedKey(at_ns, signal[1].decode().upper(), int(length[1]) if length else 0)


def keys_in(transcript: bytes) -> Iterator[PressedKey]:
    """Yield the keys of a transcript, those of messages and those of RTP."""
    for moment, what, body in entries_of(transcript):
        if what == "digit":
            told = msgspec.json.decode(body, type=dict[str, object])
            yield PressedKey(ns_of(moment), str(told.get("digit", "")))
        elif what == "received":
            pressed = key_in_info(body, at_ns=ns_of(moment))
            if pressed is not None:
                yield pressed


def without_keys(transcript: bytes) -> bytes:
    """Return a transcript that says when keys were pressed, and not which."""
    parts = []
    for moment, what, body in entries_of(transcript):
        if what == "digit":
            told = msgspec.json.decode(body, type=dict[str, object])
            body = msgspec.json.encode(told | {"digit": HIDDEN.decode()})
        elif what in ("received", "sent") and (found := _INFO.match(body[:_LONGEST_INFO])):
            body = body[: found.start("body")] + HIDDEN
        parts.append(f"--- {moment} {what} {len(body)}\n".encode() + body + b"\n")
    return b"".join(parts)
