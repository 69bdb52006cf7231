"""What comes before a page: a session that ended."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
