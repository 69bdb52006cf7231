"""Whom the pilot that was dialled names, by the numeric id behind it (IDENT-2, IDENT-3).

A user ID is one person's. A partition ID is shared by all of a partition, in which the extension
or alias of the recorded phone decides. An id that nobody has leaves the matching to the numbers,
but gives no call to somebody who has an id of their own: that one's pilot would be another. Where
only the id says whose a call is, a wrong answer shows a recording to the wrong person.

Ids are compared as text, and where nobody has one as it was dialled, without leading zeros.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from callvault.policy.pilots import PilotKind, Pilots, read_pilot
from callvault.policy.snapshot import Person

_WITH_ID = frozenset({PilotKind.RECORDING, PilotKind.LIVE_KEEP})


@dataclass(frozen=True, slots=True)
class PilotCalled:
    """A pilot that was dialled with an id, and who has that id."""

    pilot: str
    numeric_id: str  # as dialled
    users: tuple[Person, ...] = ()  # whose user ID it is
    partition: frozenset[UUID] = frozenset()  # the users whose partition ID it is
    is_order: bool = False  # the id is that of a recording ordered for the user

    @property
    def is_unknown(self) -> bool:
        """Whether nobody has the id."""
        return not self.users and not self.partition


@dataclass(slots=True)
class NumericIds:
    """People by their numeric ids. Built once for a snapshot, then only read."""

    pilots: Pilots
    _users: dict[str, list[Person]] = field(default_factory=dict)
    _partitions: dict[str, frozenset[UUID]] = field(default_factory=dict)
    _users_bare: dict[str, list[Person]] = field(default_factory=dict)
    _partitions_bare: dict[str, frozenset[UUID]] = field(default_factory=dict)

    @classmethod
    def of(cls, pilots: Pilots, people: Iterable[Person]) -> "NumericIds":
        """Index people who have an id, inactive ones too."""
        found = cls(pilots)
        partitions: dict[str, set[UUID]] = {}
        bare: dict[str, set[UUID]] = {}
        for person in people:
            if user_id := person.numeric_user_id.strip():
                found._users.setdefault(user_id, []).append(person)
                found._users_bare.setdefault(_bare(user_id), []).append(person)
            if partition_id := person.numeric_partition_id.strip():
                partitions.setdefault(partition_id, set()).add(person.user_id)
                bare.setdefault(_bare(partition_id), set()).add(person.user_id)
        found._partitions = {key: frozenset(ids) for key, ids in partitions.items()}
        found._partitions_bare = {key: frozenset(ids) for key, ids in bare.items()}
        return found

    def ordered(self, number: str, person: Person) -> PilotCalled:
        """Return what a number says of which a program ordered the recording of this person."""
        pilot = self.pilots.automated_prefix
        return PilotCalled(pilot, number[len(pilot) :], (person,), is_order=True)

    def called(self, number: str) -> PilotCalled | None:
        """Return what a dialled number says of the owner; None if it names no id."""
        dialled = read_pilot(self.pilots, number)
        if dialled is None or dialled.kind not in _WITH_ID:
            return None
        if not (dialled.rest.isascii() and dialled.rest.isdecimal()):
            return None
        numeric_id, bare = dialled.rest, _bare(dialled.rest)
        users, partition = self._users.get(numeric_id), self._partitions.get(numeric_id)
        if not users and not partition:
            users, partition = self._users_bare.get(bare), self._partitions_bare.get(bare)
        return PilotCalled(dialled.pilot, numeric_id, tuple(users or ()), partition or frozenset())


def has_id(person: Person) -> bool:
    """Whether a pilot with an id of its own leads to a person."""
    return bool(person.numeric_user_id.strip() or person.numeric_partition_id.strip())


def _bare(numeric_id: str) -> str:
    return numeric_id.lstrip("0") or "0"
