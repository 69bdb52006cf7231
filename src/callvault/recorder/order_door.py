"""Lets in calls to the numbers of automated dial-in: one for each recording ordered (CAP-4)."""

from uuid import UUID

from callvault import sip
from callvault.policy import dial_in_pilot
from callvault.policy.ordered import by_digits
from callvault.policy.pilots import PilotKind, number_dialled
from callvault.policy.snapshot import Trunk
from callvault.recorder.actions import Respond
from callvault.recorder.dial_in import callers_of
from callvault.recorder.facts import TurnedAway, warning
from callvault.recorder.parties import numbers_called
from callvault.recorder.service import Recorder

STATUS = {"not_ordered": 404, "order_expired": 403, "order_used": 403}
_TOLD = {
    "not_ordered": "nobody ordered a recording under this number",
    "order_expired": "the order of this number has expired",
    "order_used": "a call to this number has come already",
}


class OrderDoor:
    """Knows which orders were used on this node."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._used: dict[UUID, int] = {}  # until when each may come again to be refused
        self._let_in: dict[str, UUID] = {}  # the call that came last, by its Call-ID

    def refuses(self, event: sip.InviteReceived, trunk: Trunk, address: str) -> bool:
        """Refuse a call to a number that stands for no order; the first one to it is let in."""
        in_force = self._recorder.policy_in_force
        dialled = number_dialled(in_force.snapshot.pilots, numbers_called(event.request))
        pilot = dial_in_pilot(in_force.people, dialled)
        if pilot is None or pilot.kind is not PilotKind.AUTOMATED or not callers_of(event.request):
            return False
        reason = self._problem(pilot.rest, event.request.call_id)
        if not reason:
            return False
        why = TurnedAway(STATUS[reason], "dial_in", reason)
        self._recorder.gate.turned_away(event.request, event.flow, trunk, why)
        told = (warning(address, _TOLD[reason]),)
        self._recorder.respond(Respond(event.request_id, why.status, told))
        return True

    def not_taken(self, request: sip.Request) -> None:
        """Let the order be used after all: its call was refused for want of room or of a codec."""
        if order_id := self._let_in.pop(request.call_id, None):
            self._used.pop(order_id, None)

    def _problem(self, digits: str, call_id: str) -> str:
        now_ns = self._recorder.read_clocks().realtime_ns
        self._used = {one: until for one, until in self._used.items() if until > now_ns}
        order = by_digits(self._recorder.policy_in_force.snapshot.orders).get(digits)
        if order is None:
            return "not_ordered"
        if order.order_id in self._used:
            return "order_used"
        if order.until_ns <= now_ns:
            return "order_expired"
        self._used[order.order_id] = order.until_ns + KEPT_NS
        self._let_in = {call_id: order.order_id}
        return ""


KEPT_NS = 3_600_000_000_000
"""How long a used order is known as used; its digits are given out no sooner again."""
