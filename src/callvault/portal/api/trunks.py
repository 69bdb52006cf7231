"""Trunks by the API: every option of each, and how it is (CAP-9)."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Schema, Status
from pydantic import Field

from callvault.portal.configuration.models import Trunk
from callvault.portal.configuration.trunk_form import TrunkForm
from callvault.portal.configuration.trunk_saving import (
    StaleTrunk,
    add_trunk,
    change_trunk,
    remove_trunk,
)
from callvault.portal.configuration.trunk_state import TrunkState, state_of, states_of

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid, stale
from .scopes import Scope
from .settings import sent_of
from .settings_shapes import Version
from .shapes import NOT_SENT, Moment, Taken, Text

router = Router(tags=["Trunks"])

READ = using(Scope.SETTINGS_READ)
WRITE = using(Scope.SETTINGS_WRITE)
Facts = dict[str, Any]
Transport = Literal["udp", "tcp", "tls"]
Srtp = Literal["refused", "optional", "required"]
TrunkMode = Literal["always_on", "on_demand", "live_keep", "never"]

_TOLD = (
    "name", "peers", "transports", "tls_names", "media_networks", "mode", "srtp", "digest_user",
    "swap_channels", "strict_siprec", "device_zone", "version",
)  # fmt: skip


class TrunkOut(Schema):
    """A peer that may send calls, and how it is."""

    id: UUID
    name: str
    peers: list[str] = Field(description="Addresses and networks.")
    transports: list[Transport]
    tls_names: list[str]
    media_networks: list[str] = Field(description="Empty: audio may come from anywhere.")
    mode: TrunkMode
    srtp: Srtp
    digest_user: str = Field(description="Empty: no password is asked for.")
    swap_channels: bool
    strict_siprec: bool
    device_zone: str
    version: int
    heard_at: Moment | None = Field(description="Any request of it, since recorders started.")
    calls: int | None = Field(description="In progress; null: no recorder reports.")
    last_call_at: Moment | None
    calls_of_a_day: int = Field(description="Of the last 24 hours; 1,001: more than 1,000.")


class TrunkChange(Taken):
    """Options to change."""

    name: Text = Field(NOT_SENT, min_length=1, max_length=64)
    peers: list[Text] = Field(NOT_SENT, max_length=200, examples=[["192.0.2.14"]])
    transports: list[Transport] = Field(NOT_SENT, min_length=1, max_length=3)
    tls_names: list[Text] = Field(NOT_SENT, max_length=100)
    media_networks: list[Text] = Field(NOT_SENT, max_length=200)
    mode: TrunkMode = Field(NOT_SENT)
    srtp: Srtp = Field(NOT_SENT)
    digest_user: Text = Field(NOT_SENT, max_length=64, description="Empty: asks for none any more.")
    digest_password: Text = Field("", max_length=256, description="Only hashes of it are kept.")
    swap_channels: bool = Field(NOT_SENT)
    strict_siprec: bool = Field(NOT_SENT)
    device_zone: Text = Field(NOT_SENT, max_length=64)
    version: Version


class TrunkIn(TrunkChange):
    """A new trunk; it needs an address, a network or a TLS name."""

    name: Text = Field(min_length=1, max_length=64, examples=["Main SBC"])
    version: Version = 0


@router.get(
    "", response={200: list[TrunkOut], **PROBLEMS}, **READ, summary="List trunks",
)  # fmt: skip
def list_trunks(request: HttpRequest) -> list[Facts]:
    """Return all trunks by name, each with how it is; 1,000 at most."""
    administrator_of(request)
    return [told(one) for one in states_of(list(Trunk.objects.all()[:1000]), now=timezone.now())]


@router.post("", response={201: TrunkOut, **PROBLEMS}, **WRITE, summary="Add a trunk")
@sensitive_variables("trunk", "form")
def add(request: HttpRequest, trunk: TrunkIn) -> Status[Facts]:
    """Add a trunk, which may send calls from the next one on."""
    administrator_of(request)
    form = _form(Trunk(transports=["udp", "tcp"], version=0), trunk)
    row = add_trunk(request, form)
    return Status(201, told(state_of(row, now=timezone.now())))


@router.get(
    "/{uuid:trunk_id}", response={200: TrunkOut, **PROBLEMS}, **READ, summary="Read a trunk",
)  # fmt: skip
def read(request: HttpRequest, trunk_id: UUID) -> Facts:
    """Return one trunk, and how it is."""
    administrator_of(request)
    row = get_object_or_404(Trunk, public_id=trunk_id)
    return told(state_of(row, now=timezone.now()))


@router.patch(
    "/{uuid:trunk_id}", response={200: TrunkOut, **PROBLEMS}, **WRITE, summary="Change a trunk",
)  # fmt: skip
@sensitive_variables("change", "form")
def change(request: HttpRequest, trunk_id: UUID, change: TrunkChange) -> Facts:
    """Change the options that are sent. In force for the next call."""
    administrator_of(request)
    form = _form(get_object_or_404(Trunk, public_id=trunk_id), change)
    try:
        row = change_trunk(request, form)
    except StaleTrunk as old:
        raise stale("Somebody changed this trunk meanwhile: read it again.", old.version) from old
    return told(state_of(row, now=timezone.now()))


@router.delete(
    "/{uuid:trunk_id}", response={204: None, **PROBLEMS}, **WRITE, summary="Delete a trunk",
)  # fmt: skip
def delete(request: HttpRequest, trunk_id: UUID) -> Status[None]:
    """Delete a trunk: its calls are refused from the next one on. Its recordings stay."""
    administrator_of(request)
    remove_trunk(request, get_object_or_404(Trunk, public_id=trunk_id))
    return Status(204, None)


@sensitive_variables("sent", "form")
def _form(row: Trunk, sent: TrunkChange) -> TrunkForm:
    typed = sent_of(sent)
    if typed.get("digest_user") == "" and row.digest_user:
        typed["digest_remove"] = True
    form = TrunkForm(as_posted(TrunkForm(instance=row), typed), instance=row)
    must_be_valid(form)
    return form


def told(state: TrunkState) -> Facts:
    """Return a trunk as the API tells of it."""
    row = state.trunk
    return {
        "id": row.public_id,
        **{name: getattr(row, name) for name in _TOLD},
        "heard_at": state.heard_at,
        "calls": state.calls,
        "last_call_at": state.last_call_at,
        "calls_of_a_day": state.day_count,
    }
