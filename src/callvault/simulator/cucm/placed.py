"""From a conversation that is over to the recordings it must have left: one for each pair."""

from collections.abc import Iterator, Sequence

import numpy as np

from callvault.simulator.channels import Pattern
from callvault.simulator.comparison import Expected, PlacedCall
from callvault.simulator.cucm.call import CucmCall, CucmPair
from callvault.simulator.cucm.plan import Fault
from callvault.simulator.preparation import PreparedCall
from callvault.simulator.script import Speaker


def placed_pairs(call: CucmCall, prepared: Sequence[PreparedCall]) -> Iterator[PlacedCall]:
    """Yield what became of each pair that was begun."""
    for pair, sound in zip(call.pairs, prepared, strict=True):
        begun = [leg for leg in pair.legs.values() if leg.dialog_id is not None]
        if not begun:
            continue
        script = pair.plan.script
        owner = script.owner.user
        is_recorded = pair.length_ms > 0 and call.plan.wishes.fault is not Fault.CAUSE_47
        yield PlacedCall(
            index=script.index,
            call_id=begun[0].words.call_id,
            other_call_ids=tuple(leg.words.call_id for leg in begun[1:]),
            length_ms=pair.length_ms,
            expected=(_expected(pair, sound),) if owner is not None and is_recorded else (),
            caller=script.caller.number,
            callee=script.callee.number,
            faults=tuple(pair.faults if owner is not None else ()),
            answering_ms=pair.answering_ms,
        )


def _expected(pair: CucmPair, sound: PreparedCall) -> Expected:
    user = pair.plan.script.owner.user
    near, far = pair.plan.near, pair.plan.far_later or pair.plan.far
    return Expected(
        owner_name=user.full_name if user else "",
        owner_extension=near.number,
        remote_number="" if far.is_conference else far.number,  # a b-number is nobody's
        direction=pair.plan.script.direction,
        owner_pattern=_sent(pair, Speaker.OWNER, sound),
        remote_pattern=_sent(pair, Speaker.REMOTE, sound),
    )


def _sent(pair: CucmPair, side: Speaker, sound: PreparedCall) -> Pattern:
    """Return the loudness of what was really sent: nothing before the answer of that call."""
    mask = np.frombuffer(pair.legs[side].stream.sent, dtype=np.uint8)
    pattern = sound.patterns[side]
    length = min(len(mask), len(pattern))
    return pattern[:length] * mask[:length]
