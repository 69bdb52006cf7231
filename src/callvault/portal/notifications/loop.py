"""The worker's thread that sends mail which was asked for."""

import logging
import threading
from datetime import timedelta

from django.db import close_old_connections
from django.utils import timezone

from .faults import MailFault
from .resets import tidy, work_off

LOOK_EVERY_S = 2.0
TIDY_EVERY = timedelta(hours=1)

logger = logging.getLogger(__name__)


def send_asked_mail(stop: threading.Event) -> None:
    """Look for mail to send, until told to stop."""
    is_told = False
    tidied_at = timezone.now() - TIDY_EVERY
    while not stop.is_set():
        try:
            look_once(stop)
            if timezone.now() - tidied_at >= TIDY_EVERY:
                tidied_at = timezone.now()
                tidy(now=tidied_at)
            is_told = False
        except Exception:
            if not is_told:  # a database that is away for an hour fills no log
                logger.exception("mail cannot be looked after, the next look follows")
            is_told = True
        stop.wait(LOOK_EVERY_S)


def look_once(stop: threading.Event) -> None:
    """Send what waits."""
    close_old_connections()
    is_more = True
    while is_more and not stop.is_set():
        try:
            is_more = work_off(now=timezone.now())
        except MailFault as fault:
            logger.error("a mail was not sent: %s", fault)
