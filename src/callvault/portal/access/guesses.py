"""Wrong codes count like wrong passwords: under the same name, with the same lock-out."""

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from callvault.portal.people.models import User


def may_guess(request: HttpRequest, person: User) -> bool:
    """Whether the person's name is not locked; the request is marked where it is."""
    credentials = {"username": person.username}
    allowed = bool(AxesProxyHandler.is_allowed(request, credentials))
    if not allowed:
        setattr(request, "axes_locked_out", True)  # noqa: B010 - axes answers with 429
    return allowed


def count_wrong(request: HttpRequest, person: User) -> None:
    """Count a wrong code, and write it to the audit log, as a wrong password would be."""
    user_login_failed.send(
        sender=__name__, credentials={"username": person.username}, request=request
    )
