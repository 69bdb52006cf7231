"""The step between a right password and the portal."""

from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from .models import OpenIdProvider
from .second_factor import came_by_provider


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor of whom it is known, unless the provider asked already."""

    def _should_handle(self, request: HttpRequest) -> bool:
        provider = OpenIdProvider.in_use()
        checked = provider is not None and provider.checks_second_factor
        if checked and self.login.user is not None and came_by_provider(request, self.login.user):
            return False
        return bool(super()._should_handle(request))
