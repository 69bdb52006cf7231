"""Errors of the API as problem details (RFC 9457): what, and what can be done, for programs."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import force_str
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from callvault.portal.reach import is_outage
from callvault.portal.recordings.notes import NoteRefused, StaleNote
from callvault.portal.recordings.permissions import Refused

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
MOST_ERRORS = 20


class Problem(Exception):
    """An error that the API answers; `code` is for programs, `detail` for people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> HttpResponse:
        """Return the answer."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            **({"detail": self.detail} if self.detail else {}),
            **self.members,
        }
        response = HttpResponse(json.dumps(body), status=self.status, content_type=CONTENT_TYPE)
        response["Cache-Control"] = "no-store"
        for name, value in self.headers.items():
            response[name] = value
        return response


def unauthorised(detail: str) -> Problem:
    """Return the answer to who shows no token, or one that is none."""
    return Problem(
        401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="Callvault"'}
    )


def invalid(errors: Sequence[Mapping[str, str]]) -> Problem:
    """Return the answer to values that cannot be taken: each with the pointer to its place."""
    return Problem(
        422,
        "invalid",
        "Some values cannot be taken.",
        errors=[dict(error) for error in errors[:MOST_ERRORS]],
    )


def problem_of(error: Exception) -> Problem:  # noqa: C901 - a table, of classes
    """Return what an error means to the caller."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return invalid([_told(one) for one in error.errors])
        case NoteRefused():
            return invalid([{"pointer": "/text", "detail": str(error)}])
        case StaleNote():
            version = error.note.version if error.note is not None else None
            return Problem(
                409, "stale", "The note was changed or deleted meanwhile.", version=version
            )
        case Refused():
            return Problem(403, "refused", reason=error.refusal.value)
        case AuthenticationError():
            return unauthorised("Send a token as Authorization: Bearer cv_…, or sign in.")
        case HttpError(__cause__=Problem() as cause):
            return cause  # of our parser, which ninja wraps
        case HttpError():
            return Problem(error.status_code, "refused", str(error))
        case Http404():
            return Problem(404, "not_found", "There is no such thing, or not for you.")
        case PermissionDenied():
            return Problem(403, "refused", "You may not do this.")
        case RequestDataTooBig():
            return Problem(413, "too_large")
    return _fault(error)


def _fault(error: Exception) -> Problem:
    if is_outage(error):
        detail = "The catalogue cannot be reached now."
        return Problem(503, "unavailable", detail, headers={"Retry-After": "5"})
    reference = uuid4().hex[:12]
    logger.error("api: fault %s", reference, exc_info=error)
    return Problem(500, "fault", "Something failed on our side.", reference=reference)


def _told(error: Mapping[str, Any]) -> dict[str, str]:
    """Return an error of a value: where it stands, and what is wrong; never the value itself."""
    place = [str(part) for part in error.get("loc", ())]
    kind, names = (place[0], place[1:]) if place else ("", [])
    if names and (kind == "body" or names[0] == "query"):
        names = names[1:]  # the name of our argument
    pointer = "/" + "/".join(name.replace("~", "~0").replace("/", "~1") for name in names)
    return {"in": kind, "pointer": pointer, "detail": force_str(error.get("msg", ""))}


def answer_errors(api: NinjaAPI) -> None:
    """Have all errors of an API answered as problems."""

    def answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
        assert isinstance(error, Exception)  # noqa: S101 - ninja's type says classes, too
        return problem_of(error).response()

    for kind in (Exception, Http404, HttpError, ValidationError, PermissionDenied):
        api.add_exception_handler(kind, answer)
