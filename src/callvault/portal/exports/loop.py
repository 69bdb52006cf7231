"""The worker's thread that exports."""

import logging
import os
import socket
import threading

from django.utils import timezone

from callvault.errors import CatalogueUnreachable
from callvault.portal.reach import catalogue_reached

from .exporter import run
from .turn import Turn

LOOK_EVERY_S = 2.0
REST_S = 90.0
"""After meeting recordings of another node: longer than until the next turn, which is then its."""

logger = logging.getLogger(__name__)


def export_recordings(stop: threading.Event) -> None:
    """Export what waits about once a minute, and when somebody asks, until told to stop."""
    name = f"{socket.gethostname()} {os.getpid()}"
    is_told = False
    while not stop.is_set():
        try:
            turn = Turn(name, timezone.now)
            with catalogue_reached():
                run(turn, is_over=stop.is_set)
            is_told = False
            if turn.is_anothers:
                stop.wait(REST_S)
        except CatalogueUnreachable as error:
            if not is_told:
                logger.warning("exports wait: %s", error)
            is_told = True
        except Exception:
            if not is_told:  # a fault that lasts fills no log
                logger.exception("exports cannot be looked after, the next look follows")
            is_told = True
        stop.wait(LOOK_EVERY_S)
