"""Whether this node takes another call: disk, ports, and whether it is stopping.

While there is no room INVITEs and OPTIONS get 503, so that the SRC goes elsewhere. Calls in
progress are never touched: what is left is kept for them.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Room:
    """What stands against a new call, as of the last look."""

    min_free_bytes: int
    free_bytes: int = 0
    is_stopping: bool = False
    is_disk_low: bool = False
    _sockets_when_full: int | None = None

    @property
    def refusal(self) -> str:
        """Why no call is taken: stopping, spool, ports; empty: there is room."""
        if self.is_stopping:
            return "stopping"
        if self.is_disk_low:
            return "spool"
        return "ports" if self._sockets_when_full is not None else ""

    def ports_ran_out(self, open_sockets: int) -> bool:
        """Note that no port was left; True if that is news."""
        is_news = self._sockets_when_full is None
        self._sockets_when_full = open_sockets
        return is_news

    def look(self, *, free_bytes: int, open_sockets: int) -> bool:
        """Look again; True if the disk has become low or has recovered since the last look."""
        self.free_bytes = free_bytes
        if self._sockets_when_full is not None and open_sockets < self._sockets_when_full:
            self._sockets_when_full = None
        was_low, self.is_disk_low = self.is_disk_low, free_bytes < self.min_free_bytes
        return was_low != self.is_disk_low
