"""The reader's language and time zone, for the length of a request."""

from collections.abc import Callable
from contextlib import suppress
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User


class ReaderMiddleware:
    """Times in the person's zone and words in their language, else in the system's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with language and zone set."""
        with translation.override(language_of(request.user)):
            if isinstance(request.user, User):  # the sign-in page shows no times
                with timezone.override(_zone_of(request.user)):
                    return self.get_response(request)
            return self.get_response(request)


class NotAllowedMiddleware:
    """Says on a page, not a blank one, that an address only takes what a form sends.

    People come there when their session ended while they sent the form, and they signed in anew.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Put the page into an empty refusal."""
        response = self.get_response(request)
        if response.status_code == 405 and request.method == "GET" and not response.content:
            response.content = render_to_string("errors/405.html", request=request)
        return response


def language_of(user: object) -> str:
    """Return a person's language; the system's for those who chose none, or are unknown."""
    chosen = user.language if isinstance(user, User) else ""
    return chosen or str(settings.LANGUAGE_CODE)


def _zone_of(user: User) -> ZoneInfo:
    """Return the person's zone; the system's, too, where a zone is known here no more."""
    with suppress(ZoneInfoNotFoundError, ValueError):
        if user.zone:
            return ZoneInfo(user.zone)
    return ZoneInfo(SystemSettings.load().zone)
