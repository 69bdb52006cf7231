"""The worker's part in directories: asks for the runs that are due, and works off what waits.

Several workers take turns by the claim that each run carries.
"""

import logging
import threading
from dataclasses import dataclass

from django.db import connections
from django.utils import timezone

from callvault.errors import CatalogueUnreachable
from callvault.portal.reach import catalogue_reached

from .runs import ask_for_due_runs, claim_run
from .sync import run_claimed

LOOK_EVERY_S = 3.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DirectoryKeeper:
    """Keeps people as their directories say, as one worker of possibly several."""

    node: str

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            try:
                while not stop.is_set() and self.look():
                    pass
            except CatalogueUnreachable as error:
                logger.debug("directories: %s", error)
            except Exception:
                logger.exception("directories: a look failed, the next one follows")
            stop.wait(LOOK_EVERY_S)
        connections.close_all()

    @catalogue_reached()
    def look(self) -> bool:
        """Ask for what is due and work one run off; False: none waits."""
        ask_for_due_runs(now=timezone.now())
        claim = claim_run(worker=self.node, now=timezone.now())
        if claim is None:
            return False
        run_claimed(claim)
        return True
