"""Saving the settings of data export: audited, never over another's edit."""

from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.configuration.row_saving import save_row

from .asking import TURN, look_from_here, run_now
from .forms import ExportForm
from .models import ExportSettings, ExportTurn

KIND = "export"


def save_settings(request: HttpRequest, form: ExportForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    save_row(
        request, KIND, ExportSettings, opened_at=form.cleaned_data.get("version"),
        facts_of=_facts_of, fill=lambda row: _fill(form, row),
    )  # fmt: skip


def _fill(form: ExportForm, row: ExportSettings) -> None:
    was_off, place = row.is_off, (row.kind, row.place, row.port)
    form.fill(row)
    if was_off and not row.is_off:
        row.enabled_at = timezone.now()
        look_from_here()
    if row.is_off or place != (row.kind, row.place, row.port):
        ExportTurn.objects.filter(pk=TURN).update(
            problem="", said="", failures=0, failing_since=None
        )
    run_now()


def _facts_of(row: ExportSettings) -> dict[str, object]:
    return {
        "mode": row.mode,
        "kind": row.kind,
        "place": row.place,
        "port": row.port,
        "username": row.username,
        "fingerprint": row.fingerprint,
        "password_set_at": row.password_set_at.isoformat() if row.password_set_at else "",
        "wait_hours": row.wait_hours,
    }
