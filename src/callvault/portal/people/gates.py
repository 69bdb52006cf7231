"""Pages for administrators: everyone else gets 403, the anonymous go to the sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from .models import User

P = ParamSpec("P")


def person_of(request: HttpRequest) -> User:
    """Return the signed-in person; every page behind the sign-in has one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def administrators_only(view: View[P]) -> View[P]:
    """Let only administrators through (USER-4)."""

    @wraps(view)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not person_of(request).is_administrator:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return gated
