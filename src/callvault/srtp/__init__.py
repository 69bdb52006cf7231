"""SRTP by its documents: keys, packets opened and sealed (RFC 3711, 4568, 6188, 7714). No I/O."""

from callvault.srtp.protection import Protection
from callvault.srtp.receiver import MAX_ROLL_OVERS, Receiver
from callvault.srtp.suites import SUITES, Context, MasterKey, Suite

__all__ = [
    "MAX_ROLL_OVERS",
    "SUITES",
    "Context",
    "MasterKey",
    "Protection",
    "Receiver",
    "Suite",
]
