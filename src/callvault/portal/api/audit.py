"""The audit log by the API, in the order of its chain: for those who keep it elsewhere, too."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Query, Router

from callvault.portal.audit.models import ChainLink
from callvault.portal.people.gates import person_of

from .callers import using
from .errors import PROBLEMS
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import AuditPage, AuditQuery

router = Router(tags=["Audit log"])


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
