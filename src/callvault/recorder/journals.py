"""Journals as the recorder opens them: a key each, sealed to the ingest certificates.

The node's own journal of events is one of them: refused calls, strangers, what operators must
know. It begins anew at each start and each day, so that a worker can finish the old one.
"""

import logging
import os
from collections.abc import Callable, Sequence
from uuid import UUID

from callvault.capture import Journal, Receiver
from callvault.clock import Instant
from callvault.errors import SpoolError
from callvault.spool.entries import Event, JournalHeader, encode_entry
from callvault.vault import Certificate

logger = logging.getLogger(__name__)

SealKey = Callable[[bytes, Sequence[Certificate]], bytes]
"""Seals a 32-byte key to certificates, as `callvault.vault.seal_key` does."""

_DAY_NS = 86_400_000_000_000


class JournalOpener:
    """Opens journals in the receiver's spool."""

    def __init__(
        self, receiver: Receiver, seal_key: SealKey, certificates: Sequence[Certificate]
    ) -> None:
        self._receiver = receiver
        self._seal_key = seal_key
        self._certificates = certificates

    def open(self, header: JournalHeader) -> Journal:
        """Create a journal under a fresh key. Raises SpoolError, or VaultError from sealing."""
        key = os.urandom(32)
        envelope = self._seal_key(key, self._certificates)
        return self._receiver.open_journal(
            header.journal_id,
            key=key,
            envelope=envelope,
            header=encode_entry(header),
            events=header.purpose == "node_events",
        )


class NodeJournal:
    """The node's event journal."""

    def __init__(self, opener: JournalOpener, node: str, new_id: Callable[[], UUID]) -> None:
        self._opener = opener
        self._node = node
        self._new_id = new_id
        self._journal: Journal | None = None
        self._day = 0

    def append(self, event: Event, *, now: Instant) -> None:
        """Write an event, into a new journal on a new day. A full spool loses it, and is logged."""
        try:
            journal = self._journal_of(now)
            journal.append(encode_entry(event))
        except SpoolError as error:
            logger.error("node event cannot be written: %s", error)

    def close(self) -> None:
        """End the journal, if there is one."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _journal_of(self, now: Instant) -> Journal:
        day = now.realtime_ns // _DAY_NS
        if self._journal is None or day != self._day:
            self.close()
            self._day = day
            header = JournalHeader(self._new_id(), "node_events", self._node, now.realtime_ns)
            self._journal = self._opener.open(header)
        return self._journal
