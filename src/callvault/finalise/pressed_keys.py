"""Which keys were pressed, as a sealed transcript tells.

Keys may be digits of a card number. The catalogue has only that a key was pressed; which one is in
the transcript, and leaves it only where an administrator has allowed that.
"""

from collections.abc import Iterator

import msgspec

from callvault.finalise.evidence import entries_of, ns_of
from callvault.sip import HIDDEN_KEY, PressedKey, key_in_info, without_key


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
            body = msgspec.json.encode(told | {"digit": HIDDEN_KEY.decode()})
        elif what in ("received", "sent"):
            body = without_key(body)
        parts.append(f"--- {moment} {what} {len(body)}\n".encode() + body + b"\n")
    return b"".join(parts)
