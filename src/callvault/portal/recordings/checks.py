"""Why nothing was recorded yet: what can be checked from here, for the empty list."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from callvault.portal.configuration.models import Trunk
from callvault.portal.people.models import User
from callvault.portal.status import recorder_status


@dataclass(frozen=True, slots=True)
class Check:
    """One line under the empty state."""

    good: bool
    text: str


def first_recording_checks(data_folder: Path) -> list[Check]:
    """Check the recorder, the trunks and the people, in the order in which a call needs them."""
    return [
        _recorder(data_folder),
        _trunks(list(Trunk.objects.values_list("name", flat=True)[:3])),
        _people(),
    ]


def _recorder(data_folder: Path) -> Check:
    status = recorder_status(data_folder, now_ns=time.time_ns())
    if status.running:
        return Check(good=True, text=_("Recorder running"))
    return Check(good=False, text=_("No recorder runs on this machine"))


def _trunks(names: list[str]) -> Check:
    if not names:
        return Check(good=False, text=_("No trunk: nobody may send calls"))
    told = ", ".join(names[:2]) + (" …" if len(names) > 2 else "")
    return Check(good=True, text=_("Calls may come from %(trunks)s") % {"trunks": told})


def _people() -> Check:
    count = people_to_record()
    if not count:
        return Check(good=False, text=_("Nobody has an extension yet"))
    return Check(good=True, text=people_told(count))


def people_to_record() -> int:
    """Count those whose calls can be told to be theirs."""
    people = User.objects.filter(is_active=True)
    return people.exclude(extension="", alias="", pbx_username="").count()


def people_told(count: int) -> str:
    """Say how many can be recorded."""
    told = ngettext("%(count)s person can be recorded", "%(count)s people can be recorded", count)
    return told % {"count": count}
