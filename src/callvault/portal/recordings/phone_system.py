"""What the phone system said of a call, in words: for supervisors and administrators.

Vendors' names stay as they are written, so that they can be looked up in the vendor's documents;
only the path before a name is left out where the name alone is clear.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal import wording
from callvault.siprec import is_clock_set

from .models import Recording
from .page import Fact, Said

NAMES = {
    "start-time": gettext_lazy("Started"),
    "stop-time": gettext_lazy("Stopped"),
    "reason": gettext_lazy("Reason"),
    "joined": gettext_lazy("Joined"),
    "left": gettext_lazy("Left"),
}


def phone_system(recording: Recording) -> tuple[Said, ...]:
    """Return what was said of the call, then of each party in order."""
    by_party: dict[str, list[dict[str, Any]]] = {}
    for one in recording.phone_system:
        by_party.setdefault(one["about"], []).append(one)
    of_call = by_party.pop("", [])
    found = [Said(_("The call"), _facts(of_call))] if of_call else []
    return tuple(found + [Said(about, _facts(said)) for about, said in by_party.items()])


def _facts(said: Iterable[dict[str, Any]]) -> tuple[Fact, ...]:
    """Join what is said under one name; times tell whose clock they are of."""
    values: dict[str, dict[str, None]] = {}
    times: set[str] = set()
    for one in said:
        shown = _moment(one["value"]) if one.get("is_time") else one["value"]
        values.setdefault(one["name"], {})[shown] = None
        if one.get("is_time"):
            times.add(one["name"])
    short = Counter(_last(name) for name in values)
    return tuple(
        Fact(
            label=str(NAMES.get(name, _last(name) if short[_last(name)] == 1 else name)),
            value=", ".join(texts),
            note=_("by its own clock") if name in times else "",
        )
        for name, texts in values.items()
    )


def _last(name: str) -> str:
    return name[max(name.rfind("/"), name.rfind("@")) + 1 :]


def _moment(text: str) -> str:
    """Write a device's moment in the system's zone; one of before its clock was set as it is."""
    moment = datetime.fromisoformat(text)
    if not is_clock_set(moment):
        return _("%(time)s, its clock was not set") % {"time": text}
    return wording.written_date(timezone.localtime(moment))
