"""Which recording calls belong together: two legs of one call, segments, mirrors.

CUCM promises no order of the two legs, so nothing here depends on one. Ids of call legs (`CI`)
are unique on one node of a cluster until it starts again, therefore every comparison includes
the cluster, or the trunk where the cluster is not named (before release 9), and the device.
"""

from dataclasses import dataclass

from callvault.cucm.leg import End, RecordingLeg, Side

SEGMENT_GAP_S = 300.0
"""Longest hold after which a new pair still goes on with the old conversation."""


@dataclass(frozen=True, slots=True)
class LegKey:
    """What both legs of one recorded call have in common."""

    scope: str  # "cluster:…" or "trunk:…", so that one is never taken for the other
    refci: str
    device: str  # lower case: one dialog may write `sep…` and `SEP…`
    far_refci: str


def key_of(leg: RecordingLeg, *, trunk: str) -> LegKey | None:
    """Return the key under which the twin will come; None without x-refci: it has no twin."""
    return _key(scope_of(leg.near, trunk), leg.near, leg.far)


def key_of_mirror(leg: RecordingLeg, *, trunk: str) -> LegKey | None:
    """Return the key of the pair that records the other phone; None if it is not named.

    A far end whose cluster is not named is in the near one's.
    """
    scope = scope_of(leg.far, "") if leg.far.cluster_id else scope_of(leg.near, trunk)
    return _key(scope, leg.far, leg.near)


def makes_pair(one: RecordingLeg, other: RecordingLeg, *, trunk: str) -> bool:
    """Whether two legs of one trunk are the two voices of one recorded call."""
    key = key_of(one, trunk=trunk)
    is_opposite = one.side is not Side.UNSAID and other.side is one.side.other
    return is_opposite and key is not None and key == key_of(other, trunk=trunk)


def continues(
    later: RecordingLeg,
    earlier: RecordingLeg,
    *,
    trunk: str,
    gap_s: float,
    longest_gap_s: float = SEGMENT_GAP_S,
) -> bool:
    """Whether a leg goes on with the conversation of one that ended `gap_s` before it began.

    The same phone within the gap, and the same call leg of either end: CUCM ends both recording
    calls on hold and makes two new ones on resume, for the near leg that was held. The same other
    party is enough only where CUCM does not name that leg: who calls again has another one.
    """
    if gap_s > longest_gap_s:
        return False
    is_same_phone = (
        later.near.device != ""
        and later.near.device.lower() == earlier.near.device.lower()
        and scope_of(later.near, trunk) == scope_of(earlier.near, trunk)
    )
    if not is_same_phone:
        return False
    near, far = (later.near.refci, earlier.near.refci), (later.far.refci, earlier.far.refci)
    if _is_same(*near) or _is_same(*far):
        return True
    return not all(near) and _is_same(later.far.number, earlier.far.number)


def _is_same(one: str, other: str) -> bool:
    return one != "" and one == other


def scope_of(end: End, trunk: str) -> str:
    """Return within what the ids of an end's call legs are unique: its cluster, else the trunk."""
    return f"cluster:{end.cluster_id}" if end.cluster_id else f"trunk:{trunk}"


def _key(scope: str, near: End, far: End) -> LegKey | None:
    return LegKey(scope, near.refci, near.device.lower(), far.refci) if near.refci else None
