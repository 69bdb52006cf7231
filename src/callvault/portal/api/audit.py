"""The audit log by the API, in the order of its chain: for those who keep it elsewhere, too."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from ninja import Query, Router

from callvault.portal.audit.listing import AuditFilterForm
from callvault.portal.audit.models import ChainLink
from callvault.portal.audit.views import export_csv, export_json_lines
from callvault.portal.people.gates import person_of

from .callers import using
from .errors import PROBLEMS
from .form_filling import refused
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import AuditExportQuery, AuditPage, AuditQuery

router = Router(tags=["Audit log"])

_TEXT = {"schema": {"type": "string"}}
_FILES = {
    200: {"description": "The file.", "content": {"application/jsonl": _TEXT, "text/csv": _TEXT}}
}


@router.get(
    "", response={200: AuditPage, **PROBLEMS}, **using(Scope.AUDIT_READ),
    summary="Read the audit log",
)  # fmt: skip
def list_entries(request: HttpRequest, query: Query[AuditQuery]) -> dict[str, Any]:
    """Return entries behind a place in the chain, the oldest first.

    Ask again with `after` set to `next`, at once while there are more, later otherwise: an entry
    gets its place within seconds, and places have no gaps.
    """
    if not person_of(request).is_administrator:
        raise PermissionDenied
    refuse_unknown(request, AuditQuery)
    links = ChainLink.objects.filter(sequence__gt=query.after).select_related("entry")
    found = list(links.order_by("sequence")[: query.limit])
    return {
        "items": [_told(link) for link in found],
        "next": found[-1].sequence if found else query.after,
    }


@router.get(
    "/export", response={200: None, **PROBLEMS},
    **using(Scope.AUDIT_READ, responses=_FILES), summary="Export the audit log",
)  # fmt: skip
def export(request: HttpRequest, query: Query[AuditExportQuery]) -> HttpResponseBase:
    """Return what the filters find, in the order of the chain, as the page *Audit log* exports it.

    JSON lines prove themselves (`callvault verify audit`); CSV is for spreadsheets.
    """
    if not person_of(request).is_administrator:
        raise PermissionDenied
    refuse_unknown(request, AuditExportQuery)
    form = AuditFilterForm(request.GET, reader=person_of(request))
    if not form.is_valid():
        raise refused(form, place="query")
    return export_csv(request) if query.format == "csv" else export_json_lines(request)


def _told(link: ChainLink) -> dict[str, Any]:
    entry = link.entry
    return {
        "sequence": link.sequence,
        "digest": bytes(link.digest).hex(),
        "at": entry.at,
        "actor": entry.actor_name,
        "address": entry.address,
        "action": entry.action,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "detail": entry.detail,
    }
