"""What recorders make of a number that is dialled: which pilot it calls, and whose call it is."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from callvault.policy.owner import Address, Match, PeopleIndex
from callvault.policy.pilots import PilotKind, plain, read_pilot
from callvault.portal.decisions.sentences import step_view
from callvault.portal.snapshot import build_snapshot

from .pilot_claims import kind_told

LONGEST_TYPED = 64


@dataclass(frozen=True, slots=True)
class DialledReading:
    """A number read by the saved pilots: what it calls, and what is said of the owner."""

    pilot: str
    kind: str  # empty: no pilot
    numeric_id: str
    owner: str  # a sentence; empty: nothing is asked of people


def read_dialled(number: str, phone: str) -> DialledReading:
    """Read a number as dialled, by a recorded phone of that number (empty: not said)."""
    snapshot = build_snapshot()
    dialled = read_pilot(snapshot.pilots, plain(number))
    if dialled is None:
        return DialledReading("", "", "", "")
    index = PeopleIndex.of(snapshot)
    called = index.ids.called(plain(number))
    owner = ""
    if called is not None or (phone and dialled.kind is PilotKind.RECORDING):
        found = index.find([Address(plain(phone))] if phone else [], called)
        values = {"number": found.number}
        if isinstance(found, Match):
            values |= {"matched_by": found.matched_by, "name": found.person.full_name}
            values["username"] = found.person.username
        else:
            values |= {"reason": found.reason, "username": found.username}
        if called is not None:
            values |= {"pilot": called.pilot, "numeric_id": called.numeric_id}
        outcome = "passed" if isinstance(found, Match) else "stopped"
        owner = step_view({"code": "owner", "outcome": outcome, "values": values}).text
    elif dialled.kind is PilotKind.RECORDING:
        owner = _("Without an ID behind it, the number of the recorded phone decides.")
    return DialledReading(dialled.pilot, kind_told(dialled.kind), dialled.rest, owner)
