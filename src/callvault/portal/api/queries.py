"""Parameters of addresses: those that an operation does not know are refused, not ignored."""

from difflib import get_close_matches

from django.http import HttpRequest
from ninja import Schema

from .problems import invalid


def refuse_unknown(request: HttpRequest, shape: type[Schema]) -> None:
    """Raise a problem for a parameter that `shape` does not have, with the nearest it has."""
    known = list(shape.model_fields)
    unknown = [name for name in request.GET if name not in known]
    if unknown:
        raise invalid([_told(name, known) for name in unknown])


def _told(name: str, known: list[str]) -> dict[str, str]:
    nearest = get_close_matches(name, known, n=1)
    hint = f" Nearest: {nearest[0]}." if nearest else ""
    return {"in": "query", "pointer": f"/{name[:100]}", "detail": f"No such parameter.{hint}"}
