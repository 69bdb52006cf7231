"""Which account at the OpenID Connect provider belongs to whom."""

from allauth.socialaccount.models import SocialAccount

from callvault.portal.people.models import User

from .models import OpenIdProvider


def bound_provider(person: User) -> OpenIdProvider | None:
    """Return the provider in use if the person has come by it before."""
    provider = OpenIdProvider.in_use()
    if provider is None or not is_bound(person, provider):
        return None
    return provider


def is_bound(person: User, provider: OpenIdProvider) -> bool:
    """Whether an account at this provider belongs to the person."""
    found: bool = SocialAccount.objects.filter(user=person, provider=provider.provider_id).exists()
    return found


def must_use_provider(person: User) -> bool:
    """Whether the settings take the password away from who came by the provider.

    A one-time password still works once: an administrator gave it, for the day it is needed.
    """
    provider = OpenIdProvider.in_use()
    if provider is None or provider.password_stays or person.must_change_password:
        return False
    return is_bound(person, provider)
