"""What a provider's claims say about a person, and whether they may be believed."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")  # of a claim
MAX_VALUE = 254


class Claim(StrEnum):
    """The claim whose truth its provider vouches for by another claim."""

    EMAIL = "email"


class MatchedBy(TextChoices):
    """What of a person the claim is compared with."""

    EMAIL = "email", _("E-mail address")
    USERNAME = "username", _("User name")


class Refused(Exception):
    """Nobody comes in with this. `reason` goes into the audit log and decides the words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def value_of(claims: Mapping[str, Any], name: str, *, domains: frozenset[str]) -> str:
    """Return the claim that says who it is, once it may be believed. Raises Refused.

    An address is believed only with `email_verified`: else whoever can type an address at the
    provider could come in as its owner.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_VALUE or "\0" in value:
        raise Refused("claim_missing")
    value = value.strip()
    verified = claims.get("email_verified")
    if name == Claim.EMAIL and not (verified is True or verified == "true"):
        raise Refused("email_not_verified")
    if domains and value.rpartition("@")[2].lower() not in domains:
        raise Refused("domain_not_allowed")
    return value


def is_vouched_for(name: str, matched_by: str) -> bool:
    """Whether a match may bind an administrator: by an address that the provider verified.

    A user name at the provider says nothing about who has the same one here, and whoever may
    rename an account there would be administrator here. Directory sync adopts none either.
    """
    return name == Claim.EMAIL and matched_by == MatchedBy.EMAIL
