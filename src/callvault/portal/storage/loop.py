"""The worker's thread that moves recordings and looks after stores."""

import logging
import threading

from django.db import close_old_connections
from django.utils import timezone

from . import relocation, watching
from .moving import Carrier

LOOK_EVERY_S = 1.0
THREADS = 4

logger = logging.getLogger(__name__)


class StorageKeeper:
    """Moves for one node until told to stop."""

    def __init__(self, node: str, *, threads: int = THREADS) -> None:
        self._node = node
        self._carrier = Carrier(node, threads=threads)
        self._has_begun = False

    def run(self, stop: threading.Event) -> None:
        """Go on until told to stop."""
        is_told = False
        while not stop.is_set():
            try:
                self.look_once(stop)
                is_told = False
            except Exception:
                if not is_told:  # a database that is away for an hour fills no log
                    logger.exception("recordings cannot be moved, the next look follows")
                is_told = True
            stop.wait(LOOK_EVERY_S)

    def look_once(self, stop: threading.Event | None = None) -> int:
        """Do what is due once; return how many recordings were moved."""
        close_old_connections()
        if not self._has_begun:
            self._carrier.begin()
            self._has_begun = True
        watching.look(self._node, now=timezone.now())
        relocation.feed(now=timezone.now())
        moved = self._carrier.turn(stop)
        self._carrier.tidy(now=timezone.now())
        return moved
