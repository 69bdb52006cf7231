"""How a recording group is written: one way, so that capitals do not make two groups of one."""

from collections.abc import Mapping

from .fields import Value

GROUP_FIELDS = ("group", "additional_groups")


class GroupSpelling:
    """Learns names of groups, and writes others that differ by capitals alone like them.

    >>> spelling = GroupSpelling()
    >>> spelling.learn("Sales")
    >>> spelling.written("claims;SALES")
    'claims;Sales'
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, names: object) -> None:
        """Remember how groups, separated by semicolons, are written; the first spelling stays."""
        for name in filter(None, str(names).split(";")):
            self._known.setdefault(name.casefold(), name)

    def written(self, names: object) -> str:
        """Return names, separated by semicolons, as they are known."""
        self.learn(names)
        return ";".join(self._known.get(name.casefold(), name) for name in str(names).split(";"))

    def apply(self, after: dict[str, Value], before: Mapping[str, Value] | None) -> None:
        """Write the groups of a person as they are known; what was not changed stays."""
        for name in GROUP_FIELDS:
            if before is None or before[name] != after[name]:
                after[name] = self.written(after[name])
