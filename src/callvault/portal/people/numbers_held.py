"""What only one person may have, or several only where something tells them apart.

User names and numeric user IDs belong to one person, active or not; PBX user names, extensions and
aliases to one active person. Extensions and aliases are shared where each holder has a numeric
user ID or partition ID, but not within a partition (IDENT-2, IDENT-3). Some numbers are nobody's:
those under which the recorder itself is called (IDENT-5). Behind a pilot an ID has one meaning: no
user ID is a partition ID of others, too.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.utils.translation import gettext as _

from .fields import Value

Key = tuple[str, str]  # field, value as it is compared
Stake = tuple[str, str]  # numeric user ID and partition ID behind a shared number

_SHARED = ("extension", "alias")
_ALWAYS = ("username", "numeric_user_id")
_ONE_ACTIVE = ("pbx_username",)
_ALONE: Stake = ("", "")
_PILOT_ID = "numeric_id"  # key of both IDs, as a pilot is dialled with them
_PARTITION: Stake = ("partition", "")  # held there with others of the partition


@dataclass(slots=True)
class Claimant:
    """Somebody who has, or would have, a user name and numbers."""

    name: str  # as people are called
    line: str  # where they stand in what is being read; empty: nowhere, they stay as they are
    before: Mapping[str, Value] | None  # None: to be created
    after: dict[str, Value]
    fell_back: bool = field(default=False, kw_only=True)  # stays as before

    @property
    def in_force(self) -> Mapping[str, Value] | None:
        """What they have when all is done; None: they do not come to be."""
        return self.before if self.fell_back else self.after


def claims_of(values: Mapping[str, Value] | None) -> dict[Key, Stake]:
    """Return what somebody with these values claims, each with what tells them from others."""
    if values is None:
        return {}
    fields = [*_ALWAYS, *(_ONE_ACTIVE if values["is_active"] else ())]
    found = {(name, str(values[name]).casefold()): _ALONE for name in fields if values[name]}
    for name, stake in (("numeric_partition_id", _PARTITION), ("numeric_user_id", _ALONE)):
        if values[name]:
            found[_PILOT_ID, str(values[name])] = stake
    if values["is_active"]:
        stake = (str(values["numeric_user_id"]), str(values["numeric_partition_id"]))
        found |= {(name, str(values[name])): stake for name in _SHARED if values[name]}
    return found


def _is_free(_number: str) -> str:
    return ""


C = TypeVar("C", bound=Claimant)


class Claims(Generic[C]):
    """All claims of everybody, and who has to give way.

    `reserved` says why nobody can have an extension or alias; empty: anybody can.
    """

    def __init__(self, reserved: Callable[[str], str] = _is_free) -> None:
        self.everybody: list[C] = []
        self._reserved = reserved
        self._unusable: list[tuple[C, str, str]] = []
        self._by_key: dict[Key, dict[int, tuple[C, Stake]]] = {}
        self._to_check: OrderedDict[Key, None] = OrderedDict()  # each once

    def add(self, claimant: C) -> None:
        """Take somebody in with what they would have."""
        self.everybody.append(claimant)
        before = claims_of(claimant.before)
        for key, stake in claims_of(claimant.after).items():
            self._by_key.setdefault(key, {})[id(claimant)] = (claimant, stake)
            if before.get(key) != stake:
                self._to_check[key] = None
            if key[0] in _SHARED and key not in before and (why := self._reserved(key[1])):
                self._unusable.append((claimant, key[0], why))

    def fall_back(self, claimant: C) -> None:
        """Leave somebody as they were; what they keep may now be in the way of others."""
        for key in claims_of(claimant.after):
            self._by_key[key].pop(id(claimant), None)
        claimant.fell_back = True
        for key, stake in claims_of(claimant.before).items():
            self._by_key.setdefault(key, {})[id(claimant)] = (claimant, stake)
            self._to_check[key] = None

    def settle(self, refuse: Callable[[C, str, str], None]) -> None:
        """Refuse whoever claims what they may not have, with the field and why."""
        for claimant, name, why in self._unusable:
            refuse(claimant, name, why)
            if not claimant.fell_back:
                self.fall_back(claimant)
        while self._to_check:
            key, _none = self._to_check.popitem(last=False)
            refused = list(self._refused(key))
            for claimant, message in refused:
                refuse(claimant, _field_of(key, claimant), message)
            for claimant, _message in refused:
                if not claimant.fell_back:
                    self.fall_back(claimant)

    def _refused(self, key: Key) -> Iterator[tuple[C, str]]:
        """Yield those who would be new at a key and clash with anybody there."""
        holders = self._by_key.get(key, {})
        if len(holders) < 2:
            return
        clashes = self._clashes(key, [stake for _one, stake in holders.values()])
        others = _Others(holders.values())
        for claimant, stake in holders.values():
            if clashes(stake) and self._is_new(claimant, key, stake):
                yield claimant, self._reason(key, claimant, stake, others)

    def _clashes(self, key: Key, stakes: Sequence[Stake]) -> Callable[[Stake], bool]:
        """Return what says whether a stake at a key clashes with one of these, its own included."""
        if key[0] == _PILOT_ID:  # who joins those of the same kind is in nobody's way
            has_both, kept = len(set(stakes)) > 1, self._kinds_kept(key)
            return lambda stake: has_both and stake not in kept
        alone = sum(stake == _ALONE for stake in stakes)
        partitions = Counter(partition for _user, partition in stakes if partition)
        return lambda stake: alone > 0 or partitions[stake[1]] > 1

    def _kinds_kept(self, key: Key) -> set[Stake]:
        """Return what an ID is of those who have it already."""
        holders = self._by_key[key].values()
        return {stake for one, stake in holders if not self._is_new(one, key, stake)}

    def _is_new(self, claimant: C, key: Key, stake: Stake) -> bool:
        return not claimant.fell_back and claims_of(claimant.before).get(key) != stake

    def _reason(self, key: Key, claimant: C, stake: Stake, others: "_Others[C]") -> str:
        other, theirs = others.than(claimant, stake)
        values = other.in_force or {}
        value = str(claimant.after[_field_of(key, claimant)])
        told = {"value": value, "name": other.name, "line": other.line}
        if key[0] == _PILOT_ID:
            return two_meanings(is_user_id=theirs == _ALONE) % told
        if key[0] == "username":
            return _("This user name is taken.")
        if key[0] in _SHARED and stake[1] and stake[1] == theirs[1]:
            told["partition"] = stake[1]
            return _("%(value)s already belongs to %(name)s in partition %(partition)s.") % told
        if other.line and not other.fell_back and self._is_new(other, key, theirs):
            return _("%(value)s is also wanted in line %(line)s, for %(name)s.") % told
        if not values.get("is_active", True):
            return _("%(value)s already belongs to %(name)s, who is not active.") % told
        if key[0] in _SHARED:
            return (_("%(value)s already belongs to %(name)s.") + " " + _how_to_share()) % told
        return _("%(value)s already belongs to %(name)s.") % told


class _Others(Generic[C]):
    """A few of those at a key, so that each can be told of another without a walk through all."""

    def __init__(self, holders: Iterable[tuple[C, Stake]]) -> None:
        self._few: dict[str, list[tuple[C, Stake]]] = {}
        for holder in holders:
            user, partition = holder[1]
            for sort in (
                f"in {partition}" if partition else "",
                "" if user or partition else "alone",
                "any",
            ):
                few = self._few.setdefault(sort, [])
                if sort and len(few) < 2:
                    few.append(holder)

    def than(self, claimant: C, stake: Stake) -> tuple[C, Stake]:
        """Return with whom somebody clashes: within the partition, without ID, or anybody."""
        found = [
            one for sort in (f"in {stake[1]}", "alone", "any") for one in self._few.get(sort, ())
        ]
        return next(one for one in found if one[0] is not claimant)


def _field_of(key: Key, claimant: Claimant) -> str:
    """Return the field by which somebody is at a key."""
    if key[0] != _PILOT_ID:
        return key[0]
    is_user_id = str(claimant.after["numeric_user_id"]) == key[1]
    return "numeric_user_id" if is_user_id else "numeric_partition_id"


def two_meanings(*, is_user_id: bool) -> str:
    """Say that an ID is another one already: a user's, or else a partition's."""
    if is_user_id:
        return _("%(value)s is the numeric user ID of %(name)s: a pilot takes both kinds of ID.")
    return _("%(value)s is the numeric partition ID of %(name)s: a pilot takes both kinds of ID.")


def _how_to_share() -> str:
    return _("They can share it if each has a numeric user ID or partition ID.")
