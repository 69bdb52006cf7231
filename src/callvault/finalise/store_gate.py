"""Whether the vault takes anything: while it does not, journals wait on the spool, unharmed.

One journal finds out that the store is away; the others need not fail one by one. The store is
probed until it answers, and then all go on at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from callvault.errors import VaultError

FIRST_PROBE_S = 2.0
LAST_PROBE_S = 60.0


@dataclass(slots=True)
class StoreGate:
    """Open while the store works."""

    probe: Callable[[], None]
    """Tries the store; raises VaultError saying what is wrong with it."""
    trouble: str = ""
    """Why it is closed; empty: it is open."""
    _wait_s: float = FIRST_PROBE_S
    _next_probe_s: float = 0.0  # monotonic

    def failed(self, error: Exception, *, now_s: float) -> bool:
        """Look at what a journal failed of; True if that closed the gate just now.

        What fails for good concerns the journal. What may pass is asked of the store itself.
        """
        if self.trouble or not isinstance(error, VaultError) or error.permanent:
            return False
        return not self._try(now_s)

    def look(self, *, now_s: float) -> bool:
        """Probe a closed gate when that is due; True if it opened just now."""
        return bool(self.trouble) and now_s >= self._next_probe_s and self._try(now_s)

    def _try(self, now_s: float) -> bool:
        try:
            self.probe()
        except VaultError as error:
            self.trouble = str(error)
            self._next_probe_s = now_s + self._wait_s
            self._wait_s = min(self._wait_s * 2, LAST_PROBE_S)
            return False
        self.trouble, self._wait_s = "", FIRST_PROBE_S
        return True
