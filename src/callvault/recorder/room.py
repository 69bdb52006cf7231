"""Whether this node takes another call: disk, ports, and whether it is draining or stopping.

While there is no room INVITEs and OPTIONS get 503, so that the SRC goes elsewhere. Calls in
progress are never touched: what is left is kept for them.
"""

from dataclasses import dataclass

BYTES_A_SECOND = 20_000
"""What a call of two G.711 or G.722 streams writes: twice 50 packets of 186 bytes, and framing."""
SLACK = 1.05
"""There is room again only when a little more than the reserve is free: no flapping at the edge."""


@dataclass(slots=True)
class Room:
    """What stands against a new call, as of the last look."""

    min_free_bytes: int
    reserve_s: int = 0  # kept free for each call in progress, as seconds of recording
    free_bytes: int = 0
    reserve_bytes: int = 0  # as of the last look
    is_stopping: bool = False
    is_draining: bool = False
    is_disk_low: bool = False
    _sockets_when_full: int | None = None

    @property
    def refusal(self) -> str:
        """Why no call is taken: stopping, draining, spool, ports; empty: there is room."""
        if self.is_stopping:
            return "stopping"
        if self.is_draining:
            return "draining"
        if self.is_disk_low:
            return "spool"
        return "ports" if self._sockets_when_full is not None else ""

    def ports_ran_out(self, open_sockets: int) -> bool:
        """Note that no port was left; True if that is news."""
        is_news = self._sockets_when_full is None
        self._sockets_when_full = open_sockets
        return is_news

    def look(self, *, free_bytes: int, open_sockets: int, calls: int = 0) -> bool:
        """Look again; True if the disk has become low or has recovered since the last look.

        Low is when what is free no longer lets the calls in progress go on for `reserve_s`.
        """
        self.free_bytes = free_bytes
        self.reserve_bytes = max(self.min_free_bytes, calls * self.reserve_s * BYTES_A_SECOND)
        if self._sockets_when_full is not None and open_sockets < self._sockets_when_full:
            self._sockets_when_full = None
        was_low = self.is_disk_low
        self.is_disk_low = free_bytes < self.reserve_bytes * (SLACK if was_low else 1)
        return was_low != self.is_disk_low
