"""Adding, changing and removing a directory: audited, secrets sealed, never over another's edit."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from msgspec.structs import replace

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .credentials import Credentials, credentials_of, put_credentials
from .faults import SourceFault
from .forms import SourceForm
from .models import DirectorySource
from .runs import plan_next

SECRETS = ("password", "client_secret", "refresh_token", "access_token")
_UNTOLD = {"id", "public_id", "version", "sealed", "next_run_at", "ca_pem"}
_SCHEDULE = ("rhythm", "every_minutes", "daily_at")


class StaleSource(Exception):
    """The directory was changed since the form was opened."""


def filled_source(form: SourceForm) -> DirectorySource:
    """Return the directory of a valid form, with its secrets sealed, unsaved: to test or save."""
    source = form.filled()
    put_credentials(source, _credentials(form, source))
    return source


def _credentials(form: SourceForm, source: DirectorySource) -> Credentials:
    """Return saved secrets with typed ones over them; new ones end the token made of old ones."""
    try:
        held = credentials_of(source)
    except SourceFault:  # sealed by another key: what was saved is lost anyway
        held = Credentials()
    typed = {name: form.cleaned_data.get(name) or "" for name in SECRETS}
    given = {name: value for name, value in typed.items() if value}
    if "client_secret" in given or "refresh_token" in given:
        held = replace(held, access_token="", expires_at=0.0)
    return replace(held, **given)


@transaction.atomic
def add_source(request: HttpRequest, form: SourceForm) -> DirectorySource:
    """Create what the form says."""
    source = filled_source(form)
    plan_next(source, after=timezone.now())
    _audit(request, Action.DIRECTORY_CREATED, source, {}, facts_of(source))
    source.save()
    return source


@transaction.atomic
def change_source(request: HttpRequest, form: SourceForm) -> DirectorySource:
    """Save the form. Raises StaleSource, having changed nothing, if somebody was quicker."""
    stored = DirectorySource.objects.select_for_update().get(pk=form.instance.pk)
    if form.cleaned_data.get("version") != stored.version:
        raise StaleSource
    before = facts_of(stored)
    form.instance.sealed = stored.sealed  # a run may have renewed a token meanwhile
    source = filled_source(form)
    if any(getattr(source, name) != getattr(stored, name) for name in _SCHEDULE):
        plan_next(source, after=timezone.now())
    source.version = stored.version + 1
    typed = any(form.cleaned_data.get(name) for name in SECRETS)
    _audit(
        request, Action.DIRECTORY_CHANGED, source, before, facts_of(source), is_secret_typed=typed
    )
    source.save()
    return source


@transaction.atomic
def remove_source(request: HttpRequest, source: DirectorySource) -> None:
    """Delete a directory; its people stay, as if they had been made by hand."""
    people = source.people.count()
    _audit(request, Action.DIRECTORY_DELETED, source, facts_of(source), {}, people=people)
    source.delete()


def facts_of(source: DirectorySource) -> dict[str, Any]:
    """Return what the audit log may hold of a directory: no secret, no certificate."""
    facts = {
        field.attname: getattr(source, field.attname)
        for field in source._meta.concrete_fields
        if field.name not in _UNTOLD
    }
    return {**facts, "daily_at": str(source.daily_at or "")}


def _audit(
    request: HttpRequest,
    action: Action,
    source: DirectorySource,
    before: dict[str, Any],
    after: dict[str, Any],
    **told: object,
) -> None:
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    record(
        request,
        action,
        kind="directory",
        object_id=source.public_id,
        name=source.name,
        fields=changed,
        actor=None,
        old={name: before[name] for name in changed if name in before},
        new={name: after[name] for name in changed if name in after},
        **told,
    )
