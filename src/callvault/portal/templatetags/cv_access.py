"""What pages about people say of their sign-in: who is locked, and the card of one person."""

from typing import Any

from django import template

from callvault.portal.access.door import door_of, names_locked
from callvault.portal.people.models import User

register = template.Library()


@register.inclusion_tag("access/_person.html")
def sign_in_of(person: User) -> dict[str, Any]:
    """Draw lock, second factor, provider and open sessions of a person, with what can be done."""
    return {"door": door_of(person)}


@register.simple_tag
def locked_names() -> frozenset[str]:
    """Return the user names, in lower case, that nobody can sign in with just now."""
    return names_locked()


@register.filter
def is_locked_among(person: User, names: frozenset[str]) -> bool:
    """Whether a person is among those."""
    return person.username.casefold() in names
