"""Session timers (RFC 4028): who refreshes a dialog, how often, and when it counts as dead.

Arithmetic only; the agent arms the timers and sends the refreshes.
"""

from dataclasses import dataclass

from callvault.sip.headers import SessionExpires
from callvault.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """What was agreed for a dialog."""

    interval_s: int
    we_refresh: bool

    @property
    def refresh_after_s(self) -> float:
        """When we send a refresh, counted from the last one: half the interval (section 7.2)."""
        return self.interval_s / 2

    @property
    def expires_after_s(self) -> float:
        """When the dialog counts as dead: a third, at most 32 s, before the end (section 10)."""
        return self.interval_s - min(32.0, self.interval_s / 3)


def is_too_small(request: Request, *, minimum_s: int) -> bool:
    """Whether the interval asked for must be refused by 422 (section 9).

    Only to a peer that supports timers: another one would not understand the answer.
    """
    asked = request.session_expires
    return asked is not None and supports_timer(request) and asked.interval_s < minimum_s


def supports_timer(request: Request) -> bool:
    """Whether the sender can refresh a session."""
    return "timer" in request.supported or "timer" in request.require


def agree(request: Request, *, minimum_s: int, proposal_s: int) -> SessionExpires | None:
    """Session-Expires of our 2xx (section 9, table 2); None: the session has no timer.

    The peer refreshes wherever it can, since many do not take a refresh from a recorder.
    """
    asked = request.session_expires
    if not supports_timer(request):
        # A proxy asked on behalf of a peer that cannot: then it is on us.
        return SessionExpires(max(asked.interval_s, minimum_s), "uas") if asked else None
    if asked is None:
        return SessionExpires(max(proposal_s, request.min_se_s or 0), "uac")
    return SessionExpires(asked.interval_s, asked.refresher or "uac")


def timer_of_answer(agreed: SessionExpires | None) -> SessionTimer | None:
    """Our timer after a 2xx that we sent: uas is us."""
    return SessionTimer(agreed.interval_s, agreed.refresher == "uas") if agreed else None


def timer_of_refresh(response: Response) -> SessionTimer | None:
    """Our timer after a 2xx to a refresh that we sent: uac is us (section 7.2)."""
    agreed = response.session_expires
    return SessionTimer(agreed.interval_s, agreed.refresher != "uas") if agreed else None
