"""Brings a node's event journal into the catalogue, as it grows.

Verdicts of calls that left no journal, attempts of strangers, and what operators must know. The
catalogue remembers how far it got, so that an event counts once however often this runs.
"""

from itertools import islice

from callvault.finalise.catalogue import CallFacts, Catalogue
from callvault.spool import JournalReader, PacketsBlock
from callvault.spool.entries import CallVerdict, Event, NodeEvent, PeerAttempt

AT_ONCE = 200  # events between two notes of how far it got


class NodeEventTail:
    """Follows one event journal, live or ended."""

    def __init__(self, reader: JournalReader, catalogue: Catalogue) -> None:
        """Take over an open reader at its start; `close` gives it back."""
        self._reader = reader
        self._catalogue = catalogue
        self._events_read = 0
        self._pending: list[Event] = []  # read, and not yet all in the catalogue
        self._done = catalogue.read_until(reader.header.journal_id)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come of a journal that nobody writes to."""
        return self._reader.ended and not self._pending

    @property
    def is_damaged(self) -> bool:
        """Whether the rest cannot be read."""
        return self._reader.damage is not None

    def catch_up(self) -> int:
        """Hand over what is new; return how many events that were.

        After an error the same events are handed over again: the reader does not go back.
        """
        count = 0
        blocks = (block for block in self._reader.blocks() if not isinstance(block, PacketsBlock))
        while events := self._pending or list(islice(blocks, AT_ONCE)):
            self._pending = events
            count += self._hand_over(events)
            self._events_read += len(events)
            self._pending = []
        return count

    def close(self) -> None:
        """Close the journal."""
        self._reader.close()

    def _hand_over(self, events: list[Event]) -> int:
        new = events[max(self._done - self._events_read, 0) :]
        for event in new:
            self._hand_over_one(event)
        if new:
            self._done = self._events_read + len(events)
            self._catalogue.mark_read(self._reader.header.journal_id, self._done)
        return len(new)

    def _hand_over_one(self, event: Event) -> None:
        node = self._reader.header.node
        if isinstance(event, CallVerdict):
            self._catalogue.add_call(_call(event, node), ())
        elif isinstance(event, PeerAttempt):
            self._catalogue.add_attempt(event, node=node)
        elif isinstance(event, NodeEvent):
            self._catalogue.add_node_event(event, node=node)


def _call(event: CallVerdict, node: str) -> CallFacts:
    return CallFacts(
        event_id=event.event_id,
        at_ns=event.at_ns,
        verdict=event.verdict,
        decision=event.decision,
        trunk=event.trunk,
        node=node,
        peer=event.peer,
        call_id=event.call_id,
        caller=event.caller,
        callee=event.callee,
        sip_status=event.sip_status,
    )
