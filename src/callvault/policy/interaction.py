"""Which recordings belong to one conversation: those that share one of its keys.

A conversation outlives the ids of SIPREC: a hold, a transfer or a consultation may give it a new
recording session. What the phone system goes on to call it by (group, tracking id, session id of
SIP) becomes a key here. A key says who may be linked, never who may see: that is the portal's gate.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import timedelta

MOST_APART = timedelta(hours=24)
"""Ids come again: those of a gateway after its restart, a number used as an id with each call."""
MOST_KEYS = 64
EVERYWHERE = frozenset({"sip_session", "tracking"})
"""Kinds of ids that are the same on every trunk; of the others each phone system has its own."""

# A number names people, and "1", "cs1" or "call" whatever was first today: no conversation.
_NUMBER = re.compile(r"\+?\d{1,15}")
_SHORTEST = 8


def link_keys(ids: Iterable[str], *, trunk: str, dialog: str) -> tuple[str, ...]:
    """Return the keys of a recording, as digests of one length, in order.

    `ids` are "kind:id" (`siprec.Correlation.keys`); `trunk` says whose ids they are. `dialog` is
    an id of our own for the conversation inside its recording session: two users recorded in one
    session share it, and a recording without any other id has it.
    """
    texts = [f"dialog|{dialog}"]
    for one in sorted(ids):
        kind, _, value = one.partition(":")
        if _tells(value):
            texts.append(f"{kind}|{'' if kind in EVERYWHERE else trunk}|{value}")
    return tuple(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
                 for text in texts[:MOST_KEYS])  # fmt: skip


def _tells(value: str) -> bool:
    """Whether an id can tell one conversation from another."""
    return len(value) >= _SHORTEST and _NUMBER.fullmatch(value) is None
