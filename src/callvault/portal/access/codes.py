"""Codes of authenticator apps (RFC 6238) and recovery codes: each is taken once."""

import hmac
import logging
import re
import time

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction

from callvault.errors import VaultError
from callvault.portal.people.models import User

from .second_factor import Type, factors_of

logger = logging.getLogger(__name__)

BLANKS = re.compile(r"[\s-]+")
STEPS_OFF = 1  # of 30 s that a clock may be wrong, as RFC 6238, section 5.2 recommends
MAX_CODE = 32


def take_code(person: User, typed: str, *, now_s: float | None = None) -> Authenticator | None:
    """Return the factor that this code belongs to, and never take the code again.

    The row is locked meanwhile, so that two requests at once cannot use one code.
    """
    code = BLANKS.sub("", typed[:MAX_CODE])
    step = step_now(now_s)
    with transaction.atomic():
        for row in factors_of(person).select_for_update().exclude(type=Type.WEBAUTHN):
            try:
                if _fits(row, code, step):
                    return row
            except VaultError:
                logger.error("second factor %s does not open with this portal's key", row.pk)
    return None


def step_now(now_s: float | None = None) -> int:
    """Return the step of 30 s that apps are at."""
    return int(time.time() if now_s is None else now_s) // int(app_settings.TOTP_PERIOD)


def step_of(secret: str, code: str, step: int) -> int | None:
    """Return the step of 30 s at which an app showed this code, if it was about now."""
    for candidate in range(step - STEPS_OFF, step + STEPS_OFF + 1):
        expected = format_hotp_value(hotp_value(secret, candidate))
        if hmac.compare_digest(expected.encode(), code.encode()):
            return candidate
    return None


def _fits(row: Authenticator, code: str, step: int) -> bool:
    if row.type == Type.RECOVERY_CODES:
        return bool(row.wrap().validate_code(code))
    shown_at = step_of(decrypt(row.data["secret"]), code, step)
    if shown_at is None or shown_at <= row.data.get("last_step", -1):
        return False  # RFC 6238, section 5.2: a code is not accepted a second time
    row.data["last_step"] = shown_at
    row.save(update_fields=["data"])
    return True
