"""Whom a provider's claims let in: someone bound before, someone known, or someone new."""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.capacity_room import UserRoom
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.people.fields import USER_NAME
from callvault.portal.people.models import User

from .bindings import is_bound
from .claims import Claim, MatchedBy, Refused, is_vouched_for, value_of
from .models import OpenIdProvider

NAME_LENGTH = 150


@transaction.atomic
def admit(
    request: HttpRequest, provider: OpenIdProvider, account: SocialAccount, claims: dict[str, Any]
) -> User:
    """Return the person and bind the account to them at the first sign-in. Raises Refused.

    From then on the subject says who it is: an address that passes to somebody else at the
    provider does not take the recordings along.
    """
    value = value_of(claims, provider.claim, domains=provider.allowed_domains)
    person = _known(provider, value)
    if person is None:
        if not provider.creates_people:
            raise Refused("unknown_person")
        person = _created(request, provider, claims, value)
    elif is_bound(person, provider):
        raise Refused("bound_to_another")
    elif person.is_administrator and not is_vouched_for(provider.claim, provider.matched_by):
        raise Refused("administrator")
    record(request, Action.PROVIDER_BOUND, kind="person", object_id=person.public_id, actor=person)
    account.user = person
    account.save()
    return person


def check_again(provider: OpenIdProvider, person: User, claims: dict[str, Any]) -> None:
    """Check of somebody bound before what may have changed since. Raises Refused."""
    if not person.is_active:
        raise Refused("inactive")
    claim = claims.get(provider.claim)
    domains = provider.allowed_domains
    if domains and isinstance(claim, str) and claim.rpartition("@")[2].lower() not in domains:
        raise Refused("domain_not_allowed")


def _known(provider: OpenIdProvider, value: str) -> User | None:
    """Return the one person with this address or user name. Raises Refused for an inactive one."""
    field = "email" if provider.matched_by == MatchedBy.EMAIL else "username"
    found = list(User.objects.filter(**{f"{field}__iexact": value})[:3])
    # To PostgreSQL the dotless i is an I: whoever registers such a domain is somebody else.
    found = [person for person in found if getattr(person, field).lower() == value.lower()]
    active = [person for person in found if person.is_active]
    if len(active) > 1:
        raise Refused("ambiguous")
    if found and not active:
        raise Refused("inactive")
    return active[0] if active else None


def _created(
    request: HttpRequest, provider: OpenIdProvider, claims: dict[str, Any], value: str
) -> User:
    if not USER_NAME.fullmatch(value) or User.objects.filter(username__iexact=value).exists():
        raise Refused("name_taken")
    PolicyRevision.bump()  # first: whoever else enables people waits here
    if UserRoom.in_force().refusal:
        raise Refused("no_room")
    person = User(
        username=value,
        email=value if provider.claim == Claim.EMAIL else "",
        first_name=_name(claims.get("given_name")),
        last_name=_name(claims.get("family_name")),
        level=provider.created_level,
    )
    record(
        request,
        Action.PERSON_CREATED,
        kind="person",
        object_id=person.public_id,
        by="openid_connect",
    )
    person.set_unusable_password()
    person.save()
    return person


def _name(claim: object) -> str:
    return claim.replace("\0", "").strip()[:NAME_LENGTH] if isinstance(claim, str) else ""
