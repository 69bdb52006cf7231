"""What somebody must do after signing in, before any other page opens."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from callvault.portal.people.models import User

from .bindings import bound_provider
from .demands import Demand, is_demanded
from .models import OpenIdProvider, OwnChoices, SignInSettings
from .second_factor import came_by_provider, has_second_factor
from .sessions import rules_during


@dataclass(frozen=True, slots=True)
class Duty:
    """A page that comes first, and what else may be opened until it is done."""

    address: str
    also: tuple[str, ...]

    def allows(self, path: str) -> bool:
        """Whether a page may be opened all the same."""
        return path == self.address or path.startswith(self.also)


def duty_of(request: HttpRequest) -> Duty | None:
    """Return what the signed-in person must do first."""
    person = request.user
    if not isinstance(person, User):
        return None
    out = reverse("account_logout")
    rules = rules_during(request)
    if person.must_change_password or is_too_old(person, rules):
        return Duty(reverse("account_change_password"), (out, reverse("access:judge_password")))
    if must_set_up_second_factor(request, person, rules):
        factors = reverse("access:second_factor")
        return Duty(factors, (factors, out, reverse("access:confirm")))
    return None


def is_too_old(person: User, rules: SignInSettings) -> bool:
    """Whether a password kept here is older than the settings allow."""
    if not rules.max_age_days or not person.has_usable_password():
        return False
    choices = OwnChoices.objects.filter(person=person).first()
    since = (choices and choices.password_set_at) or person.created_at
    return timezone.now() - since > timedelta(days=rules.max_age_days)


def must_set_up_second_factor(request: HttpRequest, person: User, rules: SignInSettings) -> bool:
    """Whether the settings ask this person for a second factor that is not there yet."""
    if rules.second_factor == Demand.NOBODY or not is_demanded(rules.second_factor, person.level):
        return False
    if has_second_factor(person):
        return False
    return not (_provider_checks() and came_by_provider(request, person))


def token_waits_for_second_factor(person: User) -> bool:
    """Whether a token of this person waits until they have the second factor asked of them.

    A program shows none, but its token was made behind one: else a token would be the way around
    the demand. Who comes by a provider that asks for its own was asked there.
    """
    if not is_demanded(SignInSettings.load().second_factor, person.level):
        return False
    if has_second_factor(person):
        return False
    return not (_provider_checks() and bound_provider(person) is not None)


def _provider_checks() -> bool:
    provider = OpenIdProvider.in_use()
    return provider is not None and provider.checks_second_factor
