"""Second factors of people: app, passkeys, recovery codes. Allauth keeps the rows."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.db.models import QuerySet
from django.http import HttpRequest

from callvault.portal.people.models import User

Type = Authenticator.Type


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey, as pages show it."""

    public_id: str
    name: str
    host: str  # where it works
    created_at: datetime
    last_used_at: datetime | None
    alone: bool  # signs in without a password


def factors_of(person: User) -> "QuerySet[Authenticator]":
    """Return the rows of a person's factors, recovery codes among them."""
    rows: QuerySet[Authenticator] = Authenticator.objects.filter(user=person).order_by("pk")
    return rows


def has_second_factor(person: User) -> bool:
    """Whether the person has an app or a passkey; recovery codes alone are none."""
    return factors_of(person).filter(type__in=(Type.TOTP, Type.WEBAUTHN)).exists()


def app_of(person: User) -> Authenticator | None:
    """Return the person's authenticator app."""
    return factors_of(person).filter(type=Type.TOTP).first()


def codes_of(person: User) -> Authenticator | None:
    """Return the person's recovery codes."""
    return factors_of(person).filter(type=Type.RECOVERY_CODES).first()


def codes_left(person: User) -> int | None:
    """Return how many recovery codes are unused; None where there are none."""
    row = codes_of(person)
    return len(row.wrap().get_unused_codes()) if row is not None else None


def passkeys_of(person: User) -> list[Passkey]:
    """Return the person's passkeys, the oldest first."""
    return [passkey_of(row) for row in factors_of(person).filter(type=Type.WEBAUTHN)]


def passkey_of(row: Authenticator) -> Passkey:
    """Return a passkey as pages show it."""
    return Passkey(
        public_id=str(row.data.get("public_id", "")),
        name=str(row.data.get("name", "")),
        host=str(row.data.get("host", "")),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        alone=bool(row.wrap().is_passwordless),
    )


def came_by_provider(request: HttpRequest, person: User) -> bool:
    """Whether this session was begun at the OpenID Connect provider."""
    records = get_authentication_records(request, person)
    return any(record.get("method") == "socialaccount" for record in records)


def anybody_has_passkeys() -> bool:
    """Whether there is a passkey at all, so that the sign-in page need not offer them in vain."""
    found: bool = Authenticator.objects.filter(type=Type.WEBAUTHN).exists()
    return found
