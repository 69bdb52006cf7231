"""Recording filters by the API: the rules of the system, of groups and of people (FILT-1 to 5)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from callvault.portal.configuration.filter_forms import FilterForm, OverrideForm
from callvault.portal.configuration.filter_models import FilterScope, RecordingFilter
from callvault.portal.configuration.filter_saving import remove_filter, save_filter

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid
from .scopes import Scope
from .settings import saved, sent_of
from .settings_shapes import OverrideIn, OverrideOut, RulesChange, RulesOut

router = Router(tags=["Recording filters"])

READ = using(Scope.SETTINGS_READ)
WRITE = using(Scope.SETTINGS_WRITE)
Facts = dict[str, Any]


@router.get(
    "/system", response={200: RulesOut, **PROBLEMS}, **READ, summary="Read the system's rules",
)  # fmt: skip
def read_system_rules(request: HttpRequest) -> Facts:
    """Return the rules for everybody whose group, or who, has none of their own."""
    administrator_of(request)
    return _rules(RecordingFilter.of_system())


@router.patch(
    "/system", response={200: RulesOut, **PROBLEMS}, **WRITE, summary="Change the system's rules",
)  # fmt: skip
def change_system_rules(request: HttpRequest, change: RulesChange) -> Facts:
    """Change the rules that are sent. In force for the next call."""
    administrator_of(request)
    return _rules(_changed(request, RecordingFilter.of_system(), change))


@router.get(
    "", response={200: list[OverrideOut], **PROBLEMS}, **READ,
    summary="List the rules of groups and people",
)  # fmt: skip
def list_filters(request: HttpRequest) -> list[Facts]:
    """Return the rules that go before the system's, those of groups first; 1,000 at most."""
    administrator_of(request)
    return [_told(row) for row in _overrides().order_by("scope", "group", "pk")[:1000]]


@router.post(
    "", response={201: OverrideOut, **PROBLEMS}, **WRITE,
    summary="Add rules for a group or a person",
)  # fmt: skip
def add_filter(request: HttpRequest, rules: OverrideIn) -> Status[Facts]:
    """Add rules; they begin as a copy of the system's."""
    administrator_of(request)
    copied = {name: value for name, value in _rules(RecordingFilter.of_system()).items()
              if name != "version"}  # fmt: skip
    blank = RecordingFilter(version=0)
    data = as_posted(OverrideForm(instance=blank, initial=copied), sent_of(rules))
    form = OverrideForm(data, instance=blank)
    must_be_valid(form)
    return Status(201, _told(saved(form, lambda: save_filter(request, form))))


@router.get(
    "/{uuid:filter_id}", response={200: OverrideOut, **PROBLEMS}, **READ,
    summary="Read the rules of a group or a person",
)  # fmt: skip
def read_filter(request: HttpRequest, filter_id: UUID) -> Facts:
    """Return one set of rules."""
    administrator_of(request)
    return _told(get_object_or_404(_overrides(), public_id=filter_id))


@router.patch(
    "/{uuid:filter_id}", response={200: OverrideOut, **PROBLEMS}, **WRITE,
    summary="Change the rules of a group or a person",
)  # fmt: skip
def change_filter(request: HttpRequest, filter_id: UUID, change: RulesChange) -> Facts:
    """Change the rules that are sent. In force for the next call."""
    administrator_of(request)
    row = get_object_or_404(_overrides(), public_id=filter_id)
    return _told(_changed(request, row, change))


@router.delete(
    "/{uuid:filter_id}", response={204: None, **PROBLEMS}, **WRITE,
    summary="Delete the rules of a group or a person",
)  # fmt: skip
def delete_filter(request: HttpRequest, filter_id: UUID) -> Status[None]:
    """Delete the rules; from then on the next wider ones hold."""
    administrator_of(request)
    remove_filter(request, get_object_or_404(_overrides(), public_id=filter_id))
    return Status(204, None)


def _overrides() -> Any:
    rows = RecordingFilter.objects.exclude(scope=FilterScope.SYSTEM)
    return rows.select_related("person")


def _changed(request: HttpRequest, row: RecordingFilter, change: RulesChange) -> RecordingFilter:
    form = FilterForm(as_posted(FilterForm(instance=row), sent_of(change)), instance=row)
    must_be_valid(form)
    return saved(form, lambda: save_filter(request, form))


def _rules(row: RecordingFilter) -> Facts:
    return {
        "directions": row.directions,
        "traffic": row.traffic,
        "black_list": row.black_list,
        "version": row.version,
    }


def _told(row: RecordingFilter) -> Facts:
    return _rules(row) | {
        "id": str(row.public_id),
        "group": row.group,
        "username": row.person.username if row.person is not None else "",
    }
