"""Keys pressed, as INFO messages tell them: `application/dtmf-relay` and `application/dtmf`.

Keys may be digits of a card number: who may not have them gets the message without its body.
"""

import re
from dataclasses import dataclass

HIDDEN_KEY = b"(hidden)"
_INFO = re.compile(
    rb"\AINFO .*?\r?\n(?:content-type|c)[ \t]*:[ \t]*application/dtmf(?:-relay)?\b.*?"
    rb"\r?\n\r?\n(?P<body>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_SIGNAL = re.compile(rb"^[ \t]*Signal[ \t]*=[ \t]*(\S+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(rb"^[ \t]*Duration[ \t]*=[ \t]*(\d{1,5})", re.IGNORECASE | re.MULTILINE)
_PLAIN = re.compile(rb"\s*([0-9A-D*#])\s*", re.IGNORECASE)
_KEY = re.compile(rb"[0-9A-D*#]", re.IGNORECASE)
_NUMBERS = {b"10": "*", b"11": "#"}  # as RFC 4733 numbers them, which some phones write
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
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
    key = _key_of(signal[1]) if signal is not None else ""
    if not key:
        return None
    length = _DURATION.search(body)
    return PressedKey(at_ns, key, int(length[1]) if length else 0)


def without_key(raw: bytes) -> bytes:
    """Return a message that says that a key was pressed, and not which; any other as it is."""
    if raw[:5].upper() != b"INFO ":
        return raw
    found = _INFO.match(raw[:_LONGEST_INFO])
    return raw[: found.start("body")] + HIDDEN_KEY if found else raw


def without_any_key(raw: bytes) -> bytes:
    """Return an INFO without its body, of whatever kind it says to be; any other as it is.

    For what must hold no key at all: a folded header or a kind of a vendor's would hide one.
    """
    end = _END_OF_HEAD.search(raw) if raw[:5].upper() == b"INFO " else None
    return raw[: end.end()] + HIDDEN_KEY if end and len(raw) > end.end() else raw


def _key_of(signal: bytes) -> str:
    if signal in _NUMBERS:
        return _NUMBERS[signal]
    return signal.decode().upper() if _KEY.fullmatch(signal) else ""
