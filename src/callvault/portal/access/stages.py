"""The step between a right password and the portal."""

from typing import Any, Final

from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from .models import OpenIdProvider
from .second_factor import came_by_provider

BEGUN_WITH: Final = "callvault_begun_with"


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor of whom it is known, unless the provider asked already."""

    def _should_handle(self, request: HttpRequest) -> bool:
        provider = OpenIdProvider.in_use()
        checked = provider is not None and provider.checks_second_factor
        if checked and self.login.user is not None and came_by_provider(request, self.login.user):
            return False
        return bool(super()._should_handle(request))

    def handle(self) -> tuple[Any, bool]:
        """Ask, and remember which password was right just now."""
        response, goes_on = super().handle()
        if response is not None:
            self.state[BEGUN_WITH] = self._password()
        return response, goes_on

    def still_holds(self) -> bool:
        """Whether it goes on: not for who was deactivated or got another password meanwhile."""
        person = self.login.user
        return bool(person.is_active and self.state.get(BEGUN_WITH) == self._password())

    def _password(self) -> str:
        """Return what stands for the person's password; it tells nothing of it."""
        return str(self.login.user.get_session_auth_hash())
