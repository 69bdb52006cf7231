"""Saving recording modes: audited, told to recorders, never over another's edit."""

from collections.abc import Callable

from django.http import HttpRequest

from .mode_forms import ModesForm
from .mode_models import RecordingModes
from .row_saving import save_row

KIND = "modes"
FIELDS = (
    "of_pilot", "by_group", "keep_within_s", "keeps_unmarked", "pause_alarm_min",
    "pause_resume_min",
)  # fmt: skip


def save_modes(
    request: HttpRequest,
    form: ModesForm,
    fill: Callable[[RecordingModes], None] | None = None,
) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker.

    `fill` puts into the row what the form has no field for, after it.
    """

    def filled(row: RecordingModes) -> None:
        form.fill(row)
        if fill is not None:
            fill(row)

    version = form.cleaned_data.get("version")
    save_row(request, KIND, RecordingModes, opened_at=version, facts_of=modes_facts, fill=filled)


def modes_facts(row: RecordingModes) -> dict[str, object]:
    """Return the values of the row."""
    return {name: getattr(row, name) for name in FIELDS}
