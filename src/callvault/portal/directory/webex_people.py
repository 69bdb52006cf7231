"""People of Webex as entries: the fields of the public people API under names of their own. Pure.

The synchronisation rule for the PBX user name is that of Webex Calling: it is the account of the
person there, which is their first e-mail address; calls name the same account.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from .entry import MAX_VALUE_BYTES, SourceEntry

PLAIN = (
    "displayName",
    "firstName",
    "lastName",
    "nickName",
    "userName",
    "department",
    "title",
    "extension",
    "locationId",
    "type",
    "status",
)
FLAGS = ("loginEnabled", "invitePending")
NUMBERS = {
    "work": "workNumber",
    "mobile": "mobileNumber",
    # Of people with calling it holds the routing prefix before the extension.
    "work_extension": "workExtension",
}
ATTRIBUTES = ("id", "email", *NUMBERS.values(), *PLAIN, *FLAGS)


def entries_of(
    items: Iterable[dict[str, Any]], *, calling_only: bool, location_ids: Iterable[str] = ()
) -> Iterator[SourceEntry]:
    """Yield people, no bots nor applications; on request only those who can be called."""
    wanted = frozenset(location_ids)
    for item in items:
        entry = entry_of(item)
        if entry.first("type") not in ("", "person"):
            continue
        if calling_only and not has_calling(entry):
            continue
        if wanted and entry.first("locationId") not in wanted:
            continue
        yield entry


def has_calling(entry: SourceEntry) -> bool:
    """Whether a person has Webex Calling: a location, and something to be called by."""
    numbers = entry.first("extension") or entry.first("workNumber")
    return bool(entry.first("locationId") and numbers)


def entry_of(item: dict[str, Any]) -> SourceEntry:
    """Return a person as an entry; values of another type than documented are spoilt."""
    attributes: dict[str, tuple[str, ...]] = {}
    spoilt: set[str] = set()
    for name, value in _values(item):
        if value in (None, ""):
            continue
        text = _text(value)
        if text is None:
            spoilt.add(name.lower())
        else:
            attributes[name.lower()] = (*attributes.get(name.lower(), ()), text)
    external_id = _text(item.get("id")) or ""
    shown = next(iter(attributes.get("email", ())), external_id)
    return SourceEntry(external_id[:255], shown, attributes, frozenset(spoilt))


def _values(item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "id", item.get("id")
    for name in (*PLAIN, *FLAGS):
        yield name, item.get(name)
    emails = item.get("emails")
    for address in emails if isinstance(emails, list) else [emails]:
        yield "email", address
    numbers = item.get("phoneNumbers")
    for number in numbers if isinstance(numbers, list) else []:
        if isinstance(number, dict) and number.get("type") in NUMBERS:
            yield NUMBERS[number["type"]], number.get("value")


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str) or len(value) > MAX_VALUE_BYTES:
        return None
    return value.strip() if all(letter.isprintable() for letter in value) else None
