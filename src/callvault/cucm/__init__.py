"""Recording calls of Cisco Unified Communications Manager: two calls of one voice each.

Which voice a call carries, and of which call it is, stands in URI parameters of its From. Here
these are read and compared; nothing here knows dialogs, media or journals.
"""

from callvault.cucm.classify import leg_of_invite
from callvault.cucm.leg import RecordingLeg, Side, read_leg
from callvault.cucm.matching import (
    SEGMENT_GAP_S,
    LegKey,
    continues,
    key_of,
    key_of_mirror,
    makes_pair,
)

__all__ = [
    "SEGMENT_GAP_S",
    "LegKey",
    "RecordingLeg",
    "Side",
    "continues",
    "key_of",
    "key_of_mirror",
    "leg_of_invite",
    "makes_pair",
    "read_leg",
]
