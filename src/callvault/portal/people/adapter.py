"""What allauth asks of us: nobody signs up, an administrator creates people."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Allauth's sign-in without its self-service and without its announcements."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account here for themselves."""
        return False

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Say nothing on sign-in and sign-out: the page itself tells."""

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Lead who was deactivated meanwhile back to the sign-in."""
        return redirect("account_login")

    def get_login_stages(self) -> list[str]:
        """Return the steps between a right password and the portal: the second factor."""
        return ["callvault.portal.access.stages.SecondFactorStage"]
