"""One-time passwords: drawn here, shown once, replaced at the first sign-in."""

import secrets

from callvault.portal.access.sessions import end_all_but

from .models import User

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


def draw() -> str:
    """Draw a password of 79 bits that can be read out: four groups of four."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def give_one_time_password(user: User) -> str:
    """Set a one-time password and return it; sessions of the person end. Saves the row."""
    password = draw()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    end_all_but(user)
    return password
