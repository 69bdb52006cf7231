"""Sessions that ended elsewhere or by time, and what people must do before anything else."""

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from callvault.portal.people.models import User

from .duties import duty_of
from .sessions import CHECKED, end_now, note_use, row_of, rules_during, why_ended

POLLED = frozenset(
    (
        *("/live/table", "/live/heard"),
        *("/gadget/calls", "/gadget/recordings", "/gadget/waiting"),
    )
)
"""Addresses that a page asks for by itself: nobody need be there, so that they are no use."""


class OpenSessionMiddleware:
    """Ends a session whose row is gone, that was not used for long, or that is too old."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, as a stranger's request where the session has ended."""
        if SESSION_KEY in request.session and isinstance(request.user, User):
            self._check(request, request.user)
        return self.get_response(request)

    def _check(self, request: HttpRequest, person: User) -> None:
        now = timezone.now()
        row = row_of(request)
        reason = why_ended(row, person, rules_during(request), now=now)
        if reason:
            end_now(request, person, reason)
        elif row is not None:
            setattr(request, CHECKED, row)
            if request.path not in POLLED:
                note_use(request, row, person, now=now)


class DutiesMiddleware:
    """Leads people to what they must do first: replace a password, set up a second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or redirect to the duty."""
        duty = duty_of(request)
        if duty is not None and not duty.allows(request.path):
            return redirect(duty.address)
        return self.get_response(request)
