"""Sign-in with a password kept here. Capitals in a user name or address make no difference."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from .models import User


class PasswordBackend(BaseBackend):
    """Knows people by user name or, where only one person has it, by e-mail address."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the active person whose password this is, in the same time for any name."""
        if not username or not password:
            return None
        user = person_named(username)
        if user is None:
            User().set_password(password)  # takes as long as checking one would
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; who was deactivated is signed out by it."""
        return User.objects.filter(pk=user_id, is_active=True).first()


def person_named(name: str) -> User | None:
    """Return whom a name at the sign-in means: a user name, or an address that only one has."""
    user = User.objects.filter(username__iexact=name).first()
    if user is None and "@" in name:
        found = list(User.objects.filter(email__iexact=name, is_active=True)[:2])
        user = found[0] if len(found) == 1 else None
    return user
