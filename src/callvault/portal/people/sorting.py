"""What a person is sorted and found by, kept with the row: databases fold accents differently."""

from typing import Protocol

from callvault.portal.recordings.folding import folded, normal_form

SORT_NAME_LENGTH = 450
SEARCH_LENGTH = 2000
DERIVED = ("sort_name", "search_text")


class Named(Protocol):
    """The fields that a person is found by."""

    username: str
    first_name: str
    last_name: str
    email: str
    extension: str
    alias: str
    pbx_username: str
    department: str
    group: str


FOUND_BY = frozenset(Named.__annotations__)
"""Names of these fields: where one changes, what is derived changes."""


def sort_name(person: Named) -> str:
    """Return last name, first name and user name without case and accents.

    >>> from types import SimpleNamespace as P
    >>> sort_name(P(last_name="Vega", first_name="Tomás", username="TVega"))
    'vega tomas tvega'
    """
    names = (person.last_name, person.first_name, person.username)
    return folded(" ".join(name.strip() for name in names if name.strip()))[:SORT_NAME_LENGTH]


def search_text(person: Named) -> str:
    """Return all that the search looks into, a line each, so that no match spans two fields."""
    full_name = f"{person.first_name} {person.last_name}"
    words = (full_name, person.username, person.email, person.pbx_username)
    places = (person.group, person.department)
    numbers = (normal_form(person.extension), normal_form(person.alias))
    lines = (*map(folded, (*words, *places)), *numbers)
    return "\n".join(line.strip() for line in lines if line.strip())[:SEARCH_LENGTH]
