"""Saving the capacity: audited, told to recorders, never over another's edit."""

from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.people.sources import Source

from .capacity_form import CapacityForm, catch_all_user
from .capacity_models import SystemCapacity
from .row_saving import save_row

KIND = "capacity"


def save_capacity(request: HttpRequest, form: CapacityForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""

    def fill(row: SystemCapacity) -> None:
        row.model = form.cleaned_data["model"]
        row.most_users = form.cleaned_data["most_users"]
        row.most_channels = form.cleaned_data["most_channels"]
        row.catch_all = _catch_all(request, form) if form.cleaned_data["keeps"] else None

    version = form.cleaned_data.get("version")
    save_row(request, KIND, SystemCapacity, opened_at=version, facts_of=facts_of, fill=fill)


def facts_of(row: SystemCapacity) -> dict[str, object]:
    """Return the values of the row."""
    return {
        "model": row.model,
        "most_users": row.most_users,
        "most_channels": row.most_channels,
        "catch_all": row.catch_all.username if row.catch_all is not None else "",
    }


def _catch_all(request: HttpRequest, form: CapacityForm) -> User:
    """Return the catch-all user, created where there is none yet.

    Not active, so that nobody signs in as it by any way; policy knows it by its id.
    """
    known = catch_all_user()
    if known is not None:
        return known
    person = User(
        username=form.cleaned_data["catch_all_username"],
        last_name=form.cleaned_data["catch_all_name"].strip(),
        level=Level.RECORD_ONLY,
        source=Source.CATCH_ALL,
        is_active=False,
    )
    person.set_unusable_password()
    record(
        request, Action.PERSON_CREATED, kind="person", object_id=person.public_id, by="catch_all"
    )
    person.save()
    return person
