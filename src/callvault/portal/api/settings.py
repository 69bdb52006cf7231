"""Global settings by the API: filled into the portal's forms, saved by its functions."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpRequest
from ninja import Router

from callvault.portal.access.models import SignInSettings
from callvault.portal.access.settings_forms import RulesForm
from callvault.portal.access.settings_views import save_settings
from callvault.portal.configuration.capacity_form import CapacityForm
from callvault.portal.configuration.capacity_saving import save_capacity
from callvault.portal.configuration.filter_saving import StaleSetting, plan_facts, save_plan
from callvault.portal.configuration.forms import SystemForm
from callvault.portal.configuration.models import (
    LowestLevel,
    NumberingPlan,
    PilotNumbers,
    SystemCapacity,
    SystemSettings,
)
from callvault.portal.configuration.pilot_forms import PilotForm
from callvault.portal.configuration.pilot_saving import UsedMeanwhile, pilot_facts, save_pilots
from callvault.portal.configuration.plan_views import PlanForm
from callvault.portal.configuration.rights import (
    LowestLevels,
    RightsRefused,
    change_rights,
    levels_in_force,
)
from callvault.portal.configuration.views import save_system

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid, refused, stale, stamp_of
from .problems import Problem, invalid
from .scopes import Scope
from .settings_shapes import (
    CapacityChange,
    CapacityOut,
    NumberingPlanChange,
    NumberingPlanOut,
    PermissionsChange,
    PermissionsOut,
    PilotsChange,
    PilotsOut,
    SignInChange,
    SignInOut,
    SystemChange,
    SystemOut,
)
from .shapes import Taken

router = Router(tags=["Global settings"])
Facts = dict[str, Any]
T = TypeVar("T")

READ = using(Scope.SETTINGS_READ)
WRITE = using(Scope.SETTINGS_WRITE)


@router.get(
    "/system", response={200: SystemOut, **PROBLEMS}, **READ, summary="Read what holds for all",
)  # fmt: skip
def read_system(request: HttpRequest) -> Facts:
    """Return time zone, country code, and whether pressed keys are shown."""
    administrator_of(request)
    return _system()


@router.patch(
    "/system", response={200: SystemOut, **PROBLEMS}, **WRITE, summary="Change what holds for all",
)  # fmt: skip
def change_system(request: HttpRequest, change: SystemChange) -> Facts:
    """Change the fields that are sent. In force for the next call."""
    administrator_of(request)
    with transaction.atomic():
        row = SystemSettings.objects.select_for_update().first() or SystemSettings.load()
        refuse_other(change.version, _system())
        form = SystemForm(as_posted(SystemForm(instance=row), sent_of(change)), instance=row)
        must_be_valid(form)
        save_system(request, form)
    return _system()


def _system() -> Facts:
    row = SystemSettings.load()
    return stamped({name: getattr(row, name) for name in SystemForm.Meta.fields})


@router.get(
    "/permissions", response={200: PermissionsOut, **PROBLEMS}, **READ,
    summary="Read who may download and delete",
)  # fmt: skip
def read_permissions(request: HttpRequest) -> Facts:
    """Return the lowest level that may download, and the one that may delete."""
    administrator_of(request)
    return stamped(levels_in_force().facts)


@router.patch(
    "/permissions", response={200: PermissionsOut, **PROBLEMS}, **WRITE,
    summary="Change who may download and delete",
)  # fmt: skip
def change_permissions(request: HttpRequest, change: PermissionsChange) -> Facts:
    """Change the levels that are sent. That nobody may delete cannot be taken back."""
    administrator_of(request)
    before = levels_in_force()
    refuse_other(change.version, stamped(before.facts))
    wanted = {**before.facts, **sent_of(change)}
    levels = LowestLevels(
        LowestLevel[wanted["download"].upper()], LowestLevel[wanted["delete"].upper()]
    )
    try:
        change_rights(request, levels, seen=before, phrase=change.phrase)
    except RightsRefused as refusal:
        if levels_in_force() != before:
            raise stale(str(refusal), stamp_of(levels_in_force().facts)) from refusal
        raise invalid([{"in": "body", "pointer": "/delete", "detail": str(refusal)}]) from refusal
    return stamped(levels_in_force().facts)


@router.get(
    "/numbering-plan", response={200: NumberingPlanOut, **PROBLEMS}, **READ,
    summary="Read the numbering plan",
)  # fmt: skip
def read_plan(request: HttpRequest) -> Facts:
    """Return how numbers are written here."""
    administrator_of(request)
    return _plan()


@router.patch(
    "/numbering-plan", response={200: NumberingPlanOut, **PROBLEMS}, **WRITE,
    summary="Change the numbering plan",
)  # fmt: skip
def change_plan(request: HttpRequest, change: NumberingPlanChange) -> Facts:
    """Change the fields that are sent. In force for the next call."""
    administrator_of(request)
    row = NumberingPlan.load()
    before = plan_facts(row)
    form = PlanForm(as_posted(PlanForm(instance=row), sent_of(change)), instance=row)
    must_be_valid(form)
    saved(form, lambda: save_plan(
        request, form.save(commit=False), before, opened_at=change.version
    ))  # fmt: skip
    return _plan()


def _plan() -> Facts:
    row = NumberingPlan.load()
    return plan_facts(row) | {"version": row.version}


@router.get(
    "/pilot-numbers", response={200: PilotsOut, **PROBLEMS}, **READ, summary="Read pilot numbers",
)  # fmt: skip
def read_pilots(request: HttpRequest) -> Facts:
    """Return the numbers under which the recorder itself is called."""
    administrator_of(request)
    return _pilots()


@router.patch(
    "/pilot-numbers", response={200: PilotsOut, **PROBLEMS}, **WRITE,
    summary="Change pilot numbers",
)  # fmt: skip
def change_pilots(request: HttpRequest, change: PilotsChange) -> Facts:
    """Change the fields that are sent. A number that anything uses is refused."""
    administrator_of(request)
    row = PilotNumbers.load()
    form = PilotForm(as_posted(PilotForm(instance=row), sent_of(change)), instance=row)
    must_be_valid(form)
    saved(form, lambda: save_pilots(request, form))
    return _pilots()


def _pilots() -> Facts:
    row = PilotNumbers.load()
    return pilot_facts(row) | {"version": row.version}


@router.get(
    "/capacity", response={200: CapacityOut, **PROBLEMS}, **READ, summary="Read the capacity",
)  # fmt: skip
def read_capacity(request: HttpRequest) -> Facts:
    """Return how much is recorded at most."""
    administrator_of(request)
    return _capacity()


@router.patch(
    "/capacity", response={200: CapacityOut, **PROBLEMS}, **WRITE, summary="Change the capacity",
)  # fmt: skip
def change_capacity(request: HttpRequest, change: CapacityChange) -> Facts:
    """Change the fields that are sent. In force for the next call."""
    administrator_of(request)
    row = SystemCapacity.load()
    form = CapacityForm(as_posted(CapacityForm(row=row), sent_of(change)), row=row)
    must_be_valid(form)
    saved(form, lambda: save_capacity(request, form))
    return _capacity()


def _capacity() -> Facts:
    row = SystemCapacity.load()
    return {
        "model": row.model,
        "most_users": row.most_users,
        "most_channels": row.most_channels,
        "keeps": row.catch_all_id is not None,
        "catch_all": row.catch_all.username if row.catch_all is not None else "",
        "version": row.version,
    }


@router.get(
    "/sign-in", response={200: SignInOut, **PROBLEMS}, **READ, summary="Read the rules of sign-in",
)  # fmt: skip
def read_sign_in(request: HttpRequest) -> Facts:
    """Return the rules of passwords, second factors, sessions and lock-out."""
    administrator_of(request)
    return _sign_in()


@router.patch(
    "/sign-in", response={200: SignInOut, **PROBLEMS}, **WRITE,
    summary="Change the rules of sign-in",
)  # fmt: skip
def change_sign_in(request: HttpRequest, change: SignInChange) -> Facts:
    """Change the rules that are sent. In force now."""
    administrator_of(request)
    with transaction.atomic():
        row = SignInSettings.objects.select_for_update().first() or SignInSettings()
        refuse_other(change.version, _sign_in())
        form = RulesForm(as_posted(RulesForm(instance=row), sent_of(change)), instance=row)
        must_be_valid(form)
        save_settings(request, form)
    return _sign_in()


def _sign_in() -> Facts:
    row = SignInSettings.load()
    return stamped({name: getattr(row, name) for name in RulesForm.Meta.fields})


def sent_of(change: Taken) -> Facts:
    """Return what was sent, as forms take it."""
    return change.model_dump(mode="json", exclude_unset=True)


def stamped(values: Facts) -> Facts:
    """Add a version to values whose row keeps none."""
    return {**values, "version": stamp_of(values)}


def refuse_other(version: str, now: Facts) -> None:
    """Raise a problem if what is in force is not what was read."""
    if version != now["version"]:
        raise stale("Somebody changed this meanwhile: read it again.", now["version"])


def saved(form: BaseForm, save: Callable[[], T]) -> T:
    """Save, or raise a problem that says who was quicker and how."""
    try:
        return save()
    except StaleSetting as old:
        raise stale("Somebody changed this meanwhile: read it again.", old.version) from old
    except UsedMeanwhile as used:
        raise refused(form) from used
    except IntegrityError as taken:
        raise Problem(409, "taken", "Somebody added the same just now.") from taken
