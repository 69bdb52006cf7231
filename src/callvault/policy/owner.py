"""Whose call it is: a party matched to a user (IDENT-1).

Order: PBX username, extension, first extension alias, then the latter two after normalising.
Two users for one party are never chosen between: the recording would be shown to the wrong one.
Users may share an extension where the pilot that was dialled tells them apart (IDENT-2, IDENT-3).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from callvault.policy.numbers import forms, normalise
from callvault.policy.snapshot import Person, Snapshot

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
    matched_by: str  # pbx_username, extension, alias
    number: str  # what matched, as received


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Why a party is nobody's."""

    reason: str  # no_match, ambiguous, inactive
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

    @classmethod
    def of(cls, snapshot: Snapshot) -> "PeopleIndex":
        """Index a snapshot's people, inactive ones too: they explain why nothing matched."""
        index = cls(snapshot.country_code)
        for person in snapshot.people:
            index._add(person)
        return index

    def find(self, addresses: Iterable[Address]) -> Match | NoMatch:
        """Match a party by any of its addresses; each rung is asked of all before the next."""
        addresses = tuple(addresses)
        inactive: NoMatch | None = None
        for rung in (self._pbx_usernames, self._extensions, self._aliases, self._normalised):
            for address in addresses:
                found = rung(address)
                active = {match.person.user_id: match for match in found if match.person.active}
                if len(active) > 1:
                    return NoMatch("ambiguous", address.user, _named(active.values()))
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
        if person.pbx_username:
            _append(self.by_pbx_username, person.pbx_username.strip().casefold(), person)
        for number, exact, kind in (
            (person.extension, self.by_extension, "extension"),
            (person.alias, self.by_alias, "alias"),
        ):
            if number.strip():
                _append(exact, number.strip(), person)
                for form in forms(number, country_code=self.country_code):
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
            for form in forms(normalise(address.user), country_code=self.country_code)
            for person, kind in self.by_form.get(form, [])
        }
        return list(found.values())


def _named(matches: Iterable[Match]) -> str:
    """Name a few of those who share a number."""
    names = sorted(match.person.username for match in matches)
    return ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])


def _append(index: dict[str, list[Person]], key: str, person: Person) -> None:
    index.setdefault(key, []).append(person)
