"""What authenticators answer: parsed, checked by fido2, and never trusted before."""

from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from callvault.portal.people.models import User

# What a hostile browser may send raises whatever fido2's parsers raise on it.
BROKEN = (ValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError)


def assertion_of(person: User, credential: Any) -> Authenticator:
    """Return the passkey that signed our challenge. Raises ValidationError."""
    try:
        webauthn.parse_authentication_response(credential)
        return webauthn.complete_authentication(person, credential)
    except BROKEN as broken:
        raise ValidationError(refusal(), code="passkey") from broken


def attested_by(credential: Any, *, must_verify: bool) -> None:
    """Check what a new passkey answered to our challenge. Raises ValidationError."""
    try:
        webauthn.parse_registration_response(credential)
        binding = webauthn.complete_registration(credential)
        if must_verify and not binding.is_user_verified():
            raise ValidationError(refusal(), code="passkey")
    except BROKEN as broken:
        raise ValidationError(refusal(), code="passkey") from broken


def person_behind(credential: Any) -> User:
    """Return whose passkey signs in by itself. Raises ValidationError."""
    try:
        webauthn.parse_authentication_response(credential)
        person = webauthn.extract_user_from_response(credential)
    except BROKEN as broken:
        raise ValidationError(refusal(), code="passkey") from broken
    if not isinstance(person, User):
        raise ValidationError(refusal(), code="passkey")
    return person


def used(row: Authenticator) -> None:
    """Remember that a passkey was used."""
    row.record_usage()


def refusal() -> str:
    """Say that a passkey did not do."""
    return _("This passkey was not accepted. Try again, or use another way.")


def forget_challenge() -> None:
    """Throw the challenge away, so that it cannot be answered any more."""
    context.request.session.pop(webauthn.STATE_SESSION_KEY, None)
