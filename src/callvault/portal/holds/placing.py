"""Placing holds, and releasing them by two persons; each step is in the audit log."""

from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.portal.audit.log import record, without_numbers
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording

from .covering import cover, covered_by, recordings_held_by, uncover
from .models import LegalHold


class ReleaseRefused(ValueError):
    """The release was not made; the message says why, in the reader's language."""


def place(
    request: HttpRequest, hold: LegalHold, recordings: QuerySet[Recording] | None = None
) -> LegalHold:
    """Place a hold: on `recordings`, or on what its person or number covers.

    The hold stands before what it covers is put under it; a crash leaves that to the worker.
    """
    hold.placed_at, hold.placed_by_name = timezone.now(), person_of(request).get_full_name()
    if hold.person is not None:
        hold.person_name = hold.person.get_full_name()
    if recordings is None:
        rows = covered_by(hold)
        _begin(
            request, hold, rows
        )  # first: from now on it covers what comes, and spares what is due
        cover(hold, rows)
    else:
        with transaction.atomic():
            _begin(request, hold, recordings)
            cover(hold, recordings)
    return hold


@transaction.atomic
def _begin(request: HttpRequest, hold: LegalHold, recordings: QuerySet[Recording]) -> None:
    _tell(
        request,
        Action.HOLD_PLACED,
        hold,
        covers=hold.kind,
        recordings=recordings.count(),
        sha256=digest_of(recordings),
    )
    hold.save()


@transaction.atomic
def ask_release(request: HttpRequest, hold: LegalHold, reason: str) -> None:
    """Ask for the release. Raises ReleaseRefused."""
    row = _locked(hold)
    if row.release_asked_at is not None:
        raise ReleaseRefused(_("Its release was asked for already."))
    person = person_of(request)
    _tell(
        request,
        Action.HOLD_RELEASE_ASKED,
        row,
        reason=without_numbers(reason),
    )
    row.release_asked_by, row.release_asked_by_name = person, person.get_full_name()
    row.release_asked_at, row.release_reason = timezone.now(), reason
    row.save()


@transaction.atomic
def withdraw_release(request: HttpRequest, hold: LegalHold) -> None:
    """Take back that a release was asked for; any administrator may. Raises ReleaseRefused."""
    row = _locked(hold)
    if row.release_asked_at is None:
        raise ReleaseRefused(_("Nobody has asked for its release."))
    _tell(
        request,
        Action.HOLD_RELEASE_WITHDRAWN,
        row,
    )
    row.release_asked_by, row.release_asked_by_name = None, ""
    row.release_asked_at, row.release_reason = None, ""
    row.save()


@transaction.atomic
def confirm_release(request: HttpRequest, hold: LegalHold, *, now: datetime) -> int:
    """Release a hold, as the second person; return how many recordings it covered.

    Raises ReleaseRefused: nobody asked, the same person asked, or who asked is no administrator
    any more.
    """
    row = _locked(hold)
    why = refusal_to_confirm(row, person_of(request))
    if why:
        raise ReleaseRefused(why)
    row.covered = row.held.count()
    _tell(
        request,
        Action.HOLD_RELEASED,
        row,
        asked_by=row.release_asked_by_name,
        recordings=row.covered,
        sha256=digest_of(recordings_held_by(row)),
    )
    row.released_at, row.released_by_name = now, person_of(request).get_full_name()
    row.save()
    return uncover(row)


def refusal_to_confirm(hold: LegalHold, person: User) -> str:
    """Return why a person may not confirm the release; empty: they may."""
    asker = hold.release_asked_by
    if hold.release_asked_at is None:
        return _("Nobody has asked for its release.")
    if asker is None or not asker.is_active or not asker.is_administrator:
        return _("Whoever asked for it is no administrator any more. Take it back and ask anew.")
    if asker.pk == person.pk:
        return _("You asked for it: another administrator has to confirm.")
    return ""


def digest_of(recordings: QuerySet[Recording]) -> str:
    """Return the SHA-256 of the ids of recordings, in order, a line each."""
    ids = recordings.order_by("recording_id").values_list("recording_id", flat=True)
    digest = sha256()
    for recording_id in ids.iterator():
        digest.update(f"{recording_id}\n".encode())
    return digest.hexdigest()


def _locked(hold: LegalHold) -> LegalHold:
    row = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if not row.is_open:
        raise ReleaseRefused(_("It was released already."))
    return row


def _tell(request: HttpRequest, action: Action, hold: LegalHold, **told: object) -> None:
    matter = without_numbers(hold.matter)
    record(
        request, action, kind="hold", object_id=hold.public_id, actor=None, matter=matter, **told
    )
