"""The table of docs/reference/permissions.md, as what it says of every case.

The words of the table are given their meaning here, apart from the rules that they are compared
with. Nothing of `callvault.policy.permissions` but its words is used.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/reference/permissions.md"
HEAD = "| deed | level | recordings | download | delete | preserve | preserved by | note |"
LEVELS = {"record only": 10, "base": 20, "group supervisor": 30, "administrator": 40}
LOWEST = {"simple users": 20, "group supervisors": 30, "administrators": 40, "nobody": 90}
RELATIONS = ("own", "own, no group", "own group", "additional group", "owner deleted",
             "other group", "no group")  # fmt: skip
SEEN = {
    "own": {"own", "own, no group"},
    "groups": {"own group", "additional group", "owner deleted"},
    "all": set(RELATIONS),
}
NOTES = ("own", "other")


@dataclass(frozen=True, slots=True)
class Case:
    """One combination. Levels are words of the table."""

    deed: str
    level: str
    relation: str  # to the recording; "owner deleted": of the own group
    is_active: bool = True
    has_group: bool = True
    download: str = "simple users"
    delete: str = "administrators"
    preserve: str = "on"
    preserved_by: str = ""  # a level; empty: not preserved
    note: str = ""  # "own base", "other administrator"; empty: the deed is about none

    @property
    def level_that_counts(self) -> str:
        """The level of the table: a supervisor without a group is a base user."""
        is_one_without = self.level == "group supervisor" and not self.has_group
        return "base" if is_one_without else self.level


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: sets of words; an empty one does not restrict."""

    deeds: frozenset[str]
    level: str
    relations: frozenset[str]
    download: frozenset[str]
    delete: frozenset[str]
    preserve: frozenset[str]
    preserved_by: frozenset[str]
    note: frozenset[str]

    def allows(self, case: Case) -> bool:
        """Whether this row lets the case through."""
        return (
            case.deed in self.deeds
            and case.level_that_counts == self.level
            and case.relation in self.relations
            and _fits(self.download, case.download)
            and _fits(self.delete, case.delete)
            and _fits(self.preserve, case.preserve)
            and _fits(self.preserved_by, _compared(case, case.preserved_by) or "nobody")
            and (not case.note or _fits(self.note, _note_compared(case)))
        )


def _fits(words: frozenset[str], word: str) -> bool:
    return not words or word in words


def _compared(case: Case, level: str) -> str:
    if not level:
        return ""
    difference = LEVELS[level] - LEVELS[case.level_that_counts]
    return "lower" if difference < 0 else "same" if difference == 0 else "higher"


def _note_compared(case: Case) -> str:
    whose, _, level = case.note.partition(" ")
    return f"{whose} {_compared(case, level)}"


@cache
def rows() -> tuple[Row, ...]:
    """Read the table."""
    lines = PAGE.read_text("utf-8").partition(HEAD)[2].splitlines()[2:]
    cells = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines[: lines.index("")]
    )
    return tuple(_row(line) for line in cells)


def _row(cells: list[str]) -> Row:
    deeds, level, recordings, *rest = cells
    relations = frozenset().union(*(SEEN[word] for word in _words(recordings)))
    download, delete, preserve, preserved_by, note = map(_words, rest)
    return Row(_words(deeds), level, relations, download, delete, preserve, preserved_by, note)


def _words(cell: str) -> frozenset[str]:
    return frozenset(word.strip() for word in cell.split(",") if word.strip())


def is_allowed(case: Case) -> bool:
    """Whether the table lets the case through."""
    return case.is_active and any(row.allows(case) for row in rows())
