"""Plain calls to the recorder: legs of CUCM joined to calls, dial-in callers, pilots dialled."""

from contextlib import suppress
from uuid import UUID

from callvault.cucm import Pairs, document_of, hints_of_leg, ids_of, leg_of_invite
from callvault.errors import ProtocolError
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.pilots import Pilots, number_dialled
from callvault.policy.writings import forms_by, writings
from callvault.recorder.dial_in import MOST_CALLERS, callers_of
from callvault.recorder.parties import numbers_called
from callvault.sip import Request, parse_message
from callvault.siprec import user_and_host

BETWEEN_CALLS = b"\0\0"
MOST_CALLS = 50
LONG_AFTER_S = 1e6
PILOTS = Pilots("880", "881", "882", ("8500", "*77"))
PLAN = PlanReader(
    NumberingPlan("39", ("00", "011"), "0", ("9", "0"), ("8",), ("2...", "1!")),
)


def calls(data: bytes) -> None:
    """INVITEs, one after the other; between them, what is no message ends a leg."""
    pairs, living = Pairs(), list[UUID]()
    for number, text in enumerate(data.split(BETWEEN_CALLS)[:MOST_CALLS], 1):
        try:
            message = parse_message(text)
        except ProtocolError:
            if living:
                pairs.ended(living.pop(0), now_s=float(number))
        else:
            if isinstance(message, Request):
                living += _began(pairs, message, number)
        list(pairs.due(float(number)))
    _all_end(pairs, living)


def _began(pairs: Pairs, request: Request, number: int) -> list[UUID]:
    """Put a leg where it belongs; never with a third. Returns the journal of the leg."""
    with suppress(ProtocolError):
        _numbers_of(request)
    leg = leg_of_invite(request, has_metadata=False)
    if leg is None:
        return []
    document_of(leg), hints_of_leg(leg), ids_of(leg, trunk="fuzz")
    journal_id, now_s = UUID(int=number), float(number)
    place = pairs.place(leg, trunk="fuzz", new_id=journal_id, now_s=now_s)
    pairs.began(place, journal_id, trunk="fuzz", now_s=now_s)
    assert len(pairs.living(place.pair_id)) == (2 if place.is_second else 1)
    return [journal_id]


def _all_end(pairs: Pairs, living: list[UUID]) -> None:
    for journal_id in living:
        pairs.ended(journal_id, now_s=LONG_AFTER_S)
    list(pairs.due(2 * LONG_AFTER_S))
    assert not any(pairs.has(UUID(int=number)) for number in range(1, MOST_CALLS + 1))


def _numbers_of(request: Request) -> None:
    """Who calls, and by which pilot; each number in all its writings."""
    found = callers_of(request)
    assert len(found) <= MOST_CALLERS
    numbers = [user_and_host(one.aor)[0] for one in found]
    called = numbers_called(request)
    number_dialled(PILOTS, called)
    for number in (*numbers, *called):
        assert forms_by(PLAN, number) or not number.strip()
        assert len(writings(PLAN, number)) <= 50
