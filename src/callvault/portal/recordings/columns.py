"""Which columns a person wants lists of recordings to have; owner, party and start always stand.

They are kept with the person and not with a search: a search that is shared shows each reader the
own columns.
"""

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.translation import gettext as _

from callvault.portal.access.account_forms import own_choices
from callvault.portal.access.sessions import list_columns
from callvault.portal.people.models import User

STANDARD = ("direction", "group", "duration", "marks")
FURTHER = ("number", "trunk", "size", "node")


def titles() -> dict[str, str]:
    """Return the columns that can be chosen, as they are headed."""
    return {
        "direction": _("Direction"),
        "group": _("Group"),
        "duration": _("Duration"),
        "marks": _("Marks"),
        "number": _("Own number"),
        "trunk": _("Trunk"),
        "size": _("Size"),
        "node": _("Node"),
    }


def columns_of(request: HttpRequest) -> tuple[str, ...]:
    """Return the columns that the signed-in person chose."""
    kept = list_columns(request)
    return STANDARD if kept is None else known(kept)


def context_of(request: HttpRequest) -> dict[str, object]:
    """Return what the template of a list needs."""
    chosen = columns_of(request)
    return {
        "columns": chosen,
        "has_further_columns": not {*chosen}.isdisjoint(FURTHER),
        "column_titles": titles(),
    }


def known(names: Iterable[object]) -> tuple[str, ...]:
    """Return those of some names that are columns, in the order in which they stand."""
    wanted = {str(name) for name in names}
    return tuple(name for name in (*STANDARD, *FURTHER) if name in wanted)


def keep(person: User, names: Iterable[str] | None) -> None:
    """Remember what a person chose; None: the standard ones, also if those change."""
    choices = own_choices(person)
    choices.list_columns = None if names is None else list(known(names))
    choices.save()
