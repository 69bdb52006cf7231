"""Whose call it is: a party matched to a user (IDENT-1).

Order: the id behind the pilot that was dialled (`by_pilot`), PBX username, extension, first
extension alias, then the latter two in any writing of the numbering plan (FILT-6).
Two users for one party are never chosen between: the recording would be shown to the wrong one.
Users may share an extension where the pilot that was dialled tells them apart (IDENT-2, IDENT-3).
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from callvault.policy.by_pilot import NumericIds, PilotCalled, has_id
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person, Snapshot
from callvault.policy.writings import forms_by

_NAMED = 5  # how many of those who share a number are named


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a party, taken apart."""

    user: str  # number or name, as received
    host: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The user whom a party is, and by what."""

    person: Person
    matched_by: str  # order, numeric_user_id, numeric_partition_id, pbx_username, extension, alias
    number: str  # what matched, as received; empty: a user ID did, and no address


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Why a party is nobody's."""

    reason: str  # no_match, ambiguous, inactive, other_id, not_in_partition
    number: str = ""
    username: str = ""  # of the inactive user, or of those between whom nothing decides


@dataclass(slots=True)
class PeopleIndex:
    """Users by each writing that can name them. Built once for a snapshot, then only read."""

    country_code: str
    by_pbx_username: dict[str, list[Person]] = field(default_factory=dict)
    by_extension: dict[str, list[Person]] = field(default_factory=dict)
    by_alias: dict[str, list[Person]] = field(default_factory=dict)
    by_form: dict[str, list[tuple[Person, str]]] = field(default_factory=dict)
    by_id: dict[UUID, Person] = field(default_factory=dict)
    ids: NumericIds = field(default_factory=lambda: NumericIds(Pilots()))
    reader: PlanReader = field(default_factory=lambda: PlanReader(NumberingPlan()))
    catch_all: Person | None = None  # owns what is nobody's

    @classmethod
    def of(cls, snapshot: Snapshot) -> "PeopleIndex":
        """Index a snapshot's people, inactive ones too: they explain why nothing matched."""
        ids = NumericIds.of(snapshot.pilots, snapshot.people)
        plan = msgspec.structs.replace(snapshot.plan, country_code=snapshot.country_code)
        index = cls(snapshot.country_code, ids=ids, reader=PlanReader(plan))
        for person in snapshot.people:
            index._add(person)
            if person.user_id == snapshot.catch_all:
                index.catch_all = person
        return index

    def find(
        self, addresses: Iterable[Address], called: PilotCalled | None = None
    ) -> Match | NoMatch:
        """Match the recorded party by the pilot's id and by any of its addresses."""
        addresses = tuple(addresses)
        if called is not None and called.users:
            return self._by_user_id(addresses, called)
        if called is not None and called.partition:
            return self._in_partition(addresses, called)
        found = self._by_address(addresses)
        if called is not None and isinstance(found, Match) and has_id(found.person):
            return NoMatch("other_id", found.number, found.person.username)
        return found

    def _by_user_id(self, addresses: tuple[Address, ...], called: PilotCalled) -> Match | NoMatch:
        """Match the one whose user ID was dialled, with the number that bears it out."""
        users = [one for one in called.users if one.active]
        if not users:
            return NoMatch("inactive", called.numeric_id, called.users[0].username)
        if len(users) > 1 or called.partition - {users[0].user_id}:
            return NoMatch("ambiguous", called.numeric_id, _named(users))
        found = self._by_address(addresses, frozenset({users[0].user_id}))
        number = found.number if isinstance(found, Match) else ""
        return Match(users[0], "order" if called.is_order else "numeric_user_id", number)

    def _in_partition(self, addresses: tuple[Address, ...], called: PilotCalled) -> Match | NoMatch:
        """Match one of those in the partition that was dialled, by extension or alias."""
        found = self._by_address(addresses, called.partition, by_name=False)
        if isinstance(found, Match):
            return Match(found.person, "numeric_partition_id", found.number)
        if found.reason == "no_match":
            return NoMatch("not_in_partition", found.number)
        return found

    def _by_address(
        self,
        addresses: tuple[Address, ...],
        among: Set[UUID] | None = None,
        *,
        by_name: bool = True,
    ) -> Match | NoMatch:
        """Match a party by its addresses; each rung is asked of all before the next."""
        inactive: NoMatch | None = None
        rungs = [self._extensions, self._aliases, self._normalised]
        for rung in [*([self._pbx_usernames] if by_name else []), *rungs]:
            for address in addresses:
                found = [
                    one for one in rung(address) if among is None or one.person.user_id in among
                ]
                active = {match.person.user_id: match for match in found if match.person.active}
                if len(active) > 1:
                    return NoMatch(
                        "ambiguous", address.user, _named(one.person for one in active.values())
                    )
                if active:
                    return next(iter(active.values()))
                if found:
                    inactive = NoMatch("inactive", address.user, found[0].person.username)
        number = next((address.user for address in addresses if address.user), "")
        return inactive or NoMatch("no_match", number)

    def knows(self, number: str) -> bool:
        """Whether a number is somebody's: one's, several people's, or an inactive user's."""
        found = self.find((Address(number),)) if number else NoMatch("no_match")
        return isinstance(found, Match) or found.reason != "no_match"

    def _add(self, person: Person) -> None:
        self.by_id[person.user_id] = person
        if person.pbx_username:
            _append(self.by_pbx_username, person.pbx_username.strip().casefold(), person)
        for number, exact, kind in (
            (person.extension, self.by_extension, "extension"),
            (person.alias, self.by_alias, "alias"),
        ):
            if number.strip():
                _append(exact, number.strip(), person)
                for form in forms_by(self.reader, number):
                    self.by_form.setdefault(form, []).append((person, kind))

    def _pbx_usernames(self, address: Address) -> list[Match]:
        """Compare the whole address, then its user part, without regard to case."""
        for name in (f"{address.user}@{address.host}", address.user):
            people = self.by_pbx_username.get(name.casefold(), [])
            if people:
                return [Match(person, "pbx_username", address.user) for person in people]
        return []

    def _extensions(self, address: Address) -> list[Match]:
        people = self.by_extension.get(address.user, [])
        return [Match(person, "extension", address.user) for person in people]

    def _aliases(self, address: Address) -> list[Match]:
        people = self.by_alias.get(address.user, [])
        return [Match(person, "alias", address.user) for person in people]

    def _normalised(self, address: Address) -> list[Match]:
        found = {
            person.user_id: Match(person, kind, address.user)
            for form in forms_by(self.reader, address.user)
            for person, kind in self.by_form.get(form, [])
        }
        return list(found.values())


def _named(people: Iterable[Person]) -> str:
    """Name a few of those who share a number."""
    names = sorted(one.username for one in people)
    return ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])


def _append(index: dict[str, list[Person]], key: str, person: Person) -> None:
    index.setdefault(key, []).append(person)
