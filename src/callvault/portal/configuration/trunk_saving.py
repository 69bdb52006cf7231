"""Adding, changing and removing a trunk: audited, told to recorders, never over another's edit."""

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .models import PolicyRevision, Trunk
from .trunk_changes import Change, Facts, audit_detail, changes_since, facts_of
from .trunk_form import TrunkForm


class StaleTrunk(Exception):
    """The trunk was changed since the form was opened: by whom and how, and its version now."""

    def __init__(self, changes: list[Change], version: int) -> None:
        super().__init__("changed meanwhile")
        self.changes = changes
        self.version = version


@transaction.atomic
def add_trunk(request: HttpRequest, form: TrunkForm) -> Trunk:
    """Create what the form says."""
    trunk = form.save(commit=False)
    return save_trunk(request, trunk, Action.TRUNK_CREATED, before={})


@transaction.atomic
def change_trunk(request: HttpRequest, form: TrunkForm) -> Trunk:
    """Save the form. Raises StaleTrunk, having changed nothing, if somebody was quicker."""
    stored = Trunk.objects.select_for_update().get(pk=form.instance.pk)
    opened_at = form.cleaned_data.get("version")
    if opened_at != stored.version:
        changes = changes_since(stored.public_id, opened_at or 0)
        raise StaleTrunk(changes, stored.version)
    return save_trunk(request, form.save(commit=False), Action.TRUNK_CHANGED, facts_of(stored))


def save_trunk(
    request: HttpRequest, trunk: Trunk, action: Action, before: Facts, **told: object
) -> Trunk:
    """Write a trunk as it is now, with what that changed. In the caller's transaction."""
    if trunk.pk:
        trunk.version += 1
    _audit(request, action, trunk, before, facts_of(trunk), version=trunk.version, **told)
    trunk.save()
    PolicyRevision.bump()
    return trunk


@transaction.atomic
def remove_trunk(request: HttpRequest, trunk: Trunk) -> None:
    """Delete a trunk; its recordings stay."""
    _audit(request, Action.TRUNK_DELETED, trunk, facts_of(trunk), {})
    trunk.delete()
    PolicyRevision.bump()


def _audit(
    request: HttpRequest, action: Action, trunk: Trunk, before: Facts, after: Facts, **told: object
) -> None:
    detail: Facts = {**audit_detail(before, after), **told}
    record(request, action, kind="trunk", object_id=trunk.public_id, actor=None, **detail)
