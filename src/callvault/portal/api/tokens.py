"""Tokens: drawn, shown once, found again by their digest, revoked."""

import secrets
import string
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.models import User

from .models import ApiToken

PREFIX = "cv_"
LETTERS = string.ascii_letters + string.digits  # a double click takes the whole of it
LENGTH = 43  # 256 bits
SHOWN = len(PREFIX) + 6
USED_TO = timedelta(minutes=10)
MOST_OF_A_PERSON = 20


def draw() -> str:
    """Draw a token."""
    return PREFIX + "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def digest_of(token: str) -> str:
    """Return what is kept of a token: it has 256 bits, so no salt is needed."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


@transaction.atomic
def create_token(
    request: HttpRequest, person: User, *, name: str, scopes: Sequence[str], days: int
) -> tuple[ApiToken, str]:
    """Make a token for a person; return its row and, this once, the token itself."""
    now = timezone.now()
    token = draw()
    row = ApiToken(
        person=person,
        name=name,
        beginning=token[:SHOWN],
        digest=digest_of(token),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    record(
        request, Action.TOKEN_CREATED, kind="token", object_id=row.public_id,
        scopes=row.scopes, days=days, beginning=row.beginning,
    )  # fmt: skip
    row.save()
    return row, token


@transaction.atomic
def revoke_token(request: HttpRequest, row: ApiToken) -> None:
    """End a token for good; revoked twice is revoked."""
    locked = ApiToken.objects.select_for_update().get(pk=row.pk)
    if locked.revoked_at is not None:
        return
    record(
        request, Action.TOKEN_REVOKED, kind="token", object_id=locked.public_id,
        beginning=locked.beginning, person=str(locked.person.public_id),
    )  # fmt: skip
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])


def token_named(text: str, *, now: datetime) -> ApiToken | None:
    """Return the usable token that a caller shows; None for any other."""
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + LENGTH:
        return None
    row = ApiToken.objects.select_related("person").filter(digest=digest_of(text)).first()
    return row if row is not None and row.is_usable(now) else None


def note_use(row: ApiToken, *, now: datetime) -> None:
    """Keep when a token was last used, to ten minutes: not each request writes a row for it."""
    if row.last_used_at is None or now - row.last_used_at >= USED_TO:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)


def revoke_tokens_of(people: Collection[int]) -> None:
    """End all tokens of who was deactivated: they stay ended when the person comes back."""
    ApiToken.objects.filter(person__in=people, revoked_at=None).update(revoked_at=timezone.now())
