"""Sessions of people: begun, used, and ended, here or from elsewhere.

A session of Django carries the id of its row; the row is what counts. Deleting it ends the
session on whatever device it lives, at its next request.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.models import User

from .devices import MAX_AGENT
from .models import OpenSession, OwnChoices, SignInSettings

ROW: Final = "callvault_open_session"
ENDED: Final = "callvault_session_ended"  # why, for the sign-in page
NOTE: Final = "callvault_sign_in_note"  # a sentence for the sign-in page
STILL_THERE: Final = "callvault_still_at_provider"  # signed out here only
CHECKED: Final = "callvault_checked_session"  # attributes of a request
RULES: Final = "callvault_sign_in_rules"
NOTED_EVERY = timedelta(seconds=60)


def begin(request: HttpRequest, person: User) -> None:
    """Make the row of a session that signs in now."""
    end_row(request)  # somebody else's in the same browser
    now = timezone.now()
    row = OpenSession.objects.create(
        public_id=uuid4(),
        person=person,
        agent=request.headers.get("User-Agent", "")[:MAX_AGENT].replace("\0", ""),
        address=request.META.get("REMOTE_ADDR") or None,
        started_at=now,
        last_used_at=now,
        level=person.level,
    )
    request.session[ROW] = str(row.public_id)


def row_of(request: HttpRequest) -> OpenSession | None:
    """Return the row of the request's session."""
    try:
        public_id = UUID(str(request.session.get(ROW)))
    except ValueError:
        return None
    rows = OpenSession.objects.select_related("person__own_choices")
    return rows.filter(public_id=public_id).first()


def rules_during(request: HttpRequest) -> SignInSettings:
    """Return the settings of sign-in, asked for once a request."""
    rules = getattr(request, RULES, None)
    if rules is None:
        rules = SignInSettings.load()
        setattr(request, RULES, rules)
    return rules


def single_keys_act(request: HttpRequest) -> bool:
    """Whether the signed-in person wants single-key shortcuts; costs no query of its own."""
    row = getattr(request, CHECKED, None)
    try:
        chosen: bool = row.person.own_choices.single_keys if row is not None else True
    except OwnChoices.DoesNotExist:
        return True
    return chosen


def list_columns(request: HttpRequest) -> list[object] | None:
    """Return the columns the signed-in person wants; costs no query of its own."""
    row = getattr(request, CHECKED, None)
    try:
        kept = row.person.own_choices.list_columns if row is not None else None
    except OwnChoices.DoesNotExist:
        return None
    return kept if isinstance(kept, list) else None


def end_row(request: HttpRequest) -> None:
    """End the request's session, as far as it has a row."""
    row = row_of(request)
    if row is not None:
        row.delete()


def why_ended(
    row: OpenSession | None, person: User, rules: SignInSettings, *, now: datetime
) -> str:
    """Return why a session goes on no longer: elsewhere, idle or age; empty while it does."""
    if row is None or row.person_id != person.pk:
        return "elsewhere"
    if row.is_idle(rules, now):
        return "idle"
    return "age" if row.is_over(rules, now) else ""


def end_now(request: HttpRequest, person: User, reason: str) -> None:
    """End the request's session against the person's will, and remember why."""
    row = row_of(request)
    if row is not None and row.person_id == person.pk:
        record(
            request,
            Action.SESSION_ENDED,
            kind="person",
            object_id=person.public_id,
            actor=person,
            reason=reason,
        )
        row.delete()
    request.session.flush()
    request.session[ENDED] = reason
    request.user = AnonymousUser()


def note_use(request: HttpRequest, row: OpenSession, person: User, *, now: datetime) -> None:
    """Remember that a session was used, once a minute; draw a new id where rights changed."""
    if row.level != person.level:
        request.session.cycle_key()
        OpenSession.objects.filter(pk=row.pk).update(level=person.level, last_used_at=now)
    elif now - row.last_used_at >= NOTED_EVERY:
        OpenSession.objects.filter(pk=row.pk).update(
            last_used_at=now, address=request.META.get("REMOTE_ADDR") or None
        )


def end_all_but(person: User, request: HttpRequest | None = None) -> int:
    """End all sessions of a person, but the request's own; return how many."""
    rows = OpenSession.objects.filter(person=person)
    own = row_of(request) if request is not None else None
    if own is not None:
        rows = rows.exclude(pk=own.pk)
    return rows.delete()[0]


def forget_ended(now: datetime) -> int:
    """Remove what is left of sessions that nobody can use any more: browsers are just closed."""
    longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    gone = OpenSession.objects.filter(started_at__lt=now - longest).delete()[0]
    return gone + Session.objects.filter(expire_date__lt=now).delete()[0]
