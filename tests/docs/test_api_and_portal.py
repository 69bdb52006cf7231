"""What the portal does, the API does, or a reason is given: the table says so, and is true."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.urls import get_resolver

from callvault.portal.api.v1 import api

PAGE = Path(__file__).parents[2] / "docs/reference/api-and-portal.md"
ROW = re.compile(r"^\| (`[^|]+) \| ([^|]+) \|$", re.M)
OPERATION = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`")


def table() -> dict[str, str]:
    """Return what the page says, by the name of each address."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {name: told for names, told in rows for name in re.findall(r"`([^`]+)`", names)}


def names_in(resolver: Any, space: str = "") -> Iterator[str]:
    """Yield the names of all addresses, with their namespaces."""
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from names_in(pattern, inner)
        else:
            yield f"{space}{pattern.name}"


def operations() -> set[str]:
    """Return all that the API does."""
    paths = api.get_openapi_schema()["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, item in paths.items()
        for method in item
    }


def test_each_address_of_the_portal_has_an_operation_or_a_reason() -> None:
    addresses = {name for name in names_in(get_resolver()) if not name.startswith("api:")}
    told = "add it to docs/reference/api-and-portal.md, with its operations or the reason"
    assert set(table()) == addresses, told
    assert all(len(told) > 8 for told in table().values())


def test_each_operation_that_the_table_names_is_there() -> None:
    named = {one for told in table().values() for one in OPERATION.findall(told)}
    assert named <= operations()
