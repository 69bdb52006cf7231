"""The worker's thread that sends mail which was asked for."""

import logging
import threading
import time
from datetime import timedelta

from django.db import close_old_connections
from django.utils import timezone

from . import recording_mail
from .faults import MailFault
from .resets import tidy, work_off

LOOK_EVERY_S = 2.0
TIDY_EVERY = timedelta(hours=1)
HELD_S = 30.0
"""How long mail about recordings waits after the server failed: a long queue tries it once."""

logger = logging.getLogger(__name__)


def send_asked_mail(stop: threading.Event) -> None:
    """Look for mail to send, until told to stop."""
    is_told = False
    tidied_at = timezone.now() - TIDY_EVERY
    held_until_s = 0.0
    while not stop.is_set():
        try:
            if not look_once(stop, with_recordings=time.monotonic() >= held_until_s):
                held_until_s = time.monotonic() + HELD_S
            if timezone.now() - tidied_at >= TIDY_EVERY:
                tidied_at = timezone.now()
                tidy(now=tidied_at)
            is_told = False
        except Exception:
            if not is_told:  # a database that is away for an hour fills no log
                logger.exception("mail cannot be looked after, the next look follows")
            is_told = True
        stop.wait(LOOK_EVERY_S)


def look_once(stop: threading.Event, *, with_recordings: bool = True) -> bool:
    """Send what waits; links for passwords go first. False: the mail server fails now."""
    close_old_connections()
    is_more = True
    while is_more and not stop.is_set():
        try:
            is_more = work_off(now=timezone.now())
        except MailFault as fault:
            logger.error("a mail was not sent: %s", fault)
            continue
        if is_more or not with_recordings:
            continue
        try:
            is_more = recording_mail.work_off(now=timezone.now())
        except MailFault as fault:
            logger.error("mail about recordings waits: %s", fault)
            return False
    return True
