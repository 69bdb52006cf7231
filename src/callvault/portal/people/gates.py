"""Pages for administrators: everyone else gets 403, the anonymous go to the sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from .models import User

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


def person_of(request: HttpRequest) -> User:
    """Return the signed-in person; every page behind the sign-in has one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


View = Callable[Concatenate[HttpRequest, P], R]


def administrators_only(view: View[P, R]) -> View[P, R]:
    """Let only administrators through (USER-4)."""

    @wraps(view)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not person_of(request).is_administrator:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return gated
