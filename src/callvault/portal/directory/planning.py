"""What a sync would do, person by person. Pure: people known and wanted in, rows out.

Who is found in the directory is never removed, whatever is wrong with the entry. What cannot be
done is an error of that person alone, and the others go on.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from callvault.portal.people.fields import Value
from callvault.portal.people.groups import GroupSpelling
from callvault.portal.people.levels import Level
from callvault.portal.people.numbers_held import Claimant, Claims
from callvault.portal.people.places import beyond_room

from .mapping import Wanted

Values = Mapping[str, Value]


class RowKind(StrEnum):
    """What becomes of one person."""

    CREATE = "create"
    ADOPT = "adopt"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    ERROR = "error"


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a plan; `reason` is a code, `told` the values of its sentence."""

    kind: str
    key: str = ""  # public id of the person; empty: not one of ours yet
    external_id: str = ""
    reference: str = ""
    username: str = ""
    name: str = ""
    changes: dict[str, tuple[Value, Value]] = {}  # field: before, after
    reason: str = ""
    told: dict[str, str] = {}
    removes: bool = False  # whether it counts for the safety stop


@dataclass(frozen=True, slots=True)
class Known:
    """A person as they are here."""

    key: str
    name: str
    values: Values
    external_id: str = ""  # in the directory that is planned for
    reference: str = ""
    is_gone: bool = False  # was deactivated for being gone from it
    other_source: str = ""  # name of another directory that has them
    is_fixed: bool = False  # the catch-all user, whom nobody changes


@dataclass(frozen=True, slots=True)
class Rules:
    """What a plan keeps to."""

    check: Callable[[str, str], Value]  # field, text → value; raises ValueError with a sentence
    defaults: Mapping[str, Value]  # of a new person
    adopts: bool = True
    gone: str = "delete"  # or deactivate, keep
    administrator: int = 40
    reserved: Callable[[str], str] = lambda _number: ""  # why nobody can have a number, or empty
    most_enabled: int | None = None  # people; None: as many as there are


@dataclass(slots=True)
class _Draft(Claimant):
    wanted: Wanted = field(kw_only=True)
    known: Known | None = field(default=None, kw_only=True)
    reason: str = field(default="", kw_only=True)
    told: dict[str, str] = field(default_factory=dict, kw_only=True)
    is_adopted: bool = field(default=False, kw_only=True)

    def fail(self, reason: str, **told: str) -> None:
        self.reason, self.told = reason, told

    def take(self, known: Known) -> None:
        """Find out whom the entry means."""
        self.known, self.name, self.before = known, known.name, known.values


def plan(known: Sequence[Known], wanted: Sequence[Wanted], rules: Rules) -> list[Row]:
    """Return a row for each person wanted, and for each who is gone."""
    drafts = _matched(known, wanted, rules)
    for draft in drafts:
        _fill(draft, rules)
    _spell_groups(known, drafts)
    gone = _with_administrators_kept([*_gone_rows(known, wanted, rules)], drafts, known, rules)
    _settle_claims(drafts, known, gone, rules)
    return [*(_row(draft) for draft in drafts), *gone]


def counts_of(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many rows there are of each kind."""
    return dict(Counter(row.kind for row in rows))


def removed_keys(rows: Sequence[Row]) -> list[str]:
    """Return who would be deleted or deactivated."""
    return [row.key for row in rows if row.removes]


def _matched(known: Sequence[Known], wanted: Sequence[Wanted], rules: Rules) -> list[_Draft]:
    by_id = {one.external_id: one for one in known if one.external_id}
    by_name = {str(one.values["username"]).casefold(): one for one in known}
    ids = Counter(one.external_id for one in wanted if one.external_id)
    user_names = Counter(one.username.strip().casefold() for one in wanted if one.username)
    drafts = []
    for one in wanted:
        draft = _Draft(_name_of(one), "", None, {}, wanted=one)
        if one.external_id in by_id:
            draft.take(by_id[one.external_id])
        if one.problem:
            draft.fail(one.problem, about=one.about)
        elif ids[one.external_id] > 1:
            draft.fail("twice", id=one.external_id)
        elif user_names[one.username.strip().casefold()] > 1:
            draft.fail("twice_name", value=one.username)
        elif draft.known is None:
            _adopt(draft, by_name.get(one.username.strip().casefold()), rules)
        drafts.append(draft)
    return drafts


def _adopt(draft: _Draft, namesake: Known | None, rules: Rules) -> None:
    """Take a person of the same user name over, unless that would be somebody else's."""
    if namesake is None or namesake.external_id:  # who is known by another identity: a clash
        return
    if str(namesake.values["username"]).lower() != draft.wanted.username.strip().lower():
        return  # a look-alike, such as the long s of an s: another person whose name is taken
    if namesake.other_source:
        draft.fail("other_source", source=namesake.other_source)
    elif namesake.is_fixed:
        draft.fail("catch_all", name=namesake.name)
    elif int(namesake.values.get("level", 0)) >= rules.administrator:
        draft.fail("administrator", name=namesake.name)
    elif not rules.adopts:
        draft.fail("by_hand", name=namesake.name)
    else:
        draft.take(namesake)
        draft.is_adopted = True


def _fill(draft: _Draft, rules: Rules) -> None:
    """Put what is wanted over what is known, each field by its rule."""
    draft.after = dict(draft.before if draft.before is not None else rules.defaults)
    if draft.reason:
        return
    if draft.known is not None and draft.known.is_gone:
        draft.after["is_active"] = True
    for name, value in draft.wanted.fields.items():
        try:
            draft.after[name] = value if isinstance(value, bool) else rules.check(name, value)
        except ValueError as wrong:
            draft.fail("value", field=name, value=str(value)[:100], why=str(wrong))
            return
    if draft.after["level"] == Level.GROUP_SUPERVISOR and not draft.after["group"]:
        draft.fail("supervisor")


def _spell_groups(known: Sequence[Known], drafts: Sequence[_Draft]) -> None:
    """Write a group as those do who have it already: capitals make no other group."""
    spelling = GroupSpelling()
    for one in known:
        spelling.learn(one.values["group"])
        spelling.learn(one.values["additional_groups"])
    for draft in drafts:
        if not draft.reason:
            spelling.apply(draft.after, draft.before)


def _gone_rows(known: Sequence[Known], wanted: Sequence[Wanted], rules: Rules) -> Iterator[Row]:
    """Yield a row for each whom the directory no longer has, neither by identity nor by place."""
    ids = {one.external_id for one in wanted if one.external_id}
    nameless = {one.reference.casefold() for one in wanted if not one.external_id}
    for one in known:
        if not one.external_id or one.external_id in ids:
            continue
        if one.reference.casefold() in nameless:
            continue
        yield _gone_row(one, rules.gone)


def _gone_row(one: Known, gone: str) -> Row:
    kind = {"delete": RowKind.DELETE, "deactivate": RowKind.DEACTIVATE}.get(gone)
    if kind is None or (kind is RowKind.DEACTIVATE and not one.values.get("is_active")):
        kind = RowKind.UNCHANGED
    return Row(
        kind=kind,
        key=one.key,
        external_id=one.external_id,
        reference=one.reference,
        username=str(one.values["username"]),
        name=one.name,
        reason="gone",
        removes=kind is not RowKind.UNCHANGED,
    )


def _with_administrators_kept(
    rows: list[Row], drafts: list[_Draft], known: Sequence[Known], rules: Rules
) -> list[Row]:
    """Turn rows that would leave nobody who may administer into errors."""
    administrators = {
        one.key
        for one in known
        if one.values.get("is_active") and int(one.values.get("level", 0)) >= rules.administrator
    }
    lost = {row.key for row in rows if row.removes} & administrators
    disabled = [one for one in drafts if one.known and one.known.key in administrators]
    disabled = [one for one in disabled if not one.after["is_active"]]
    lost |= {one.known.key for one in disabled if one.known}
    if not lost or lost != administrators:
        return rows
    for draft in disabled:
        draft.fail("last_administrator")
    return [_kept(row) if row.key in lost else row for row in rows]


def _kept(row: Row) -> Row:
    return msgspec.structs.replace(
        row, kind=RowKind.ERROR, reason="last_administrator", removes=False
    )


def _settle_claims(
    drafts: list[_Draft], known: Sequence[Known], gone: Sequence[Row], rules: Rules
) -> None:
    """Refuse who would have what only one may have; who changes gives way to who stays."""
    leaving = {row.key: row.kind for row in gone}
    changing = {one.known.key for one in drafts if one.known and not one.reason}
    claims = Claims[Claimant](rules.reserved)
    for one in known:
        kind = leaving.get(one.key)
        if one.key in changing or kind == RowKind.DELETE:
            continue
        left = {"is_active": False} if kind == RowKind.DEACTIVATE else {}
        claims.add(Claimant(one.name, "", one.values, {**one.values, **left}))
    for draft in drafts:
        if not draft.reason:
            claims.add(draft)
    claims.settle(_refuse)
    new = [draft for draft in drafts if not draft.reason]
    beyond = beyond_room(claims.everybody, new, rules.most_enabled)
    for draft in beyond:
        draft.fail("no_room", most=str(rules.most_enabled))
        claims.fall_back(draft)
    if beyond:
        claims.settle(_refuse)


def _refuse(claimant: Claimant, name: str, why: str) -> None:
    if isinstance(claimant, _Draft):
        value = str(claimant.after[name])
        claimant.fail("value", field=name, value=value, why=why)


def _row(draft: _Draft) -> Row:
    before: Values = draft.before or {}
    row = Row(
        kind=RowKind.ERROR,
        key=draft.known.key if draft.known else "",
        external_id=draft.wanted.external_id,
        reference=draft.wanted.reference,
        username=str(before.get("username") or draft.wanted.username),
        name=draft.name,
        reason=draft.reason,
        told=draft.told,
    )
    if draft.reason:
        return row
    changes = {
        name: (before.get(name, ""), value)
        for name, value in draft.after.items()
        if before.get(name, "") != value
    }
    return msgspec.structs.replace(
        row, kind=_kind(draft, changes), changes=changes, removes=_deactivates(changes, before)
    )


def _kind(draft: _Draft, changes: Mapping[str, object]) -> RowKind:
    if draft.known is None:
        return RowKind.CREATE
    if draft.is_adopted:
        return RowKind.ADOPT
    moved = draft.known.reference != draft.wanted.reference
    return RowKind.CHANGE if changes or moved or draft.known.is_gone else RowKind.UNCHANGED


def _deactivates(changes: Mapping[str, tuple[Value, Value]], before: Values) -> bool:
    return bool(before.get("is_active")) and changes.get("is_active", (True, True))[1] is False


def _name_of(wanted: Wanted) -> str:
    names = (wanted.fields.get("first_name", ""), wanted.fields.get("last_name", ""))
    return " ".join(str(name) for name in names if name) or wanted.username
