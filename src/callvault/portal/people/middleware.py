"""What comes before a page: a session that ended, and a password that must be replaced."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from .models import User


class EndedSessionMiddleware:
    """Leads a page that asks for a part of itself after its session ended to the sign-in.

    Without it the sign-in page would be put into the middle of the list. The search that was
    asked for is what the sign-in leads back to.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Turn a redirect to the sign-in into one of the whole page, for htmx."""
        response = self.get_response(request)
        led_away = response.status_code == 302
        if led_away and "HX-Request" in request.headers and not isinstance(request.user, User):
            return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
        return response


class OneTimePasswordMiddleware:
    """Sends who signed in with a one-time password to the change of it, from everywhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or redirect to the change of password."""
        user = request.user
        if isinstance(user, User) and user.must_change_password:
            allowed = {reverse("account_change_password"), reverse("account_logout")}
            if request.path not in allowed:
                return redirect("account_change_password")
        return self.get_response(request)
