"""Resets of passwords by mail: asked for in a request, worked off outside of it, used once.

In the request nothing is looked up. Who is named is found out by the worker, so that nobody
learns from answer or time which names exist.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from callvault.errors import VaultError
from callvault.portal.access.sessions import end_all_but
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.backends import person_named
from callvault.portal.people.models import User
from callvault.portal.sealing import seal, unseal

from .faults import MailFault
from .models import MailSettings, ResetLink, ResetRequest
from .sending import language_of, mail_for, send

LINK_LASTS = timedelta(hours=1)
KEPT_FOR = timedelta(days=1)
WINDOW = timedelta(hours=1)
MOST_OF_AN_ADDRESS = 20  # an office behind one address
MOST_OF_ALL = 500
MOST_LINKS_OF_A_PERSON = 3
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
NAME_PURPOSE = "name of a reset"


def ask(request: HttpRequest, name: str, *, now: datetime) -> bool:
    """Note that a reset was asked for; False: too many were, from there or at all."""
    address = request.META.get("REMOTE_ADDR") or None
    recent = ResetRequest.objects.filter(asked_at__gte=now - WINDOW)
    if (
        recent.filter(address=address).count() >= MOST_OF_AN_ADDRESS
        or recent.count() >= MOST_OF_ALL
    ):
        return False
    sealed = seal(name[:254], purpose=NAME_PURPOSE)
    with transaction.atomic():
        row = ResetRequest(asked_at=now, address=address, sealed_name=sealed, next_try_at=now)
        record(request, Action.PASSWORD_RESET_ASKED, kind="reset", object_id=row.public_id)
        row.save()
    return True


def work_off(*, now: datetime) -> bool:
    """Answer the request that waits longest; False: none waits. One worker has it at a time."""
    row = ResetRequest.objects.filter(next_try_at__lte=now).order_by("next_try_at").first()
    if row is None:
        return False
    retry_at = now + RETRY_AFTER[min(row.attempts, len(RETRY_AFTER) - 1)]
    mine = ResetRequest.objects.filter(pk=row.pk, next_try_at=row.next_try_at)
    if not mine.update(next_try_at=retry_at, attempts=row.attempts + 1):
        return True  # another worker was quicker
    try:
        _answer(row, now=now)
    except MailFault as fault:
        if fault.passes and row.attempts < len(RETRY_AFTER):
            raise
        _done(row)
        raise
    _done(row)
    return True


def _done(row: ResetRequest) -> None:
    ResetRequest.objects.filter(pk=row.pk).update(next_try_at=None, sealed_name="")


def _answer(row: ResetRequest, *, now: datetime) -> None:
    mail_settings = MailSettings.load()
    try:
        person = person_named(unseal(row.sealed_name, purpose=NAME_PURPOSE))
    except VaultError as sealed:
        raise MailFault("sealed", passes=True) from sealed
    if mail_settings is None or person is None or not (person.is_active and person.email):
        return
    language = language_of(person, settings.LANGUAGE_CODE)
    portal = mail_settings.portal_url
    about = {"person": person, "portal": portal}
    if not person.has_usable_password():
        send(mail_for("password_elsewhere", person.email, language=language, **about))
    elif (secret := make_link(person, now=now)) is not None:
        about["link"] = portal + reverse("notifications:reset", args=[secret])
        try:
            send(mail_for("password_reset", person.email, language=language, **about))
        except MailFault:
            ResetLink.objects.filter(digest=digest_of(secret)).delete()  # nobody has it
            raise


def make_link(person: User, *, now: datetime) -> str | None:
    """Make a link's secret; None: the person got enough of them for now."""
    recent = ResetLink.objects.filter(person=person, made_at__gte=now - WINDOW)
    if recent.count() >= MOST_LINKS_OF_A_PERSON:
        return None
    secret = secrets.token_urlsafe(32)
    ResetLink.objects.create(
        person=person, digest=digest_of(secret), made_at=now, expires_at=now + LINK_LASTS
    )
    return secret


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: it has 256 bits, so no salt is needed."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that may be used now."""

    row: ResetLink

    @property
    def person(self) -> User:
        """Whose password it sets."""
        return self.row.person


def open_link(secret: str, *, now: datetime) -> OpenLink | None:
    """Return the link of a secret, if it may still be used."""
    row = (
        ResetLink.objects.select_related("person")
        .filter(digest=digest_of(secret), used_at=None, expires_at__gt=now, person__is_active=True)
        .first()
    )
    return OpenLink(row) if row is not None and row.person.has_usable_password() else None


@transaction.atomic
def use_link(request: HttpRequest, link: OpenLink, password: str) -> bool:
    """Set the password, once; every other link and every browser of the person ends with it.

    False: the link was used meanwhile, by another browser.
    """
    now = timezone.now()
    if not ResetLink.objects.filter(pk=link.row.pk, used_at=None).update(used_at=now):
        return False
    person = User.objects.select_for_update().get(pk=link.person.pk)
    record(request, Action.PASSWORD_RESET, kind="person", object_id=person.public_id, actor=person)
    ResetLink.objects.filter(person=person, used_at=None).update(used_at=now)
    person.set_password(password)
    person.must_change_password = False
    person.save(update_fields=["password", "must_change_password"])
    end_all_but(person)
    return True


def tidy(*, now: datetime) -> None:
    """Remove what is over: requests and links of yesterday."""
    ResetRequest.objects.filter(asked_at__lt=now - KEPT_FOR).delete()
    ResetLink.objects.filter(expires_at__lt=now - KEPT_FOR).delete()
