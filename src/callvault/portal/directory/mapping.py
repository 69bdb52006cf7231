"""From a directory's entry to the fields of a person (USER-1). Pure: no directory, no database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .entry import SourceEntry

By = Literal["hand", "attribute", "membership"]
"""Where a group comes from: nowhere (as edited by hand), an attribute, memberships."""

TEXT_FIELDS = (
    "username",
    "first_name",
    "last_name",
    "email",
    "extension",
    "alias",
    "pbx_username",
    "numeric_user_id",
    "numeric_partition_id",
    "department",
    "language",
    "group",
    "additional_groups",
)
FLAG_FIELDS = ("send_notifications", "attach_recording")
MAPPABLE = (*TEXT_FIELDS, *FLAG_FIELDS)
ACCOUNT_DISABLED = 0x0002  # userAccountControl, ADS_UF_ACCOUNTDISABLE
_TRUE = frozenset({"true", "yes", "1", "on", "active", "enabled"})
_FALSE = frozenset({"false", "no", "0", "off", "inactive", "disabled"})


@dataclass(frozen=True, slots=True)
class GroupRule:
    """Who is in a group of the directory is in a recording group."""

    directory_group: str  # its DN, or its name alone
    recording_group: str

    def matches(self, membership: str) -> bool:
        """Whether a value of memberOf means this group; capitals make no difference."""
        wanted, given = self.directory_group.casefold(), membership.casefold()
        return wanted in (given, common_name(given))


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which attributes fill which fields; the first that holds something wins."""

    fields: Mapping[str, tuple[str, ...]]
    active: str = ""  # an attribute that says who is active; empty: everybody found is
    group_by: By = "hand"
    additional_groups_by: By = "hand"
    group_rules: tuple[GroupRule, ...] = field(default_factory=tuple)
    membership: str = "memberOf"

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of all attributes that are asked for, each once."""
        names = [name for attributes in self.fields.values() for name in attributes]
        if self.active:
            names.append(self.active)
        if "membership" in (self.group_by, self.additional_groups_by):
            names.append(self.membership)
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A person as a directory wants them: only the fields that it decides."""

    external_id: str
    reference: str
    fields: Mapping[str, str | bool]
    problem: str = ""  # a code, where the entry cannot become a person
    about: str = ""  # the attribute that the problem is about

    @property
    def username(self) -> str:
        """The user name wanted; empty: the entry has none."""
        return str(self.fields.get("username", ""))


def wanted_person(entry: SourceEntry, mapping: FieldMapping) -> Wanted:
    """Return the person that an entry describes, or why it describes none."""
    problem, about = _problem(entry, mapping)
    fields: dict[str, str | bool] = {}
    if not problem:
        fields = dict(_decided(entry, mapping))
        if not fields.get("username"):
            problem, about = "no_username", ", ".join(mapping.fields.get("username", ()))
    return Wanted(entry.external_id, entry.reference, fields, problem, about)


def _problem(entry: SourceEntry, mapping: FieldMapping) -> tuple[str, str]:
    if not entry.external_id:
        return "no_id", ""
    for name in mapping.attributes:
        if name.lower() in entry.spoilt:
            return "spoilt", name
    return "", ""


def _decided(entry: SourceEntry, mapping: FieldMapping) -> Iterator[tuple[str, str | bool]]:
    """Yield the fields that the directory decides, with their values."""
    for name, attributes in mapping.fields.items():
        value = _first(entry, attributes)
        if name in FLAG_FIELDS:
            yield name, value.casefold() in _TRUE
        elif name == "additional_groups":
            yield name, _joined(_all(entry, attributes))
        else:
            yield name, value
    groups = memberships(entry, mapping)
    if mapping.group_by == "membership":
        yield "group", groups[0] if groups else ""
    if mapping.additional_groups_by == "membership":
        own = 1 if mapping.group_by == "membership" else 0
        yield "additional_groups", _joined(groups[own:])
    if mapping.active:
        yield "is_active", is_active(entry.first(mapping.active), mapping.active)


def _first(entry: SourceEntry, attributes: Iterable[str]) -> str:
    return next((value for name in attributes if (value := entry.first(name))), "")


def _all(entry: SourceEntry, attributes: Iterable[str]) -> list[str]:
    return [value for name in attributes for value in entry.values(name)]


def _joined(names: Iterable[str]) -> str:
    """Return a list of groups as it is stored; one value may hold several already."""
    single = (part.strip() for name in names for part in name.split(";"))
    return ";".join(dict.fromkeys(name for name in single if name))


def memberships(entry: SourceEntry, mapping: FieldMapping) -> list[str]:
    """Return the recording groups of a person's memberships, in the order of the rules."""
    if "membership" not in (mapping.group_by, mapping.additional_groups_by):
        return []
    values = entry.values(mapping.membership)
    found = [
        rule.recording_group
        for rule in mapping.group_rules
        if any(rule.matches(value) for value in values)
    ]
    return list(dict.fromkeys(found))


def is_active(value: str, attribute: str) -> bool:
    """Read whether a person is active: a bit of Active Directory's, or a word.

    An attribute that somebody lacks, or a word that nobody knows, deactivates nobody.
    nsAccountLock and names like it say the contrary: who is locked is not active.

    >>> is_active("514", "userAccountControl"), is_active("512", "userAccountControl")
    (False, True)
    """
    if attribute.casefold() == "useraccountcontrol":
        return not (value.isdecimal() and int(value) & ACCOUNT_DISABLED)
    said = value.casefold()
    if "lock" in attribute.casefold() or "disable" in attribute.casefold():
        return said not in _TRUE
    return said not in _FALSE


def common_name(dn: str) -> str:
    r"""Return the value of the first part of a DN, as far as commas are not escaped in it.

    >>> common_name("cn=Sales, North,ou=x"), common_name("CN=Sales\\, North,OU=x")
    ('Sales', 'Sales, North')
    """
    value, escaped = "", False
    for letter in dn.partition("=")[2]:
        if letter == "," and not escaped:
            break
        if letter == "\\" and not escaped:
            escaped = True
            continue
        value += letter
        escaped = False
    return value
