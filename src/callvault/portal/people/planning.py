"""What becomes of people when a source says how they should be: a CSV file, a directory, a form.

Pure: people as they are and rows as they are wanted give a plan, row by row. A row with a problem
never stops another; what it would have changed stays as it is, and may then stand in the way of
other rows, which the plan accounts for. Who is absent from the rows is left alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _

from .fields import DEFAULTS, RULES, FieldProblem, Value
from .groups import GROUP_FIELDS, GroupSpelling
from .levels import Level
from .numbers_held import Claimant, Claims
from .places import beyond_room, catch_all_told, no_room_told

Values = Mapping[str, Value]


class Outcome(StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Existing:
    """A person as they are; `values` has every field of `RULES`."""

    person_id: UUID
    values: Values
    is_fixed: bool = False  # the catch-all user, whom nobody changes

    @property
    def name(self) -> str:
        """First and last name, or the user name."""
        return full_name(self.values)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a source wants a person. A field that it does not name is left alone.

    A blank text empties a field, but leaves alone what cannot be blank (`DEFAULTS`).
    """

    place: str  # how the source calls the row: the line of a file, an entry's name
    texts: Mapping[str, str]
    person_id: UUID | None = None  # whom the source knows it is; None: found by user name
    problem: str = ""  # why the row could not be read at all


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not taken: in which field (empty: in the row), and how it is mended."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Planned:
    """One row of a plan. `values` are whole: what the person has when it is applied."""

    place: str
    username: str
    outcome: Outcome
    person_id: UUID | None = None  # None: to be created, or nobody
    values: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of each row, in the order of the source."""

    rows: tuple[Planned, ...]

    def of(self, outcome: Outcome) -> tuple[Planned, ...]:
        """Return the rows that end so."""
        return tuple(row for row in self.rows if row.outcome is outcome)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many rows end in each way."""
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def deeds(self) -> int:
        """How many people would be created or changed."""
        return self.counts[Outcome.CREATED] + self.counts[Outcome.CHANGED]


def full_name(values: Values) -> str:
    """Return first and last name, or the user name where there is none."""
    return f"{values['first_name']} {values['last_name']}".strip() or str(values["username"])


def plan(
    existing: Iterable[Existing],
    wanted: Sequence[Wanted],
    *,
    editor: UUID | None = None,
    reserved: Callable[[str], str] = lambda _number: "",
    most_enabled: int | None = None,
) -> Plan:
    """Plan what becomes of each row. `editor` asked for it, and keeps their own rights.

    `reserved` says why nobody can have an extension or alias; empty: anybody can. Of rows that
    would enable more people than `most_enabled` the last ones are refused.
    """
    planner = _Planner(existing, editor, reserved, most_enabled)
    planner.read(wanted)
    planner.settle()
    return Plan(tuple(row.planned() for row in planner.rows))


@dataclass(slots=True)
class _Row(Claimant):
    """A row under way: who it is, how they were, how they would be, and what is wrong with it."""

    wanted: Wanted | None = None
    person: Existing | None = None
    problems: list[Problem] = field(default_factory=list)

    def planned(self) -> Planned:
        assert self.wanted is not None  # noqa: S101 - of rows only, never of people left alone
        username = str(self.after.get("username") or self.wanted.texts.get("username", "")).strip()
        person_id = self.person.person_id if self.person else None
        before = self.person.values if self.person else {}
        if self.problems:
            told = tuple(self.problems)
            return Planned(
                self.wanted.place, username, Outcome.ERROR, person_id, before=before, problems=told
            )
        changed = tuple(name for name in RULES if before.get(name) != self.after[name])
        outcome = Outcome.CHANGED if changed else Outcome.UNCHANGED
        outcome = outcome if self.person else Outcome.CREATED
        return Planned(self.wanted.place, username, outcome, person_id, self.after, before, changed)

    def fail(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))


class _Planner:
    """Rows and people, matched; then what they claim, settled."""

    def __init__(
        self,
        existing: Iterable[Existing],
        editor: UUID | None,
        reserved: Callable[[str], str],
        most_enabled: int | None,
    ) -> None:
        self.rows: list[_Row] = []
        self._editor = editor
        self._most_enabled = most_enabled
        self._existing = list(existing)
        self._by_id = {one.person_id: one for one in self._existing}
        self._by_name = {_folded(one.values["username"]): one for one in self._existing}
        self._claims = Claims[_Row](reserved)

    def read(self, wanted: Sequence[Wanted]) -> None:
        """Read each row alone, then find whom two of them mean."""
        self.rows = [self._read(one) for one in wanted]
        self._spell_groups()
        self._refuse_twice()
        for row in self.rows:
            self._check_rights(row)

    def settle(self) -> None:
        """Let rows claim what only one may have, until none is in the way of another."""
        touched = {row.person.person_id for row in self.rows if row.person and not row.problems}
        for person in self._existing:
            if person.person_id not in touched:
                left = _Row(person.name, "", person.values, dict(person.values), person=person)
                self._claims.add(left)
        for row in self.rows:
            if not row.problems:
                self._claims.add(row)
        self._claims.settle(lambda row, name, message: row.fail(name, message))
        self._keep_to_room()
        self._keep_an_administrator()
        self._keep_to_room()  # who could not be deactivated keeps their place

    def _read(self, wanted: Wanted) -> _Row:
        values, problems = _parsed(wanted)
        person = self._person_meant(wanted, values)
        before = person.values if person else None
        if person and wanted.person_id is None:  # capitals of a user name are kept as they were
            values.pop("username", None)
        after = {**_blank(), **(before or {}), **values}
        row = _Row(full_name(after), wanted.place, before, after, wanted, person, problems)
        if not person and not after["username"] and not problems:
            row.fail("username", _("A user name is needed."))
        return row

    def _person_meant(self, wanted: Wanted, values: Values) -> Existing | None:
        if wanted.person_id is not None:
            return self._by_id.get(wanted.person_id)
        return self._by_name.get(_folded(values.get("username", "")))

    def _spell_groups(self) -> None:
        """Write a group as those do who have it already, or as the first row does."""
        rows = {row.person.person_id: row for row in self.rows if row.person and not row.problems}
        spelling = GroupSpelling()
        for person in self._existing:
            row = rows.get(person.person_id)
            for name in GROUP_FIELDS:
                if row is None or row.after[name] == person.values[name]:
                    spelling.learn(person.values[name])
        for row in self.rows:
            if not row.problems:
                spelling.apply(row.after, row.before)

    def _refuse_twice(self) -> None:
        seen: dict[object, list[_Row]] = {}
        for row in self.rows:
            name = _folded(row.after["username"])
            key: object = row.person.person_id if row.person else name
            if key:
                seen.setdefault(key, []).append(row)
        for rows in seen.values():
            for row in rows if len(rows) > 1 else ():
                other = next(one for one in rows if one is not row)
                told = _("The same person is also in line %(line)s. Keep one of the two.")
                row.fail("username", told % {"line": other.line})

    def _check_rights(self, row: _Row) -> None:
        if row.problems:
            return
        if row.person and row.person.is_fixed and row.after != row.person.values:
            row.fail("", catch_all_told())
        if row.after["level"] == Level.GROUP_SUPERVISOR and not row.after["group"]:
            row.fail("group", _("A group supervisor needs a group."))
        if row.person and row.person.person_id == self._editor:
            if not row.after["is_active"]:
                row.fail("is_active", _("Nobody deactivates themselves."))
            if is_administrator(row.person.values) and row.after["level"] != Level.ADMINISTRATOR:
                told = _("Nobody takes their own rights as administrator away.")
                row.fail("level", told)

    def _keep_to_room(self) -> None:
        """Refuse the last of the rows that would enable more people than there are places."""
        new = [row for row in self.rows if not row.problems]
        refused = beyond_room(self._claims.everybody, new, self._most_enabled)
        for row in refused:
            row.fail("is_active", no_room_told(self._most_enabled or 0))
            self._claims.fall_back(row)
        if refused:
            self._claims.settle(lambda row, name, message: row.fail(name, message))

    def _keep_an_administrator(self) -> None:
        """Refuse the rows that would leave nobody who may change settings."""
        left = any(is_administrator(row.in_force) for row in self._claims.everybody if row.in_force)
        if left or not any(is_administrator(one.values) for one in self._existing):
            return
        for row in self.rows:
            if not row.problems and row.before and is_administrator(row.before):
                name = "level" if row.after["is_active"] else "is_active"
                row.fail(name, _("Nobody would be left who is an active administrator."))
                self._claims.fall_back(row)
        self._claims.settle(lambda row, name, message: row.fail(name, message))


def is_administrator(values: Values) -> bool:
    """Whether somebody with these values may sign in and change settings."""
    return bool(values["is_active"]) and values["level"] == Level.ADMINISTRATOR


def _parsed(wanted: Wanted) -> tuple[dict[str, Value], list[Problem]]:
    """Hold each field to its rule; what cannot be blank is left alone where it is."""
    if wanted.problem:
        return {}, [Problem("", wanted.problem)]
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, text in wanted.texts.items():
        if name in DEFAULTS and not text.strip():
            continue
        try:
            values[name] = RULES[name](text)
        except FieldProblem as problem:
            problems.append(Problem(name, str(problem)))
    return values, problems


def _blank() -> dict[str, Value]:
    return {name: DEFAULTS.get(name, "") for name in RULES}


def _folded(name: object) -> str:
    return str(name).casefold()
