"""Saving pilot numbers: audited, told to recorders, never over another's edit, never used ones.

They are the recorder's own numbers and nobody's, so that the audit log has them as they are.
"""

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action

from .dial_in_fields import ENDS, KEYS
from .filter_saving import refuse_stale
from .models import PilotNumbers, PolicyRevision
from .pilot_forms import PREFIXES, PROMPTS, PilotForm

KIND = "pilots"


class UsedMeanwhile(Exception):
    """Somebody got one of the numbers since the form was checked; the form says so."""


@transaction.atomic
def save_pilots(request: HttpRequest, form: PilotForm) -> None:
    """Save the form. Raises StaleSetting or UsedMeanwhile, having changed nothing."""
    PolicyRevision.bump()  # first: whoever else saves, people too, waits here
    stored = PilotNumbers.objects.select_for_update().first()
    refuse_stale(form.cleaned_data.get("version"), stored.version if stored else 0, KIND)
    if form.refuse_used():
        raise UsedMeanwhile
    row = form.save(commit=False)
    row.version = (stored.version if stored else 0) + 1
    before, after = pilot_facts(stored or PilotNumbers()), pilot_facts(row)
    changed = sorted(name for name in after if before[name] != after[name])
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, version=row.version, fields=changed,
        old={name: before[name] for name in changed},
        new={name: after[name] for name in changed},
    )  # fmt: skip
    row.save()


def pilot_facts(row: PilotNumbers) -> dict[str, object]:
    """Return the values of the row."""
    return {name: getattr(row, name) for name in (*PREFIXES, "dial_in", *PROMPTS, *KEYS, *ENDS)}
