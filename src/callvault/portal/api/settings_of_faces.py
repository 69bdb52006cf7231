"""Settings of tokens and of the gadget by the API; and what the storage calculator says."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from callvault.policy.planning import MOST_CHANNELS
from callvault.portal.gadget.models import GadgetSettings
from callvault.portal.gadget.origins import MOST_ORIGINS
from callvault.portal.gadget.settings_page import GadgetForm, save_origins
from callvault.portal.paging import Order, page_of
from callvault.portal.planning.forms import PlanForm
from callvault.portal.planning.views import plan_rows

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid, refused
from .forms import ApiSettingsForm
from .models import MOST_DAYS, ApiSettings, ApiToken
from .queries import refuse_unknown
from .scopes import Scope
from .settings import refuse_other, saved, sent_of, stamped
from .settings_shapes import Stamp, Version
from .shapes import NOT_SENT, Moment, Page, Taken, Text
from .token_views import save_rules
from .tokens import revoke_token

router = Router()
Facts = dict[str, Any]


class TokenRulesOut(Schema):
    """What holds for all tokens."""

    enabled: bool = Field(description="Off, the API answers nobody by token.")
    most_days: int
    version: str


class TokenRulesChange(Taken):
    """Rules to change."""

    enabled: bool = Field(NOT_SENT)
    most_days: int = Field(NOT_SENT, ge=1, le=MOST_DAYS)
    version: Stamp


class TokenOut(Schema):
    """A token; itself it is shown once, when it is made in the portal."""

    id: UUID
    username: str
    name: str
    beginning: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment | None = Field(description="To ten minutes.")
    revoked_at: Moment | None


class TokenQuery(Taken):
    """Where to go on."""

    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


class GadgetOut(Schema):
    """Origins whose pages may embed the gadget; none: there is no gadget."""

    origins: list[str]
    version: int


class GadgetChange(Taken):
    """Other origins."""

    origins: list[Text] = Field(
        max_length=MOST_ORIGINS, examples=[["https://finesse.example.com:8445"]]
    )
    version: Version


class PlanQuery(Taken):
    """A planned load, as in the storage calculator; what is left out is as there at first."""

    by: str = Field("users", pattern="^(users|channels)$")
    users: int = Field(100, ge=0, le=1_000_000)
    calls: float = Field(20, ge=0, le=5000, description="Per user and day.")
    channels: int = Field(30, ge=1, le=MOST_CHANNELS)
    minutes: float = Field(4, ge=0.01, le=1440, description="Mean length of a call.")
    days: float = Field(21, ge=0, le=31, description="Working days a month.")
    busiest: float = Field(14, ge=1, le=100, description="Percent of a day in its busiest hour.")
    refused: float = Field(0.1, ge=0.001, le=50, description="Percent refused in it, at most.")
    months: float = Field(12, ge=0, le=600, description="Retention.")
    kbit: float = Field(32, ge=4, le=1536, description="Of audio, a second.")
    received: bool = Field(default=False, description="Keep received packets as well.")
    screen: float = Field(0, ge=0, le=100_000, description="Screen recording, kbit a second.")


@router.get(
    "/settings/tokens", response={200: TokenRulesOut, **PROBLEMS}, tags=["Global settings"],
    **using(Scope.SETTINGS_READ), summary="Read what holds for tokens",
)  # fmt: skip
def read_token_rules(request: HttpRequest) -> Facts:
    """Return whether tokens may be used, and how long new ones live at most."""
    administrator_of(request)
    return _token_rules()


@router.patch(
    "/settings/tokens", response={200: TokenRulesOut, **PROBLEMS}, tags=["Global settings"],
    **using(Scope.SETTINGS_WRITE), summary="Change what holds for tokens",
)  # fmt: skip
def change_token_rules(request: HttpRequest, change: TokenRulesChange) -> Facts:
    """Change the rules that are sent. Switched off, this token is refused from now on, too."""
    administrator_of(request)
    with transaction.atomic():
        row = ApiSettings.objects.select_for_update().first() or ApiSettings()
        refuse_other(change.version, _token_rules())
        data = as_posted(ApiSettingsForm(instance=row), sent_of(change))
        form = ApiSettingsForm(data, instance=row)
        must_be_valid(form)
        save_rules(request, form)
    return _token_rules()


@router.get(
    "/settings/gadget", response={200: GadgetOut, **PROBLEMS}, tags=["Global settings"],
    **using(Scope.SETTINGS_READ), summary="Read who may embed the gadget",
)  # fmt: skip
def read_gadget(request: HttpRequest) -> Facts:
    """Return the origins that may."""
    administrator_of(request)
    return _gadget()


@router.patch(
    "/settings/gadget", response={200: GadgetOut, **PROBLEMS}, tags=["Global settings"],
    **using(Scope.SETTINGS_WRITE), summary="Change who may embed the gadget",
)  # fmt: skip
def change_gadget(request: HttpRequest, change: GadgetChange) -> Facts:
    """Put other origins in their place. In force for pages that are opened from now on."""
    administrator_of(request)
    typed = {"origins": "\n".join(change.origins), "version": change.version}
    form = GadgetForm(as_posted(GadgetForm(), typed))
    must_be_valid(form)
    saved(form, lambda: save_origins(request, form))
    return _gadget()


@router.get(
    "/tokens", response={200: Page[TokenOut], **PROBLEMS}, tags=["API tokens"],
    **using(Scope.SETTINGS_READ), summary="List tokens",
)  # fmt: skip
def list_tokens(request: HttpRequest, query: Query[TokenQuery]) -> Facts:
    """Return everybody's tokens, the newest first."""
    administrator_of(request)
    refuse_unknown(request, TokenQuery)
    rows = ApiToken.objects.select_related("person")
    order = Order("created_at", "id", descending=True)
    page = page_of(rows, order, id_field="public_id", size=query.limit, after=query.after)
    return {"items": [_token_told(row) for row in page.rows], "next": page.older}


@router.delete(
    "/tokens/{uuid:token_id}", response={204: None, **PROBLEMS}, tags=["API tokens"],
    **using(Scope.SETTINGS_WRITE), summary="Revoke a token",
)  # fmt: skip
def revoke(request: HttpRequest, token_id: UUID) -> Status[None]:
    """End a token for good, whoever made it; this one, too."""
    administrator_of(request)
    revoke_token(request, get_object_or_404(ApiToken, public_id=token_id))
    return Status(204, None)


@router.get(
    "/storage-plan", response={200: dict[str, int | float | str], **PROBLEMS},
    tags=["Storage calculator"], **using(Scope.NODES_READ), summary="Calculate storage",
)  # fmt: skip
def plan_storage(request: HttpRequest, query: Query[PlanQuery]) -> Facts:
    """Return what a planned load comes to: storage, calls at once, recordings, cores."""
    administrator_of(request)
    refuse_unknown(request, PlanQuery)
    form = PlanForm(as_posted(PlanForm(request.GET), query.model_dump()))
    if not form.is_valid():
        raise refused(form, place="query")
    return dict(plan_rows(form.plan()))


def _token_rules() -> Facts:
    row = ApiSettings.load()
    return stamped({"enabled": row.enabled, "most_days": row.most_days})


def _gadget() -> Facts:
    row = GadgetSettings.load()
    return {"origins": row.origins, "version": row.version}


def _token_told(row: ApiToken) -> Facts:
    names = ("name", "beginning", "scopes", "created_at", "expires_at", "last_used_at",
             "revoked_at")  # fmt: skip
    told = {name: getattr(row, name) for name in names}
    return told | {"id": row.public_id, "username": row.person.username}
