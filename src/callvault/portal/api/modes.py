"""Recording modes by the API: of groups, of the pilot, and how live keep and pauses go (MODE-1).

Those of people and trunks stand with them.
"""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from callvault.portal.configuration.mode_forms import LONGEST_PAUSE_MIN, LONGEST_S, ModesForm
from callvault.portal.configuration.mode_models import RecordingModes
from callvault.portal.configuration.mode_saving import modes_facts, save_modes

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid
from .scopes import Scope
from .settings import saved, sent_of
from .settings_shapes import Version
from .shapes import NOT_SENT, Taken, Text

router = Router(tags=["Global settings"])

MOST_GROUPS = 500
Facts = dict[str, Any]
Mode = Literal["always_on", "on_demand", "live_keep", "never"]
Minutes = Field(
    None, ge=0, le=LONGEST_PAUSE_MIN, description="0: never; null: as each node is configured."
)


class ModesOut(Schema):
    """Recording modes beside those of trunks and people; the last one that is set holds."""

    of_pilot: Literal["", "always_on", "on_demand", "live_keep", "never"] = Field(
        description="Of calls to the recording pilot; empty: as the trunk says."
    )
    groups: dict[str, Mode] = Field(description="Of recording groups that have one of their own.")
    keep_within_s: int = Field(description="How long after a call marks are taken.")
    keeps_unmarked: bool = Field(description="Whether a call that nobody marks is kept.")
    pause_alarm_min: int | None = Field(description="Null: as each node is configured; 0: never.")
    pause_resume_min: int | None = Field(description="The same.")
    version: int


class ModesChange(Taken):
    """Modes to change."""

    of_pilot: Literal["", "always_on", "on_demand", "live_keep", "never"] = Field(NOT_SENT)
    groups: dict[Text, Literal["", "always_on", "on_demand", "live_keep", "never"]] = Field(
        NOT_SENT,
        max_length=MOST_GROUPS,
        description="By name; empty takes one away, a group that is not named keeps its own.",
        examples=[{"sales": "on_demand"}],
    )
    keep_within_s: int = Field(NOT_SENT, ge=0, le=LONGEST_S)
    keeps_unmarked: bool = Field(NOT_SENT)
    pause_alarm_min: int | None = Minutes
    pause_resume_min: int | None = Minutes
    version: Version


@router.get(
    "", response={200: ModesOut, **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="Read recording modes",
)  # fmt: skip
def read_modes(request: HttpRequest) -> Facts:
    """Return the modes of groups and of the pilot, and how live keep and pauses go."""
    administrator_of(request)
    return _told()


@router.patch(
    "", response={200: ModesOut, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Change recording modes",
)  # fmt: skip
def change_modes(request: HttpRequest, change: ModesChange) -> Facts:
    """Change the fields that are sent. In force for the next call."""
    administrator_of(request)
    row, sent = RecordingModes.load(), sent_of(change)
    groups = {name: mode for name, mode in sent.pop("groups", {}).items() if name.strip()}
    if "keeps_unmarked" in sent:
        sent["keeps_unmarked"] = "yes" if sent["keeps_unmarked"] else "no"
    form = ModesForm(as_posted(ModesForm(row=row), sent), row=row)
    must_be_valid(form)

    def of_groups(stored: RecordingModes) -> None:
        modes = {**stored.by_group, **groups}
        stored.by_group = {name: mode for name, mode in modes.items() if mode}

    saved(form, lambda: save_modes(request, form, of_groups))
    return _told()


def _told() -> Facts:
    row = RecordingModes.load()
    facts = modes_facts(row)
    return {**facts, "groups": facts["by_group"], "version": row.version}
