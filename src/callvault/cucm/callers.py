"""Who called, remembered over the pieces of one call.

The ids of call legs hint at it while a call is as it began. A far end that takes another's place,
or a shared line that goes on at another phone, has a newer id, which says nothing of who called.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from callvault.cucm.describing import leg_id, near_called
from callvault.cucm.leg import RecordingLeg

REMEMBERED_S = 12 * 3600.0
"""Ids come again after a node of CUCM has started anew; no call is on hold for so long."""
MOST_REMEMBERED = 40_000
"""Ids of call legs, two for each recorded call."""


@dataclass(slots=True)
class Callers:
    """Who called, by each id of a recorded call."""

    _known: "OrderedDict[str, tuple[bool, float]]" = field(default_factory=OrderedDict)

    def told(self, leg: RecordingLeg, *, trunk: str, now_s: float) -> RecordingLeg:
        """Return the leg with who called: as an earlier piece of its call had it, else as hinted.

        The near end keeps its id as long as its phone is in the call, so it counts before the far.
        """
        names = [
            f"{end}:{one}"
            for end, one in (
                ("near", leg_id(leg.near, leg, trunk)),
                ("far", leg_id(leg.far, leg, trunk)),
            )
            if one
        ]
        known = [self._known[name] for name in names if name in self._known]
        still = [has_called for has_called, since_s in known if now_s - since_s <= REMEMBERED_S]
        if leg.has_called is None:
            leg = replace(leg, has_called=still[0] if still else near_called(leg))
        for name in names:
            self._known[name] = (leg.has_called is True, now_s)
            self._known.move_to_end(name)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return leg
