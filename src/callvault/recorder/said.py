"""What the peer said of a call, kept to be said again at the head of a journal of its rest.

Parties and keys of a call that is split go on by themselves; what people read in the details of a
recording comes from the raw INVITE and the raw metadata, and each recording has its own journal.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from callvault.errors import ProtocolError
from callvault.sip import parse_message
from callvault.siprec import Part, read_body
from callvault.spool import entries

MOST_EARLIER = 256
MAX_KEPT_BYTES = 65_536
"""A message or document beyond this is left out of the rest of a call; the first part has it."""

# What zlib sets up costs more than so short a text: a small window makes it four times faster.
_LEVEL, _WINDOW_BITS, _MEMORY_LEVEL = 1, 12, 5


@dataclass(frozen=True, slots=True)
class KeptMetadata:
    """One metadata document as it was received."""

    media_type: str
    content: bytes  # compressed
    problem: str = ""


@dataclass(slots=True)
class Said:
    """The INVITE without its keys, the last whole metadata, and the last update behind them."""

    first_journal_id: UUID | None = None  # of the call, before any restart and splitting
    invite: bytes | None = None  # compressed; empty: it is too large; None: not heard yet
    whole: KeptMetadata | None = None  # None: those of the INVITE, if it has any
    update: KeptMetadata | None = None
    earlier: tuple[UUID, ...] = ()  # journals of the parts before, if it grew too long; the last

    def of_the_rest(self, journal_id: UUID) -> "Said":
        """Return it for what follows this journal."""
        return replace(self, earlier=(*self.earlier, journal_id)[-MOST_EARLIER:])

    def hear(self, message: entries.SignallingSeen) -> None:
        """Take a message of the dialog; the first that came is its INVITE."""
        if self.invite is None and not message.sent:
            self.invite = _packed(message.raw)

    def learn(self, seen: entries.MetadataSeen, *, is_whole: bool) -> None:
        """Take a metadata document; that of the INVITE comes before it, and with it once more."""
        if self.invite is None:
            return
        kept = KeptMetadata(seen.media_type, _packed(seen.raw), seen.problem)
        if is_whole:
            self.whole, self.update = kept, None
        else:
            self.update = kept

    def again(self, at_ns: int) -> Iterator[entries.SignallingSeen | entries.MetadataSeen]:
        """Say it once more, at the beginning of another journal."""
        if self.invite:
            raw = _unpacked(self.invite)
            yield entries.SignallingSeen(at_ns, sent=False, raw=raw)
            if self.whole is None and (of_invite := _metadata_of(raw)) is not None:
                yield entries.MetadataSeen(at_ns, of_invite.media_type, of_invite.content)
        for one in (self.whole, self.update):
            if one is not None and one.content:
                raw = _unpacked(one.content)
                yield entries.MetadataSeen(at_ns, one.media_type, raw, problem=one.problem)


def _metadata_of(invite: bytes) -> Part | None:
    try:
        message = parse_message(invite)
    except ProtocolError:
        return None
    headers = message.headers
    return read_body(
        headers.first("content-type") or "",
        message.body,
        disposition=headers.first("content-disposition") or "",
    ).metadata


def _packed(raw: bytes) -> bytes:
    if len(raw) > MAX_KEPT_BYTES:
        return b""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
    return packing.compress(raw) + packing.flush()


def _unpacked(content: bytes) -> bytes:
    return zlib.decompress(content, -_WINDOW_BITS)
