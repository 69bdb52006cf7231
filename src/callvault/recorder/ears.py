"""Copies of packets as they come, for several who want them of one stream. Called by threads."""

import threading
from collections import Counter
from collections.abc import Iterable

from callvault.capture import Stream


class Ears:
    """Which streams are copied, and for how many: the last one to leave ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: Counter[Stream] = Counter()

    def open(self, streams: Iterable[Stream]) -> None:
        """Copy these from now on, for one more."""
        with self._lock:
            for stream in streams:
                stream.open_ear()
                self._open[stream] += 1

    def close(self, streams: Iterable[Stream]) -> None:
        """Copy these for one less."""
        with self._lock:
            for stream in streams:
                self._open[stream] -= 1
                if not self._open[stream]:
                    del self._open[stream]
                    stream.close_ear()
