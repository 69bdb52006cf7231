"""Rounds of the worker: one lasts as long as the keys stay what they are."""

import threading

from callvault.vault import KeyWatch
from callvault.vault.key_watch import LOOK_EVERY_S


class KeyRounds:
    """Ends a round when the key folder changes or the worker is to stop."""

    def __init__(self, keys: KeyWatch, stop: threading.Event) -> None:
        self._keys = keys
        self._stop = stop
        self._over = threading.Event()

    def watch(self) -> None:
        """Look at the key folder until the worker is to stop."""
        while not self._stop.wait(LOOK_EVERY_S):
            if self._keys.look():
                self._over.set()
        self._over.set()

    def next(self) -> threading.Event | None:
        """Begin a round: return what ends it; None: the worker is to stop.

        Take the keyring after this, so that a change is either in it or ends the round.
        """
        self._over = threading.Event()
        return None if self._stop.is_set() else self._over
