"""What a copy of a database says of itself; the same for both databases."""

from dataclasses import dataclass, field

NOT_BACKED_UP = ("django_session", "access_opensession")
"""Sessions: who steals a backup must not be signed in, and nobody is after a restore."""


@dataclass(slots=True)
class Facts:
    """Read from the copy itself, so that they are of the same moment."""

    database: str
    migrations: list[str]
    recordings: int
    people: int
    tables: dict[str, list[str]] = field(default_factory=dict)  # PostgreSQL: columns of each
