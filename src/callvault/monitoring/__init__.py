"""What a program tells those who watch it: metrics, health, and systemd.

A program shows plain figures on its `Board` when it has a moment; everything that asks is answered
from there by a thread of its own, so that no scrape ever waits for, or delays, a call.
"""

from callvault.monitoring.board import Board
from callvault.monitoring.families import FAMILIES, Buckets, Family, Sample
from callvault.monitoring.listener import Listener
from callvault.monitoring.notify import Notifier
from callvault.monitoring.page import page

__all__ = [
    "FAMILIES",
    "Board",
    "Buckets",
    "Family",
    "Listener",
    "Notifier",
    "Sample",
    "page",
]
