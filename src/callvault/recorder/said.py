"""What the peer said of a call, kept to be said again at the head of a journal of its rest.

Parties and keys of a call that is split go on by themselves; what people read in the details of a
recording comes from the raw INVITE and the raw metadata, and each recording has its own journal.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from callvault.spool import entries

MAX_KEPT_BYTES = 65_536
"""A message or document beyond this is left out of the rest of a call; the first part has it."""

_LEVEL = 1  # a tenth of a millisecond, and a quarter of the memory


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
    invite: bytes = b""  # compressed
    whole: KeptMetadata | None = None
    update: KeptMetadata | None = None

    def hear(self, message: entries.SignallingSeen) -> None:
        """Take a message of the dialog; the first that came is its INVITE."""
        if not self.invite and not message.sent:
            self.invite = _packed(message.raw)

    def learn(self, seen: entries.MetadataSeen, *, is_whole: bool) -> None:
        """Take a metadata document."""
        kept = KeptMetadata(seen.media_type, _packed(seen.raw), seen.problem)
        if is_whole or self.whole is None:
            self.whole, self.update = kept, None
        else:
            self.update = kept

    def again(self, at_ns: int) -> Iterator[entries.SignallingSeen | entries.MetadataSeen]:
        """Say it once more, at the beginning of another journal."""
        if self.invite:
            yield entries.SignallingSeen(at_ns, sent=False, raw=zlib.decompress(self.invite))
        for one in (self.whole, self.update):
            if one is not None and one.content:
                yield entries.MetadataSeen(
                    at_ns, one.media_type, zlib.decompress(one.content), problem=one.problem
                )


def _packed(raw: bytes) -> bytes:
    return zlib.compress(raw, _LEVEL) if len(raw) <= MAX_KEPT_BYTES else b""
