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
FIELDS = ("of_pilot", "by_group", "keep_within_s", "keeps_unmarked")


@transaction.atomic
def save_modes(request: HttpRequest, form: ModesForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    PolicyRevision.bump()  # first: whoever else saves waits here
    row = RecordingModes.objects.select_for_update().first() or RecordingModes(version=0)
    refuse_stale(form.cleaned_data.get("version"), row.version, KIND)
    before = facts_of(row)
    form.fill(row)
    after = facts_of(row)
    changed = sorted(name for name in after if before[name] != after[name])
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, version=row.version + 1, fields=changed,
        old={name: before[name] for name in changed},
        new={name: after[name] for name in changed},
    )  # fmt: skip
    row.version += 1
    row.save()


def facts_of(row: RecordingModes) -> dict[str, object]:
    """Return the values of the row."""
    return {name: getattr(row, name) for name in FIELDS}
