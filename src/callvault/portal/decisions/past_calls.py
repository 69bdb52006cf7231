"""Past calls as a draft of the filters is tried on them (FILT-4): so many days, and no more rows.

What was recorded is known by its recordings, what was filtered by the decision. Calls that ended
otherwise, and those that were recorded in another mode than always-on, no filter was asked of.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from callvault.policy.decision import Direction, Outcome, Verdict
from callvault.policy.simulation import PastCall, RuleName
from callvault.policy.snapshot import RecordingMode
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_visible_to

from .models import Call

MOST_CALLS = 50_000
_GONE = UUID(int=0)  # a person who was deleted has no rules

_ASKED_FOR = tuple(
    f'"other_mode": "{one}"' for one in (RecordingMode.ON_DEMAND, RecordingMode.LIVE_KEEP)
)
_ALWAYS_ON = f'"mode": "{RecordingMode.ALWAYS_ON}"'

_RECORDED = (
    "started_at",
    "call__event_id",
    "recording_id",
    "decided",
    "owner__public_id",
    "owner_username",
    "owner_group",
    "direction",
    "remote_number",
)


@dataclass(frozen=True, slots=True)
class PastTraffic:
    """Calls of which filters were asked, the newest first."""

    calls: tuple[PastCall, ...]
    since: datetime  # later than asked for, if there were too many
    until: datetime
    is_cut: bool


def past_traffic(
    reader: User, *, since: datetime, until: datetime, most: int = MOST_CALLS
) -> PastTraffic:
    """Read what the reader may see of the calls from `since` to `until`."""
    both = merge(
        _recorded(reader, since, until, most + 1),
        _filtered(since, until, most + 1),
        key=lambda call: call.at,
        reverse=True,
    )
    found = tuple(islice(both, most + 1))
    if len(found) <= most:
        return PastTraffic(found, since, until, is_cut=False)
    return PastTraffic(found[:most], found[most - 1].at, until, is_cut=True)


def _recorded(reader: User, since: datetime, until: datetime, most: int) -> Iterator[PastCall]:
    rows = recordings_visible_to(reader).filter(started_at__gte=since, started_at__lt=until)
    # As text: to read fifty thousand decisions takes longer than all the rest.
    rows = rows.annotate(decided=Cast("call__decision", TextField()))
    newest = rows.order_by("-started_at", "-record_number").values_list(*_RECORDED)[:most]
    for at, call, recording, decided, owner, username, group, direction, remote in newest:
        if _was_always_on(decided or "{}"):
            yield PastCall(
                call_id=call or recording,
                at=at,
                owner_id=owner or _GONE,
                username=username,
                group=group,
                direction=Direction(direction),
                remote=remote,
            )


def _filtered(since: datetime, until: datetime, most: int) -> Iterator[PastCall]:
    people = dict(User.objects.values_list("username", "public_id"))
    rows = Call.objects.filter(verdict=Verdict.FILTERED.value, at__gte=since, at__lt=until)
    newest = rows.order_by("-at", "-id").values_list("event_id", "at", "decision")[:most]
    for call_id, at, decision in newest:
        rule = _values_of(decision, "filters", Outcome.STOPPED)
        if not rule:
            continue
        owner = _values_of(decision, "owner", Outcome.PASSED)
        username = owner.get("username", "")
        yield PastCall(
            call_id=call_id,
            at=at,
            owner_id=people.get(username, _GONE),
            username=username,
            group=owner.get("group", ""),
            direction=Direction(rule["direction"]) if rule.get("direction") else None,
            remote=rule.get("number", ""),
            filtered_by=RuleName(
                rule.get("rule", ""),
                rule.get("value", ""),
                rule.get("scope", ""),
                rule.get("of", ""),
            ),
        )


def _was_always_on(decided: str) -> bool:
    """Whether filters were asked; where the decision is not kept any more, it is assumed."""
    if any(one in decided for one in _ASKED_FOR):  # of which of the recordings is not told
        return False
    if _ALWAYS_ON in decided:  # quotes within a value are escaped, so that none can look like it
        return True
    mode = _values_of(json.loads(decided), "mode", Outcome.PASSED).get("mode")
    return mode in (None, RecordingMode.ALWAYS_ON.value)


def _values_of(decision: dict[str, Any], code: str, outcome: Outcome) -> dict[str, str]:
    """Return the values of a step; empty where it is not there, or ended otherwise."""
    for step in decision.get("steps", ()):
        if step["code"] == code and step["outcome"] == outcome.value:
            return dict(step.get("values") or {})
    return {}
