"""Filters, modes, numbering plan and pilot numbers as recorders need them (policy.snapshot)."""

from uuid import UUID

from callvault.clock import ns_from_utc
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.filters import Directions, FilterRules, Filters, Traffic
from callvault.policy.keypad import Command, Keypad
from callvault.policy.modes import Keeping, Modes, Pauses, RecordingMode
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.ordered import Order
from callvault.policy.pilots import Pilots
from callvault.policy.prompts import Announcement, Prompts

from . import models
from .filter_models import FilterScope


def filters_in_force() -> Filters:
    """Read every set of rules."""
    system, by_group, by_person = FilterRules(), {}, {}
    for row in models.RecordingFilter.objects.select_related("person"):
        if row.scope == FilterScope.SYSTEM:
            system = rules_of(row)
        elif row.scope == FilterScope.GROUP:
            by_group[row.group] = rules_of(row)
        elif row.person is not None:
            by_person[UUID(str(row.person.public_id))] = rules_of(row)
    return Filters(system, by_group, by_person)


def rules_of(row: models.RecordingFilter) -> FilterRules:
    """Return one set of rules."""
    return FilterRules(Directions(row.directions), Traffic(row.traffic), tuple(row.black_list))


def modes_in_force() -> Modes:
    """Read what is set for recording groups, and for calls to the recording pilot."""
    row = models.RecordingModes.load()
    return Modes(
        by_group={name: RecordingMode(mode) for name, mode in row.by_group.items()},
        of_pilot=RecordingMode(row.of_pilot) if row.of_pilot else None,
        keeping=Keeping(row.keep_within_s, row.keeps_unmarked),
        pauses=Pauses(_seconds(row.pause_alarm_min), _seconds(row.pause_resume_min)),
    )


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else 60 * minutes


def plan_of(row: models.NumberingPlan, country_code: str) -> NumberingPlan:
    """Return the plan of a row, with the system's country code."""
    return NumberingPlan(
        country_code=country_code,
        international_prefixes=tuple(row.international_prefixes),
        national_prefix=row.national_prefix,
        outgoing_prefixes=tuple(row.outgoing_prefixes),
        incoming_prefixes=tuple(row.incoming_prefixes),
        internal_patterns=tuple(row.internal_patterns),
    )


def pilots_of(row: models.PilotNumbers) -> Pilots:
    """Return the pilot numbers of a row."""
    return Pilots(
        recording_prefix=row.recording_prefix,
        live_keep_prefix=row.live_keep_prefix,
        automated_prefix=row.automated_prefix,
        dial_in=tuple(row.dial_in),
    )


def orders_in_force() -> tuple[Order, ...]:
    """Read the recordings ordered; those that expired lately, too: a call to one is told so."""
    rows = models.RecordingOrder.objects.select_related("person")
    return tuple(map(_order_of, rows))


def _order_of(row: models.RecordingOrder) -> Order:
    owner_id = UUID(str(row.person.public_id))
    return Order(row.public_id, row.digits, owner_id, ns_from_utc(row.expires_at))


def prompts_of(row: models.PilotNumbers) -> Prompts:
    """Return what is said to who calls a dial-in number."""
    return Prompts(Announcement(row.announcement), row.beep_every_s)


def dial_in_of(row: models.PilotNumbers) -> DialInRules:
    """Return how calls to dial-in numbers are led by keys, and ended."""
    codes = {one.value: getattr(row, f"key_{one.value}") for one in Command}
    return DialInRules(
        Keypad(is_on=row.keys_on, **codes), row.end_silence_s, row.end_without_speech_min
    )
