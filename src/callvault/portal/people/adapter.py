"""What allauth asks of us: nobody signs up, an administrator creates people."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Allauth's sign-in without its self-service and without its announcements."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account here for themselves."""
        return False

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Say nothing on sign-in and sign-out: the page itself tells."""
