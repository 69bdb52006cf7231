"""What administrators see of people's sign-in: who is locked out, with what, and where."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from callvault.portal.people.models import User

from .bindings import bound_provider
from .demands import is_demanded
from .models import OpenIdProvider, OpenSession, SignInSettings
from .second_factor import app_of, passkeys_of


@dataclass(frozen=True, slots=True)
class Door:
    """One person's sign-in, as the page of the person shows it."""

    person: User
    locked_until: datetime | None
    factors: str
    demanded: bool
    provider: OpenIdProvider | None
    sessions: int

    @property
    def locked(self) -> bool:
        """Whether nobody can sign in with the person's name just now."""
        return self.locked_until is not None


def door_of(person: User) -> Door:
    """Return what is to be seen of a person's sign-in."""
    rules, now = SignInSettings.load(), timezone.now()
    sessions = OpenSession.objects.filter(person=person)
    return Door(
        person=person,
        locked_until=locked_until(person, rules, now=now),
        factors=_factors(person),
        demanded=is_demanded(rules.second_factor, person.level),
        provider=bound_provider(person),
        sessions=sum(1 for row in sessions if not row.is_over(rules, now)),
    )


def names_locked() -> frozenset[str]:
    """Return the user names, in lower case, that are locked just now."""
    rules, now = SignInSettings.load(), timezone.now()
    since = now - timedelta(minutes=rules.lock_minutes)
    counted = (
        AccessAttempt.objects.filter(attempt_time__gte=since)
        .values("username")
        .annotate(failures=Sum("failures_since_start"))
        .filter(failures__gte=rules.lock_attempts)
    )
    return frozenset(row["username"] for row in counted[:1000] if row["username"])


def locked_until(person: User, rules: SignInSettings, *, now: datetime) -> datetime | None:
    """Return when a person's lock-out ends; None where there is none."""
    lasts = timedelta(minutes=rules.lock_minutes)
    attempts = AccessAttempt.objects.filter(
        username=person.username.casefold()[:254], attempt_time__gte=now - lasts
    )
    told = attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
    if (told["failures"] or 0) < rules.lock_attempts:
        return None
    last: datetime = told["last"]
    return last + lasts


def _factors(person: User) -> str:
    words = [_("Authenticator app")] if app_of(person) is not None else []
    keys = len(passkeys_of(person))
    if keys:
        words.append(ngettext("%(count)s passkey", "%(count)s passkeys", keys) % {"count": keys})
    return ", ".join(words)
