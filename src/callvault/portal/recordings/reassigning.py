"""Recordings given to another owner: by administrators, audited, with a history (IDENT-4).

Only the row of the catalogue changes: the sealed objects say whose call it was when it was made,
and go on matching their seals. By the row the gate decides, so that from then on the new owner and
the supervisors of the group that they have now see the recording, and those before no longer do.
"""

from collections.abc import Sequence

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.policy.permissions import Deed
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.people.sources import Source

from .folding import folded
from .models import Reassignment, Recording
from .permissions import recording_locked_for, recordings_visible_to, require

OWNER = ("owner", "owner_name", "owner_username", "owner_extension", "owner_group")
DECIDED_BY_HAND = frozenset({*OWNER, "names_folded"})
"""What finishing the call once more leaves alone, once a recording was given to somebody else."""
MOST_OF_A_NUMBER = 1000


class UnknownPerson(Exception):
    """Nobody has this user name; a sentence for the form."""


def person_named(username: str) -> User:
    """Return whom a user name means. Raises UnknownPerson."""
    name = username.strip().replace("\0", "")
    person = User.objects.filter(username__iexact=name).first() if name else None
    if person is None:
        raise UnknownPerson(_("Nobody has this user name."))
    return person


@transaction.atomic
def reassign(request: HttpRequest, recording: Recording, owner: User) -> Recording:
    """Give a recording to a person. Raises Refused, or Http404 for what is gone or hidden.

    To whom it belongs already it stays, without an entry.
    """
    user = person_of(request)
    locked = recording_locked_for(user, recording.recording_id)
    require(user, locked, Deed.REASSIGN)
    if locked.owner_id == owner.pk:
        return locked
    before, at = _facts(locked), timezone.now()
    change = Reassignment(
        recording=locked,
        at=at,
        by_name=user.get_full_name(),
        from_name=locked.owner_name,
        from_username=locked.owner_username,
        to_name=owner.get_full_name(),
        to_username=owner.username,
    )
    locked.owner, locked.owner_name = owner, owner.get_full_name()
    locked.owner_username, locked.owner_extension = owner.username, owner.extension
    locked.owner_group = owner.group
    names = (locked.owner_name, locked.owner_username, locked.remote_name)
    locked.names_folded = folded(" ".join(names))[:900]
    record(
        request, Action.REASSIGNED, kind="recording", object_id=locked.recording_id,
        old=before, new=_facts(locked),
    )  # fmt: skip
    change.save()
    locked.save(update_fields=DECIDED_BY_HAND)
    return locked


def history_of(recording: Recording) -> Sequence[Reassignment]:
    """Return who gave the recording to whom, the first one first."""
    return list(recording.reassignments.all())


def others_of_number(user: User, recordings: Sequence[Recording]) -> list[Recording]:
    """Return the other recordings without assignee of the numbers that these were made at.

    Nothing, unless all of these are the catch-all user's.
    """
    owners = {one.owner_id or 0 for one in recordings}
    numbers = {one.local_number for one in recordings} - {""}
    catch_all = User.objects.filter(pk__in=owners, source=Source.CATCH_ALL).first()
    if catch_all is None or len(owners) > 1 or not numbers:
        return []
    rows = recordings_visible_to(user).filter(owner=catch_all, local_number__in=numbers)
    rest = rows.exclude(pk__in=[one.pk for one in recordings])
    return list(rest.order_by("-started_at", "-record_number")[:MOST_OF_A_NUMBER])


def _facts(recording: Recording) -> dict[str, str]:
    """Say whose it is, for the audit log: no number."""
    return {"owner": recording.owner_username, "group": recording.owner_group}
