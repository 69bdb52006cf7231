"""Whether keys open what comes, while the call lasts: on the first packets of each source.

Capture gives copies of them (its tap); here they are tried, in a thread, since a key that is wrong
costs some hundred cipher calls to be found so. Recording goes on whatever comes of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from callvault.spool.entries import StreamKeys
from callvault.srtp import SUITES, Context, Receiver

ENOUGH = 2
"""So many packets that do not open, and none that does, are no accident."""


class KeyNews(NamedTuple):
    """What was found of a stream, once each time that it changes."""

    stream: int
    kind: Literal["key_wrong", "key_right"]


@dataclass(slots=True)
class StreamCheck:
    """The keys of one stream, and what came of them so far."""

    context: Context
    before: Context | None = None  # until packets under the new one were seen
    is_right: bool = False
    is_told_wrong: bool = False
    _failed: int = 0  # since one opened
    _receiver: Receiver | None = None
    _indexes: dict[int, int] = field(default_factory=dict)

    @property
    def is_unproven(self) -> bool:
        """Whether it is neither known to be right nor told to be wrong."""
        return not self.is_right and not self.is_told_wrong

    @property
    def wants_more(self) -> bool:
        """Whether packets of sources that were tried already are to be tried again."""
        return not self.is_right or self._failed > 0

    def verify(self, datagrams: Sequence[bytes]) -> Literal["key_wrong", "key_right"] | None:
        """Try packets; return what is new."""
        fitting = [self._opens(one) for one in datagrams]
        if any(fitting):
            return self._found_right()
        if self.before is not None and datagrams:
            old = Receiver(self.before)
            datagrams = [one for one in datagrams if old.open(one) is None]
        was_in_doubt, self._failed = self._failed > 0, self._failed + len(datagrams)
        # A source that was heard before is not copied again: what fails may be a stranger's.
        if self._failed < ENOUGH or (self.is_right and not was_in_doubt) or self.is_told_wrong:
            return None
        self.is_right, self.is_told_wrong = False, True
        return "key_wrong"

    def _found_right(self) -> Literal["key_right"] | None:
        was_told_wrong, self.is_told_wrong = self.is_told_wrong, False
        # The ciphers of a stream are some kilobytes: those of one that is right are not kept.
        self.is_right, self._failed, self._receiver, self.before = True, 0, None, None
        return "key_right" if was_told_wrong else None

    def _opens(self, datagram: bytes) -> bool:
        if self._receiver is None and self.context.suite in SUITES:
            self._receiver = Receiver(self.context, self._indexes)
        return self._receiver is not None and self._receiver.open(datagram) is not None


@dataclass(slots=True)
class KeyCheck:
    """The keys of one call."""

    streams: dict[int, StreamCheck] = field(default_factory=dict)

    def change(self, keys: Sequence[StreamKeys]) -> tuple[set[int], set[int]]:
        """Take the keys that hold now; return the streams to tap anew, and those to tap no more."""
        contexts = {one.index: one.context for one in keys}
        gone = set(self.streams) - set(contexts)
        for index in gone:
            del self.streams[index]
        changed = set()
        for index, context in contexts.items():
            known = self.streams.get(index)
            if known is None or known.context != context:
                before = known.context if known else None
                self.streams[index] = StreamCheck(context, before)
                changed.add(index)
        return changed, gone


def verify(
    checks: Mapping[int, StreamCheck], samples: Mapping[int, Sequence[bytes]]
) -> list[KeyNews]:
    """Try what was tapped, by stream; for a thread. Nothing else may touch the checks meanwhile."""
    news = []
    for index, datagrams in samples.items():
        kind = checks[index].verify(datagrams)
        if kind is not None:
            news.append(KeyNews(index, kind))
    return news
