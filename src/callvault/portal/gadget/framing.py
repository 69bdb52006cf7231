"""Lets the pages of allowed origins, and no others, show an answer in a frame."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from .models import GadgetSettings

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def embeddable(view: View[P]) -> View[P]:
    """Answer inside frames of the allowed origins; without any there is no such page."""

    @wraps(view)
    def framed(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        origins = GadgetSettings.load().origins
        if not origins:
            raise Http404
        response = view(request, *args, **kwargs)
        # Read by the middlewares of CSP and of X-Frame-Options, which knows no list.
        response._csp_replace = {"frame-ancestors": list(origins)}  # type: ignore[attr-defined]
        response.xframe_options_exempt = True
        return response

    return framed
