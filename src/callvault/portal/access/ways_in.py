"""What the sign-in page offers besides a password, and why somebody was led to it."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from .hosts import passkey_obstacle
from .models import OpenIdProvider, SignInSettings
from .second_factor import anybody_has_passkeys
from .sessions import ENDED, NOTE, STILL_THERE


def ways_in(request: HttpRequest) -> dict[str, Any]:
    """Return the provider in use, and whether passkeys can do something here."""
    return {
        "provider": OpenIdProvider.in_use(),
        "offers_passkeys": not passkey_obstacle(request) and anybody_has_passkeys(),
    }


def led_here(request: HttpRequest) -> dict[str, Any]:
    """Return what is to be said once about what happened before, and forget it."""
    reason = request.session.pop(ENDED, "") if ENDED in request.session else ""
    note = request.session.pop(NOTE, "") if NOTE in request.session else ""
    still = request.session.pop(STILL_THERE, False) if STILL_THERE in request.session else False
    return {"ended": _why(str(reason)), "note": note, "still_there": still}


def _why(reason: str) -> str:
    rules = SignInSettings.load() if reason else None
    if rules is None:
        return ""
    if reason == "idle":
        told = _("You were signed out after %(minutes)s min without use.")
        return told % {"minutes": rules.idle_minutes}
    if reason == "age":
        return _("You were signed out after %(hours)s h.") % {"hours": rules.session_hours}
    return _("This session was ended from elsewhere.")
