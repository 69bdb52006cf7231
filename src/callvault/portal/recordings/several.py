"""The same deed on one recording or on several: each by its own right, the results counted."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from callvault.policy.permissions import Deed, Refusal
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.people.models import User

from .models import Recording
from .notes import NoteRefused
from .permissions import Refused, recordings_visible_to, refusal_of
from .refusals import reason

MOST = 200  # more than a page shows


@dataclass(slots=True)
class Outcome:
    """What became of each."""

    done: list[Recording] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  # by reason, in words

    @property
    def refused_line(self) -> str:
        """What was not done: "1 not: preserved by Rita Marsh. 2 not: not there any more."."""
        lines = (
            ngettext("%(count)s not: %(reason)s.", "%(count)s not: %(reason)s.", count)
            % {"count": count, "reason": why}
            for why, count in self.refused.items()
        )
        return " ".join(lines)


def chosen(user: User, ids: Iterable[str], *, most: int = MOST) -> tuple[list[Recording], int]:
    """Return the recordings that were meant, the newest first, and how many are not there."""
    wanted = ids_in(list(ids)[:most])
    found = list(rows_of(user, wanted))
    return found, len(wanted) - len(found)


def rows_of(user: User, wanted: set[UUID]) -> QuerySet[Recording]:
    """Return those of some recordings that the person may know of, the newest first."""
    rows = recordings_visible_to(user).filter(recording_id__in=wanted)
    return rows.order_by("-started_at", "-record_number")


def do_each(
    user: User, ids: Iterable[str], act: Callable[[Recording], object], *, most: int = MOST
) -> Outcome:
    """Do something to each; what is refused for one does not stop the others."""
    found, missing = chosen(user, ids, most=most)
    outcome = Outcome()
    if missing:
        outcome.refused[_("not there any more")] += missing
    for recording in found:
        try:
            act(recording)
        except Refused as refused:
            recording.refresh_from_db()
            outcome.refused[reason(refused.refusal, recording)] += 1
        except Http404:
            outcome.refused[reason(Refusal.NOT_SEEN, recording)] += 1
        except NoteRefused as refused:
            outcome.refused[str(refused).rstrip(".")] += 1
        else:
            outcome.done.append(recording)
    return outcome


def split(
    user: User, recordings: Iterable[Recording], deed: Deed
) -> tuple[list[Recording], list[tuple[Recording, str]]]:
    """Return those that the deed is allowed on, and the others with the reason."""
    rights = rights_in_force()
    may: list[Recording] = []
    may_not: list[tuple[Recording, str]] = []
    for recording in recordings:
        refusal = refusal_of(user, recording, deed, rights=rights)
        if refusal is None:
            may.append(recording)
        else:
            may_not.append((recording, reason(refusal, recording)))
    return may, may_not


def ids_in(texts: Iterable[str]) -> set[UUID]:
    """Read ids; what is none is passed over."""
    found = set()
    for text in texts:
        with suppress(ValueError):
            found.add(UUID(text))
    return found
