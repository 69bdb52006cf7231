"""What a restore does not undo: deletions, the decision that nobody may delete, and legal holds.

The database that is replaced is asked first what it knows; the vault, which is not replaced, knows
of deletions and of that decision by itself. Sessions end and API tokens are revoked, since which
of them were ended after the backup cannot be told. Retention waits for an administrator.
"""

import logging
import re
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.utils import timezone

from callvault.errors import VaultError
from callvault.portal.access.models import OpenSession
from callvault.portal.api.models import ApiToken
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.deletion_ban import uphold_ban
from callvault.portal.configuration.models import DeletionBan, PolicyRevision
from callvault.portal.holds.covering import cover, uphold_holds
from callvault.portal.holds.models import HeldRecording, LegalHold
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import bury_again, uphold_tombstones
from callvault.portal.recordings.models import Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention.sweep import suspend
from callvault.vault import Store

logger = logging.getLogger(__name__)

AT_ONCE = 500
RECORD_ONLY = Level.RECORD_ONLY  # never signs in
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class KeptHold:
    """A hold that stands in the database that is replaced."""

    public_id: UUID
    values: dict[str, object]
    person: UUID | None
    recordings: list[UUID]


@dataclass(slots=True)
class Known:
    """What the database that is replaced knows."""

    deleted: list[UUID] = field(default_factory=list)
    is_banned: bool = False
    holds: list[KeptHold] = field(default_factory=list)
    revision: int = 0
    closed: list[UUID] = field(default_factory=list)  # people who may not sign in any more


@dataclass(frozen=True, slots=True)
class Upheld:
    """What was done so that nothing comes back."""

    deleted: int  # recordings of the backup that were deleted since
    holds: int  # holds that were placed since
    is_banned: bool
    tokens: int  # API tokens that were revoked
    reopened: list[str] = field(default_factory=list)
    """User names of people whom the backup lets sign in again. They are told and not deactivated:
    that they went by mistake may be why a backup is restored."""


def known_now() -> Known | None:
    """Ask the present database; None: it cannot be read."""
    try:
        with transaction.atomic():
            return Known(
                list(Tombstone.objects.values_list("recording_id", flat=True)),
                DeletionBan.objects.exists(),
                [_kept(hold) for hold in LegalHold.objects.filter(released_at=None)],
                PolicyRevision.current(),
                _closed(),
            )
    except DatabaseError as error:
        logger.warning("the present database cannot be read: %s", error)
        return None


def uphold(known: Known, store: Store | None) -> Upheld:
    """Apply it to the restored database. `store` is None while the vault is away."""
    is_banned = uphold_ban(was_known=known.is_banned)
    holds = sum(_hold_again(one) for one in known.holds)
    uphold_holds()
    deleted = sum(bury_again(one) for one in _unknown(known.deleted))
    deleted += _buried_by_vault(store)
    suspend(timezone.now())
    _end_sessions()
    tokens = ApiToken.objects.filter(revoked_at=None).update(revoked_at=timezone.now())
    _go_beyond(known.revision)
    again = User.objects.filter(public_id__in=known.closed, is_active=True, level__gt=RECORD_ONLY)
    reopened = list(again.order_by("username").values_list("username", flat=True))
    return Upheld(deleted, holds, is_banned, tokens, reopened)


def _closed() -> list[UUID]:
    """Return the people who were deactivated or deleted."""
    inactive = User.objects.filter(is_active=False).values_list("public_id", flat=True)
    gone = AuditEntry.objects.filter(action=Action.PERSON_DELETED)
    ids = gone.values_list("object_id", flat=True)
    return [*inactive, *(UUID(one) for one in ids if _ID.fullmatch(one))]


def _kept(hold: LegalHold) -> KeptHold:
    told = ("matter", "reason", "kind", "person_name", "number", "placed_at", "placed_by_name")
    covered = HeldRecording.objects.filter(hold=hold)
    return KeptHold(
        hold.public_id,
        {name: getattr(hold, name) for name in told},
        hold.person.public_id if hold.person is not None else None,
        list(covered.values_list("recording__recording_id", flat=True)),
    )


def _hold_again(kept: KeptHold) -> bool:
    """Put a hold in force with what it covered; return whether the backup did not know it."""
    hold = LegalHold.objects.filter(public_id=kept.public_id).first()
    is_new = hold is None or not hold.is_open
    if hold is None:
        person = User.objects.filter(public_id=kept.person).first() if kept.person else None
        hold = LegalHold.objects.create(public_id=kept.public_id, person=person, **kept.values)
    elif not hold.is_open:
        hold.released_at, hold.released_by_name = None, ""
        hold.save(update_fields=("released_at", "released_by_name"))
    for start in range(0, len(kept.recordings), AT_ONCE):
        some = kept.recordings[start : start + AT_ONCE]
        cover(hold, recordings_in_catalogue().filter(recording_id__in=some))
    return is_new


def _unknown(deleted: list[UUID]) -> list[UUID]:
    """Return those of which the restored database has no tombstone."""
    missing: list[UUID] = []
    for start in range(0, len(deleted), AT_ONCE):
        some = deleted[start : start + AT_ONCE]
        there = Tombstone.objects.filter(recording_id__in=some)
        missing += set(some) - set(there.values_list("recording_id", flat=True))
    return missing


def _buried_by_vault(store: Store | None) -> int:
    try:
        return uphold_tombstones(store) if store is not None else 0
    except VaultError as error:  # a worker does it when the vault is back
        logger.warning("the vault was not asked what was deleted: %s", error)
        return 0


def _end_sessions() -> None:
    OpenSession.objects.all().delete()
    Session.objects.all().delete()


def _go_beyond(revision: int) -> None:
    """Let recorders see a policy that is newer than any they know."""
    PolicyRevision.bump()
    PolicyRevision.objects.filter(revision__lte=revision).update(revision=revision + 1)
