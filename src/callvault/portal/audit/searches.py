"""Searches by administrators enter the log (USER-9): where, and by what, numbers by reference.

Other views call `record_search` with what was asked; who is no administrator leaves no entry,
since such a search finds only what the person may see anyway.
"""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256

from django.http import HttpRequest

from callvault.portal.people.models import User
from callvault.vault import canonical

from .listing import safe_text
from .log import record_once
from .models import Action

TYPED = {"note"}  # fields beside the text into which people type what they like
ONE_SEARCH = timedelta(minutes=10)  # pages and refinements of it within are one search


def record_search(
    request: HttpRequest, where: str, asked: Mapping[str, object], *, text: str = ""
) -> None:
    """Write down what an administrator looks for: `asked` are the fields that restrict.

    What was typed is given apart, as `text`: where it holds a number, its reference is kept.
    """
    user = request.user
    restricting = {name: one for name, one in asked.items() if one not in (None, "", (), [])}
    told = {name: _told(name, value) for name, value in restricting.items()}
    if text:
        told["text"] = safe_text(text)
    if not told or not isinstance(user, User) or not user.is_administrator:
        return
    digest = sha256(canonical([where, told])).hexdigest()[:16]
    record_once(
        request,
        Action.SEARCHED,
        kind="search",
        object_id=digest,
        within=ONE_SEARCH,
        where=where,
        asked=told,
    )


def _told(name: str, value: object) -> object:
    if name in TYPED:
        return safe_text(str(value))
    if isinstance(value, list | tuple | set | frozenset):
        return sorted(str(one) for one in value)
    return value if isinstance(value, bool | int) else str(value)
