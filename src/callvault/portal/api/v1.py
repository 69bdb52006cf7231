"""The API, version 1: its routers, its description, how it answers errors."""

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.types import DictStrAny

from callvault.portal.people.gates import person_of

from . import (
    audit,
    calls,
    directories,
    exports,
    filter_rules,
    filters,
    integrity,
    live,
    mail,
    modes,
    nodes,
    orders,
    people,
    people_deeds,
    people_files,
    recordings,
    settings,
    settings_of_faces,
    several,
    storage,
    subjects,
    trunks,
    unknown_sources,
)
from .callers import needing
from .errors import PROBLEMS
from .problems import CONTENT_TYPE, Problem, answer_errors
from .shapes import MeOut

MOST_DEEP = 10

DESCRIPTION = """\
Recordings, calls and people for programs. Each request is made in the name of a person and never
does more than that person may do just then. Errors are problem details (RFC 9457); times are UTC.
"""


class BoundedParser(Parser):
    """Reads JSON that is neither too deep nor anything but an object."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """Return the body. Raises a problem for what is no JSON object."""
        if request.content_type != "application/json":
            raise Problem(415, "unsupported_type", "Send application/json.")
        try:
            body = json.loads(request.body, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raise Problem(400, "not_json", "The body is not JSON.") from error
        if not isinstance(body, dict) or _is_deep(body, MOST_DEEP):
            raise Problem(400, "not_json", "The body is not a JSON object of ours.")
        return body


def _refused(constant: str) -> float:
    raise ValueError(constant)  # NaN and infinities are no JSON (RFC 8259, section 6)


def _is_deep(value: object, levels: int) -> bool:
    children: list[Any] = []
    if isinstance(value, dict):
        children = list(value.values())
    elif isinstance(value, list):
        children = value
    return levels == 0 or any(_is_deep(child, levels - 1) for child in children)


class Api(NinjaAPI):
    """Ninja's, whose description says that errors are problem details."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """Return the OpenAPI document."""
        schema = super().get_openapi_schema(**kwargs)
        for item in schema["paths"].values():
            for operation in item.values():
                for status, answer in operation["responses"].items():
                    content = answer.get("content", {})
                    if int(status) >= 400 and "application/json" in content:
                        content[CONTENT_TYPE] = content.pop("application/json")
        _without_null_defaults(schema)
        return schema


def _without_null_defaults(described: Any) -> None:
    """Take away defaults that say nothing: what is left out is left out."""
    if isinstance(described, dict):
        if "default" in described and described["default"] is None:
            del described["default"]
        for one in described.values():
            _without_null_defaults(one)
    elif isinstance(described, list):
        for one in described:
            _without_null_defaults(one)


api = Api(
    title="Callvault",
    version="1",
    description=DESCRIPTION,
    docs_url=None,  # its viewer comes from elsewhere; ours is api/reference.html
    openapi_url="/openapi.json",
    urls_namespace="api",
    parser=BoundedParser(),
)
answer_errors(api)
api.add_router("/recordings", recordings.router)
api.add_router("/recordings", several.router)
api.add_router("/recordings", integrity.of_recordings)
api.add_router("/calls", calls.router)
api.add_router("/filters", filters.router)
api.add_router("/live-calls", live.router)
api.add_router("/automated-recordings", orders.router)
api.add_router("/people", people.router)
api.add_router("/people", people_deeds.router)
api.add_router("/people", people_files.router)
api.add_router("", settings_of_faces.router)
api.add_router("/directories", directories.router)
api.add_router("/unknown-sources", unknown_sources.router)
api.add_router("/audit", audit.router)
api.add_router("/subjects", subjects.router)
api.add_router("/nodes", nodes.router)
api.add_router("/settings", settings.router)
api.add_router("/settings/filters", filter_rules.router)
api.add_router("/settings/modes", modes.router)
api.add_router("/settings/trunks", trunks.router)
api.add_router("/settings/export", exports.router)
api.add_router("/exports", exports.queue)
api.add_router("/settings/mail", mail.router)
api.add_router("/settings/integrity", integrity.router)
api.add_router("/settings/storage", storage.router)
api.add_router("/settings/recording-mail", mail.of_recordings)


def addresses() -> tuple[Sequence[Any], str, str]:
    """Return the addresses; callers come without signing in, and are asked for a token here."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        setattr(pattern.callback, "login_required", False)  # noqa: B010 - of a function
    return patterns, app_name, namespace


@api.get(
    "/me", response={200: MeOut, **PROBLEMS}, auth=needing(None), tags=["Caller"],
    summary="Who am I",
)  # fmt: skip
def me(request: HttpRequest) -> dict[str, Any]:
    """Return in whose name the call is made, and what the token may be used for."""
    token = getattr(request, "api_token", None)
    return {
        "person": people.told(person_of(request)),
        "scopes": token.scopes if token is not None else None,
        "expires_at": token.expires_at if token is not None else None,
    }
