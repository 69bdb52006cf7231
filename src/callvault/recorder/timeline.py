"""What of a dialog goes on the recording's timeline: holds and changes of party."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from callvault.recorder.negotiation import Negotiation
from callvault.recorder.parties import Parties, shown
from callvault.siprec import Change
from callvault.spool.entries import TimelineEvent


@dataclass(slots=True)
class HoldWatch:
    """Tells when a call is put on hold and taken back.

    Held is what fell silent by signalling: an SDP line that went inactive or to the zero address,
    or a participant whose association lost its `send`. Who holds goes on sending and who is held
    must not (RFC 3264, section 8.4), so `who` is the only one still heard; if nobody is, the
    signalling does not tell.
    """

    silent: frozenset[int] = field(default_factory=frozenset)
    who: str = ""

    @property
    def is_held(self) -> bool:
        """Whether anything that was heard before is silent now by signalling."""
        return bool(self.silent)

    def update(
        self, negotiation: Negotiation, parties: Parties, *, at_ns: int
    ) -> TimelineEvent | None:
        """Compare with what was last seen; a hold that only grows or shrinks is still one."""
        silent = negotiation.silent() | parties.silent()
        was_held, self.silent = self.is_held, silent
        if was_held == self.is_held:
            return None
        if not self.is_held:
            return TimelineEvent(at_ns, "resumed", self.who)
        self.who = parties.still_heard(silent)
        return TimelineEvent(at_ns, "held", self.who, streams=tuple(sorted(silent)))


def party_events(change: Change, *, at_ns: int) -> Iterator[TimelineEvent]:
    """Word a change of participants: one for one is a transfer. Nobody is told without a name."""
    joined = [shown(one) for one in change.joined if shown(one)]
    left = [shown(one) for one in change.left if shown(one)]
    if len(joined) == len(left) == 1:
        yield TimelineEvent(at_ns, "transferred", joined[0], detail=left[0])
        return
    for who in left:
        yield TimelineEvent(at_ns, "party_left", who)
    for who in joined:
        yield TimelineEvent(at_ns, "party_joined", who)
