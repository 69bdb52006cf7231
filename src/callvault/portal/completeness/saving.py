"""Saving mappings and settings: audited, never over another's edit."""

from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.changes import record_change
from callvault.portal.configuration.filter_saving import refuse_stale
from callvault.portal.configuration.row_saving import save_row

from .forms import CdrMappingForm, CompletenessForm
from .models import CdrMapping, CompletenessSettings

KIND = "cdr_mapping"


@transaction.atomic
def save_mapping(request: HttpRequest, form: CdrMappingForm) -> CdrMapping:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    row = form.instance
    stored = CdrMapping.objects.select_for_update().filter(pk=row.pk).first() if row.pk else None
    version = stored.version if stored else 0
    refuse_stale(form.cleaned_data.get("version"), version, KIND)
    before = facts_of(stored) if stored else {}
    row = form.save(commit=False)
    row.version = version + 1
    record_change(request, KIND, before, facts_of(row), version=row.version)
    row.save()
    return row


@transaction.atomic
def delete_mapping(request: HttpRequest, row: CdrMapping) -> None:
    """Forget a mapping; what was imported by it stays."""
    record_change(request, KIND, facts_of(row), {}, version=row.version)
    row.delete()


def facts_of(row: CdrMapping) -> dict[str, object]:
    """Return the values of a mapping."""
    return {name: getattr(row, name) for name in CdrMappingForm.Meta.fields}


def save_settings(request: HttpRequest, form: CompletenessForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    values = {name: form.cleaned_data[name] for name in CompletenessForm.Meta.fields}

    def fill(row: CompletenessSettings) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    version = form.cleaned_data.get("version")
    kind = "completeness"
    save_row(
        request, kind, CompletenessSettings, opened_at=version, facts_of=settings_facts, fill=fill
    )


def settings_facts(row: CompletenessSettings) -> dict[str, object]:
    """Return the values of the row, as the audit log shows them."""
    least = None if row.least_percent is None else f"{float(row.least_percent):g}"
    return {"days": row.days, "least_percent": least, "kept_days": row.kept_days}
