"""What holds for every answer of the API: problems in place of pages, bounds, rates."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from callvault.portal.people.csv_reading import LARGEST_BYTES

from .problems import CONTENT_TYPE, Problem

ROOT = "/api/v1/"
MAX_BODY_BYTES = 1_048_576
FILES = {f"{ROOT}people/imports": LARGEST_BYTES + MAX_BODY_BYTES}
"""Where files are taken, and how large a request may be there."""


class ApiMiddleware:
    """Keeps pages for people out of the answers to programs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse a body that is too large; word errors of other parts; add the rate."""
        if not request.path.startswith(ROOT):
            return self._get_response(request)
        most = FILES.get(request.path, MAX_BODY_BYTES)
        if _body_bytes(request) > most:
            return Problem(413, "too_large", f"At most {most} bytes.").response()
        response = _worded(self._get_response(request))
        rate = getattr(request, "api_rate", None)
        for name, value in rate.headers.items() if rate is not None else ():
            response[name] = value
        return response


def _body_bytes(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() and len(text) < 16 else 2**63


def _worded(response: HttpResponse) -> HttpResponse:
    status = response.status_code
    if 300 <= status < 400 and status != HTTPStatus.NOT_MODIFIED:
        detail = "The portal asks something of you first: sign in there."
        return Problem(403, "sign_in_first", detail).response()
    is_ours = response.get("Content-Type", "").startswith((CONTENT_TYPE, "application/json"))
    is_empty_range = status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    if status < 400 or is_ours or is_empty_range:
        return response
    headers = {name: response[name] for name in ("Allow", "Retry-After") if name in response}
    code = _CODES.get(status, "refused")
    return Problem(status, code, headers=headers).response()


_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    409: "locked",  # of a recording that does not open
    413: "too_large",
    500: "fault",
    503: "unavailable",
}
