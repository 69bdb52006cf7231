"""A list that is turned by Older and Newer, as its template wants it (components/pager.html)."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from callvault.portal.paging import Count, Order, Page, counted, page_of

from .listing import address, number_told
from .search import id_in

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Turned(Generic[M]):
    """One page of a list, how many rows there are, and where it leads."""

    page: Page[M]
    count: Count
    foot: dict[str, str]  # for the template: told, older_url, newer_url


def turned(
    request: HttpRequest, rows: QuerySet[M], order: Order, *, id_field: str = "public_id"
) -> Turned[M]:
    """Read the page that the address asks for."""
    after, before = (id_in(request.GET.get(name)) for name in ("after", "before"))
    page = page_of(rows, order, id_field=id_field, after=after, before=before)
    count = counted(rows)
    shown = {"shown": len(page.rows), "count": number_told(count)}
    foot = {
        "told": _("%(shown)s of %(count)s") % shown,
        "older_url": _led(request, "after", page.older),
        "newer_url": _led(request, "before", page.newer),
    }
    return Turned(page, count, foot)


def _led(request: HttpRequest, name: str, cursor: UUID | None) -> str:
    if cursor is None:
        return ""
    return address(request.path, request.GET, changed={name: str(cursor)})
