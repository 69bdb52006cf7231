"""From a call that is over to what it must have left behind."""

import numpy as np

from callvault.policy.decision import Direction
from callvault.simulator.call import SimulatedCall
from callvault.simulator.channels import Pattern
from callvault.simulator.comparison import Expected, PlacedCall
from callvault.simulator.preparation import PreparedCall
from callvault.simulator.script import CallScript, Speaker
from callvault.simulator.signalling import sides_in_order

_OPPOSITE = {Direction.IN: Direction.OUT, Direction.OUT: Direction.IN}


def placed_call(call: SimulatedCall, prepared: PreparedCall) -> PlacedCall:
    """Return the call with the recordings it must have left: one for each user in it."""
    script = call.script
    was_answered = call.length_ms > 0
    return PlacedCall(
        index=script.index,
        call_id=call.call_id,
        length_ms=call.length_ms,
        expected=_expected(script, _sent(call, prepared)) if was_answered else (),
        caller=script.caller.number,
        callee=script.callee.number,
        faults=tuple(call.faults),
        answering_ms=call.answering_ms,
    )


def _expected(script: CallScript, sent: dict[Speaker, Pattern]) -> tuple[Expected, ...]:
    own = (script.owner, script.remote, script.direction, Speaker.OWNER)
    other = (script.remote, script.owner, _OPPOSITE[script.direction], Speaker.REMOTE)
    return tuple(
        Expected(
            owner_name=party.user.full_name,
            owner_extension=party.user.extension,
            remote_number=remote.number,
            direction=direction,
            owner_pattern=sent[side],
            remote_pattern=sent[side.other],
        )
        for party, remote, direction, side in (own, other)
        if party.user is not None
    )


def _sent(call: SimulatedCall, prepared: PreparedCall) -> dict[Speaker, Pattern]:
    """Return the loudness of what was really sent: nothing on hold, nothing after the end."""
    sent: dict[Speaker, Pattern] = {}
    for side, stream in zip(sides_in_order(call.script), call.streams, strict=True):
        mask = np.frombuffer(stream.sent, dtype=np.uint8)
        pattern = prepared.patterns[side]
        length = min(len(mask), len(pattern))
        sent[side] = pattern[:length] * mask[:length]
    return sent
