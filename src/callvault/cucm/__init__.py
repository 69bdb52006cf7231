"""Recording calls of Cisco Unified Communications Manager: two calls of one voice each.

Which voice a call carries, and of which call it is, stands in URI parameters of its From. Here
these are read and compared; nothing here knows dialogs, media or journals.
"""

from callvault.cucm.classify import leg_of_invite
from callvault.cucm.describing import VOICE, document_of, hints_of_leg, ids_of
from callvault.cucm.leg import RecordingLeg, Side, read_leg
from callvault.cucm.matching import (
    SEGMENT_GAP_S,
    LegKey,
    continues,
    key_of,
    key_of_mirror,
    makes_pair,
)
from callvault.cucm.pairs import WINDOW_S, Outlived, Pairs, Place, StayedAlone

__all__ = [
    "SEGMENT_GAP_S",
    "VOICE",
    "WINDOW_S",
    "LegKey",
    "Outlived",
    "Pairs",
    "Place",
    "RecordingLeg",
    "Side",
    "StayedAlone",
    "continues",
    "document_of",
    "hints_of_leg",
    "ids_of",
    "key_of",
    "key_of_mirror",
    "leg_of_invite",
    "makes_pair",
    "read_leg",
]
