"""Sources that no trunk allows, by the API: which knocked, to be allowed or dismissed (CAP-9)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from callvault.portal.configuration.trunk_state import state_of
from callvault.portal.decisions.models import Attempt
from callvault.portal.decisions.open_attempts import open_attempts
from callvault.portal.decisions.peers import AllowPeerForm, allow, dismiss
from callvault.portal.paging import Order, page_of

from . import trunks
from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid
from .queries import refuse_unknown
from .scopes import Scope
from .settings import sent_of
from .shapes import NOT_SENT, Moment, Page, Taken, Text

router = Router(tags=["Unknown sources"])
Facts = dict[str, Any]


class AttemptOut(Schema):
    """A source that tried to call and gets no answer."""

    id: UUID
    peer: str
    port: int
    transport: str
    method: str
    request_uri: str
    user_agent: str
    node: str
    count: int
    first_seen_at: Moment
    last_seen_at: Moment


class AttemptQuery(Taken):
    """Where to go on."""

    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


class AllowAsked(Taken):
    """Which trunk the source joins: one that there is, or a new one."""

    trunk: UUID = Field(NOT_SENT, description="Id of a trunk.")
    name: Text = Field("", max_length=64, description="Of a new trunk.")
    mode: trunks.TrunkMode = "always_on"
    tls_names: list[Text] = Field([], max_length=100, description="Over TLS: let in by these.")


@router.get(
    "", response={200: Page[AttemptOut], **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="List unknown sources",
)  # fmt: skip
def list_attempts(request: HttpRequest, query: Query[AttemptQuery]) -> Facts:
    """Return the sources to decide on, the latest first."""
    administrator_of(request)
    refuse_unknown(request, AttemptQuery)
    order = Order("last_seen_at", "id", descending=True)
    page = page_of(
        open_attempts(), order, id_field="public_id", size=query.limit, after=query.after
    )
    return {"items": [_told(row) for row in page.rows], "next": page.older}


@router.post(
    "/{uuid:attempt_id}/allow", response={200: trunks.TrunkOut, **PROBLEMS},
    **using(Scope.SETTINGS_WRITE), summary="Allow an unknown source",
)  # fmt: skip
def allow_source(request: HttpRequest, attempt_id: UUID, wanted: AllowAsked) -> Facts:
    """Let a source call by a trunk; recorders know within two seconds."""
    administrator_of(request)
    attempt = get_object_or_404(open_attempts(), public_id=attempt_id)
    form = AllowPeerForm(None, attempt=attempt)
    form = AllowPeerForm(as_posted(form, sent_of(wanted)), attempt=attempt)
    must_be_valid(form)
    trunk = allow(request, attempt, form)
    return trunks.told(state_of(trunk, now=timezone.now()))


@router.post(
    "/{uuid:attempt_id}/dismiss", response={204: None, **PROBLEMS},
    **using(Scope.SETTINGS_WRITE), summary="Dismiss an unknown source",
)  # fmt: skip
def dismiss_source(request: HttpRequest, attempt_id: UUID) -> Status[None]:
    """Show a source no more. It goes on getting no answer."""
    administrator_of(request)
    dismiss(request, get_object_or_404(open_attempts(), public_id=attempt_id))
    return Status(204, None)


def _told(row: Attempt) -> Facts:
    names = ("transport", "method", "request_uri", "user_agent", "node", "count",
             "first_seen_at", "last_seen_at")  # fmt: skip
    return {
        "id": row.public_id,
        "peer": row.peer_address,
        "port": row.peer_port,
        **{name: getattr(row, name) for name in names},
    }
