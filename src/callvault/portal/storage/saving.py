"""Saving, choosing and removing stores: audited, never over another's edit."""

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.filter_saving import refuse_stale
from callvault.portal.recordings.models import Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue

from .asking import send_new_to
from .forms import LocationForm
from .models import LeftCopy, Move, Relocation, StorageLocation

KIND = "storage"
Facts = dict[str, object]
_TOLD = (
    *("name", "kind", "share", "domain", "username", "endpoint", "region", "bucket", "prefix"),
    *("access_key", "path_style", "ca_pem"),
)


@transaction.atomic
def save_location(request: HttpRequest, form: LocationForm) -> StorageLocation:
    """Save a store. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    row = form.as_typed()
    stored = StorageLocation.objects.select_for_update().filter(pk=row.pk).first()
    version = stored.version if stored else 0
    refuse_stale(form.cleaned_data.get("version"), version, KIND, row.public_id)
    before, after = facts_of(stored) if stored else {}, facts_of(row)
    secrets = ["secret"] if form.cleaned_data.get("secret") else []  # only that it changed
    row.version = version + 1
    _write_down(request, row, before, after, secrets=secrets)
    state = ("is_current", "checked_at", "trouble", "trouble_since", "free_bytes")
    for name in state if stored else ():  # written by others meanwhile
        setattr(row, name, getattr(stored, name))
    row.checked_at = None  # workers look at once
    row.save()
    return row


@transaction.atomic
def use_location(request: HttpRequest, row: StorageLocation | None) -> bool:
    """Have new recordings go there; None: they stay on their nodes. False: they do already."""
    before = StorageLocation.objects.select_for_update().filter(is_current=True).first()
    if before == row:
        return False
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, fields=["current"],
        old={"current": _name(before)}, new={"current": _name(row)},
    )  # fmt: skip
    StorageLocation.objects.filter(is_current=True).update(is_current=False)
    if row is not None:
        StorageLocation.objects.filter(pk=row.pk).update(is_current=True, checked_at=None)
    send_new_to(row)
    return True


@transaction.atomic
def remove_location(request: HttpRequest, row: StorageLocation) -> bool:
    """Forget a store. False: something of ours lies there still, or goes there."""
    locked = StorageLocation.objects.select_for_update().filter(pk=row.pk).first()
    if locked is None or is_needed(locked):
        return False
    _write_down(request, locked, facts_of(locked), {}, secrets=[])
    locked.delete()
    return True


def is_needed(row: StorageLocation) -> bool:
    """Whether a store may not be forgotten."""
    gone = Tombstone.objects.filter(location=row, objects_gone_at=None)
    return (
        row.is_current
        or recordings_in_catalogue().filter(location=row).exists()
        or any(rows.exists() for rows in (
            gone, LeftCopy.objects.filter(location=row), Move.objects.filter(target=row),
            Move.objects.filter(source=row), Relocation.objects.filter(is_open=True, target=row),
            Relocation.objects.filter(is_open=True, source=row),
        ))
    )  # fmt: skip


def facts_of(row: StorageLocation) -> Facts:
    """Return what the audit log says of a store: no secret."""
    told: Facts = {name: getattr(row, name) for name in _TOLD if getattr(row, name) != ""}
    if row.ca_pem:
        told["ca_pem"] = "set"
    return told


def _name(row: StorageLocation | None) -> str:
    return row.name if row is not None else "local"


def _write_down(
    request: HttpRequest, row: StorageLocation, before: Facts, after: Facts, *, secrets: list[str]
) -> None:
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, object_id=row.public_id, version=row.version,
        fields=[*changed, *secrets],
        old={name: before[name] for name in changed if name in before},
        new={name: after[name] for name in changed if name in after},
    )  # fmt: skip
