"""Calls to a pilot that are no recordings, as the recorder sees who takes them."""

from typing import Protocol

from callvault import sip
from callvault.policy.snapshot import Trunk


class PilotCalls(Protocol):
    """Takes calls to a pilot (keep_pilot.KeepPilot)."""

    def begins(self, event: sip.InviteReceived, trunk: Trunk, address: str) -> bool:
        """Take a call; False: it is none to the pilot."""
        ...

    def not_taken(self, request: sip.Request) -> None:
        """Learn that a call that was let in is refused all the same."""

    def feed(self, dialog_id: sip.DialogId, event: sip.Event) -> None:
        """Follow what becomes of it."""
