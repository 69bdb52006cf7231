"""What allauth's second factors ask of us."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.models import User
from callvault.portal.sealing import seal, unseal

from .hosts import host_of

PURPOSE = "second factor"


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets sealed at rest; passkeys belong to the host name that the browser shows."""

    error_messages = {  # noqa: RUF012 - allauth declares it so
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or it was used already."),
    }

    def encrypt(self, text: str) -> str:
        """Seal a secret of an app, or the seed of recovery codes."""
        return seal(text, purpose=PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Open it. Raises VaultError."""
        return unseal(encrypted_text, purpose=PURPOSE)

    def get_totp_issuer(self) -> str:
        """Return what apps show above the code."""
        return "Callvault"

    def get_totp_label(self, user: User) -> str:
        """Return whose code it is, and on which portal."""
        from allauth.core import context

        return f"Callvault:{user.username}@{host_of(context.request)}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return who passkeys are for: the host as the browser knows it, behind a proxy, too."""
        from allauth.core import context

        return {"id": host_of(context.request), "name": "Callvault"}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """Return whose passkey it is: the user name, which people know, not the address."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"name": user.username, "display_name": user.get_full_name()}

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Return one of our sentences as an error."""
        return ValidationError(self.error_messages[code], code=code)
