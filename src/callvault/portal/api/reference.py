"""The reference of the API as a page: made from its description, without anybody else's viewer."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .rates import A_MINUTE
from .scopes import Scope
from .v1 import api

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body or an answer."""

    name: str
    kind: str
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for."""

    anchor: str
    method: str
    path: str
    summary: str
    text: str
    scope: str
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the reference."""
    context = {"tags": tagged(), "scopes": list(Scope), "a_minute": A_MINUTE}
    return render(request, "api/reference.html", context)


@lru_cache(maxsize=1)
def tagged() -> dict[str, list[Operation]]:
    """Return all operations by what they are about."""
    described: dict[str, Any] = api.get_openapi_schema()
    shapes = described["components"]["schemas"]
    found: dict[str, list[Operation]] = {}
    for path, item in described["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = item[method]
                tag = operation["tags"][0]
                found.setdefault(tag, []).append(_operation(path, method, operation, shapes))
    return found


def _operation(
    path: str, method: str, described: dict[str, Any], shapes: dict[str, Any]
) -> Operation:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = [one for status, one in described["responses"].items() if str(status)[0] == "2"]
    answer = answers[0].get("content", {}).get("application/json", {})
    return Operation(
        anchor=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described.get("summary", ""),
        text=described.get("description", ""),
        scope=described.get("x-scope", ""),
        parameters=[_parameter(one) for one in described.get("parameters", [])],
        body=_fields(body.get("schema", {}), shapes),
        answer=_fields(answer.get("schema", {}), shapes),
    )


def _parameter(described: dict[str, Any]) -> Field:
    schema = described["schema"]
    text = described.get("description", "") or schema.get("description", "")
    return Field(described["name"], _kind(schema), bool(described.get("required")), text)


def _fields(schema: dict[str, Any], shapes: dict[str, Any]) -> list[Field]:
    """Return the fields of a shape; of a page those of its items."""
    if schema.get("type") == "array":
        schema = schema["items"]
    shape = shapes.get(schema.get("$ref", "").rpartition("/")[2], {})
    items = shape.get("properties", {}).get("items", {})
    if "$ref" in items.get("items", {}):
        return _fields(items, shapes)
    required = shape.get("required", [])
    return [
        Field(name, _kind(one), name in required, one.get("description", ""))
        for name, one in shape.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    """Return a type in a word or two."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    return str(schema.get("format") or schema.get("type") or "any")
