"""The numbering plan in force, for pages that show numbers and look for them (FILT-6)."""

from functools import lru_cache

from callvault.policy.decision import Direction
from callvault.policy.numbering_plan import Heading, PlanReader
from callvault.policy.numbering_plan import NumberingPlan as Plan

from .models import NumberingPlan, SystemSettings
from .policy_parts import plan_of

_HEADINGS = {Direction.IN: Heading.IN, Direction.OUT: Heading.OUT}


def plan_reader() -> PlanReader:
    """Return what reads numbers by the plan in force; two small reads of the database."""
    return _reader_of(plan_of(NumberingPlan.load(), SystemSettings.load().country_code))


def normal_number(reader: PlanReader, number: str, direction: str) -> str:
    """Return the remote number of a call in normal form; what is no number stays as it is."""
    return reader.read(number, _HEADINGS.get(Direction(direction), Heading.UNKNOWN)).text


@lru_cache(maxsize=4)
def _reader_of(plan: Plan) -> PlanReader:
    return PlanReader(plan)
