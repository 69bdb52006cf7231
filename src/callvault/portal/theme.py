"""Light, dark, or as the system: chosen by the reader, set by the server so that no page flashes.

It lies in a cookie and not with the account, since it belongs to the screen as much as to the
person, and since the sign-in page has to know it too.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "callvault_theme"
THEMES = ("system", "light", "dark")
A_YEAR_S = 365 * 24 * 60 * 60


def theme_of(request: HttpRequest) -> str:
    """Return the theme that the reader chose; "system" until then."""
    chosen = request.COOKIES.get(COOKIE, "system")
    return chosen if chosen in THEMES else "system"


def theme(request: HttpRequest) -> dict[str, str]:
    """Give every page its theme (a context processor)."""
    return {"theme": theme_of(request)}


@require_POST
@login_not_required
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme and return to the page on which it was chosen."""
    chosen, back = request.POST.get("theme", ""), request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("home")
    response = HttpResponseRedirect(back)
    if chosen in THEMES:
        response.set_cookie(
            COOKIE, chosen, max_age=A_YEAR_S, samesite="Lax", httponly=True,
            secure=request.is_secure(),
        )  # fmt: skip
    return response
