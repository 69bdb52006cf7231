"""Who already uses a number that is to be a pilot, and which pilot takes a person's (IDENT-5)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from callvault.policy.numbering_plan import NumberingPlan as Plan
from callvault.policy.pilot_overlap import (
    Clash,
    HeldNumber,
    PilotNumber,
    clashes,
    covers,
    pilot_numbers,
    pilot_of,
)
from callvault.policy.pilots import PilotKind, Pilots
from callvault.portal.people.models import User

from .models import NumberingPlan, PilotNumbers, SystemSettings
from .policy_parts import pilots_of, plan_of

FIELDS = {
    PilotKind.RECORDING: "recording_prefix",
    PilotKind.LIVE_KEEP: "live_keep_prefix",
    PilotKind.AUTOMATED: "automated_prefix",
    PilotKind.DIAL_IN: "dial_in",
}
_MOST_TOLD = 5  # of a field


@dataclass(frozen=True, slots=True)
class PilotGuard:
    """The pilots in force: asked of each extension and alias that somebody is to have."""

    pilots: list[PilotNumber]
    plan: Plan

    @classmethod
    def in_force(cls) -> "PilotGuard":
        """Read the pilots once, to ask of many numbers."""
        pilots = pilot_numbers(pilots_of(PilotNumbers.load()))
        return cls(pilots, _plan())

    def refusal(self, number: str) -> str:
        """Return why nobody can have a number, as a sentence; empty: it is no pilot's."""
        pilot = pilot_of(self.pilots, number, self.plan)
        if pilot is None:
            return ""
        told = {"value": number, "kind": kind_told(pilot.kind), "pilot": pilot.number}
        return _("%(value)s is a number of the recorder: the %(kind)s is %(pilot)s.") % told


def kind_told(kind: PilotKind) -> str:
    """Name what a pilot is for, within a sentence."""
    return {
        PilotKind.RECORDING: pgettext("in a sentence", "recording pilot"),
        PilotKind.LIVE_KEEP: pgettext("in a sentence", "live-keep pilot"),
        PilotKind.AUTOMATED: pgettext("in a sentence", "pilot of automated dial-in"),
        PilotKind.DIAL_IN: pgettext("in a sentence", "dial-in number"),
    }[kind]


def problems_of(pilots: Pilots) -> dict[str, list[str]]:
    """Return, by field, what stands in the way of pilots: a few sentences each."""
    found: dict[str, list[str]] = {}
    left_out: dict[str, int] = {}
    for clash in clashes(
        pilots,
        held=_held(),
        internal=NumberingPlan.load().internal_patterns,
        plan=_plan(),
    ):
        field = FIELDS[clash.pilot.kind]
        told = found.setdefault(field, [])
        if len(told) < _MOST_TOLD:
            told.append(_told(clash))
        else:
            left_out[field] = left_out.get(field, 0) + 1
    for field, count in left_out.items():
        found[field].append(_("And %(count)s more.") % {"count": count})
    return found


def internal_problems(patterns: Iterable[str], *, known: Iterable[str]) -> list[str]:
    """Return why patterns cannot be internal numbers, of those that are new: a few sentences."""
    pilots = pilots_of(PilotNumbers.load())
    new = [one for one in patterns if one not in set(known)]
    found = [one for one in clashes(pilots, internal=new) if isinstance(one.other, str)]
    return [
        _("%(pattern)s overlaps the %(kind)s %(pilot)s.")
        % {"pattern": one.other, "kind": kind_told(one.pilot.kind), "pilot": one.pilot.number}
        for one in found[:_MOST_TOLD]
    ]


def unlisted(pilots: Pilots, black_list: Sequence[str]) -> list[str]:
    """Return the patterns of pilots that a black list does not stand for yet (FILT-3)."""
    return [
        pilot.pattern
        for pilot in pilot_numbers(pilots)
        if not any(covers(pattern, pilot) for pattern in black_list)
    ]


def _plan() -> Plan:
    return plan_of(NumberingPlan.load(), SystemSettings.load().country_code)


def _held() -> Iterator[HeldNumber]:
    """Yield the numbers of active people; nobody else's calls are theirs."""
    rows = User.objects.filter(is_active=True).exclude(extension="", alias="")
    columns = ("first_name", "last_name", "username", "extension", "alias")
    for first, last, username, extension, alias in (
        rows.order_by("pk").values_list(*columns).iterator(chunk_size=2000)
    ):
        name = f"{first} {last}".strip() or username
        if extension:
            yield HeldNumber(extension, name)
        if alias:
            yield HeldNumber(alias, name, is_alias=True)


def _told(clash: Clash) -> str:
    pilot, other = clash.pilot.number, clash.other
    if isinstance(other, PilotNumber):
        told = {"pilot": pilot, "other": other.number, "kind": kind_told(other.kind)}
        return _("%(pilot)s overlaps the %(kind)s %(other)s.") % told
    if isinstance(other, HeldNumber):
        told = {"pilot": pilot, "number": other.number, "name": other.holder}
        if other.is_alias:
            return _("%(pilot)s overlaps the alias %(number)s of %(name)s.") % told
        return _("%(pilot)s overlaps the extension %(number)s of %(name)s.") % told
    told = {"pilot": pilot, "pattern": other}
    return _("%(pilot)s overlaps the internal numbers %(pattern)s of the numbering plan.") % told
