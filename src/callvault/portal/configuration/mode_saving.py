"""Saving recording modes: audited, told to recorders, never over another's edit."""

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .filter_saving import refuse_stale
from .mode_forms import ModesForm
from .mode_models import RecordingModes
from .models import PolicyRevision

KIND = "modes"


@transaction.atomic
def save_modes(request: HttpRequest, form: ModesForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    PolicyRevision.bump()  # first: whoever else saves waits here
    row = RecordingModes.objects.select_for_update().first() or RecordingModes(version=0)
    refuse_stale(form.cleaned_data.get("version"), row.version, KIND)
    before, after = dict(row.by_group), form.by_group(row.by_group)
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, version=row.version + 1,
        fields=["by_group"] if changed else [],
        old={name: before.get(name, "") for name in changed},
        new={name: after.get(name, "") for name in changed},
    )  # fmt: skip
    row.by_group, row.version = after, row.version + 1
    row.save()
