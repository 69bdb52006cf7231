"""Tells while a call goes on that a line which should bring media brings none.

A firewall, or an answer whose labels the peer does not take, is found out by this and not by the
silent recording afterwards. Lines that are held or closed need bring nothing, nor does any while
the SRC pauses the recording or has no conversation in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from callvault.spool.entries import StreamDescription

ALARM_NS = 5_000_000_000


class MediaNews(NamedTuple):
    """What was found out of a line."""

    stream: int
    kind: Literal["no_media", "media_came"]


@dataclass(slots=True)
class NoMediaWatch:
    """The lines of one call that have brought nothing yet. Times are monotonic nanoseconds."""

    waiting_since_ns: dict[int, int] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)

    @property
    def is_waiting(self) -> bool:
        """Whether any line is to be looked at."""
        return bool(self.waiting_since_ns)

    def change(self, streams: Iterable[StreamDescription], *, now_ns: int) -> None:
        """Take what lines there are now; one that goes on waiting has waited all along."""
        active = {one.index for one in streams if one.active and one.port} - self.heard
        before = self.waiting_since_ns
        self.waiting_since_ns = {index: before.get(index, now_ns) for index in sorted(active)}

    def go_on(self, lines: Iterable[int], *, for_ns: int) -> None:
        """Begin in the middle of a call, after a restart: `for_ns` after its answer.

        What the recorder before has told, or need not tell, is not told again: by then each line
        had brought something or been spoken of. Who is silent for a while now has only that.
        """
        if for_ns >= ALARM_NS:
            self.heard.update(lines)

    def put_off(self, *, now_ns: int) -> None:
        """Begin to wait anew: nothing need come now on any line."""
        self.waiting_since_ns = dict.fromkeys(self.waiting_since_ns, now_ns)

    def look(self, packets: Mapping[int, int], *, now_ns: int) -> list[MediaNews]:
        """Compare with what has come on each line; return what people are to be told."""
        news = []
        for index, since_ns in list(self.waiting_since_ns.items()):
            if packets.get(index, 0):
                self.heard.add(index)
                del self.waiting_since_ns[index]
                if index in self.told:
                    news.append(MediaNews(index, "media_came"))
            elif index not in self.told and now_ns - since_ns >= ALARM_NS:
                self.told.add(index)
                news.append(MediaNews(index, "no_media"))
        return news
