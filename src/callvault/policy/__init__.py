"""Who is recorded, whether and why: pure functions on frozen values."""

from callvault.policy.decide import (
    CallSeen,
    capturing_of,
    decide,
    party_of,
    turned_away,
    without_codec,
)
from callvault.policy.dialling_in import (
    asked_by_calling,
    caller_found,
    dial_in_pilot,
    dialled_in,
)
from callvault.policy.numbers import forms, normalise
from callvault.policy.owner import Address, Match, NoMatch, PeopleIndex
from callvault.policy.trunks import TrunkTable

__all__ = [
    "Address",
    "CallSeen",
    "Match",
    "NoMatch",
    "PeopleIndex",
    "TrunkTable",
    "asked_by_calling",
    "caller_found",
    "capturing_of",
    "decide",
    "dial_in_pilot",
    "dialled_in",
    "forms",
    "normalise",
    "party_of",
    "turned_away",
    "without_codec",
]
