"""People of an LDAP directory as entries: identity, text, and what is no text."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from .entry import MAX_VALUE_BYTES, SourceEntry, text_values
from .ldap_session import LdapSession, LdapSettings, RawEntry

OBJECT_GUID = "objectguid"


def people_of(
    session: LdapSession,
    settings: LdapSettings,
    *,
    attributes: Sequence[str],
    id_attribute: str,
    at_most: int = 0,
) -> Iterator[SourceEntry]:
    """Yield the people below every base, each once, where two bases overlap.

    Raises SourceFault where any of it is not whole.
    """
    asked = list(dict.fromkeys([id_attribute, *attributes]))
    seen: set[str] = set()
    for base in settings.base_dns:
        for raw in session.search(base, settings.search_filter, asked, at_most=at_most):
            entry = entry_of(raw, id_attribute=id_attribute)
            if entry.reference.casefold() in seen:
                continue
            seen.add(entry.reference.casefold())
            yield entry
            if at_most and len(seen) >= at_most:
                return


def entry_of(raw: RawEntry, *, id_attribute: str) -> SourceEntry:
    """Return an entry as text; the attribute of the identity may be binary."""
    dn, given = raw
    attributes: dict[str, tuple[str, ...]] = {}
    spoilt = set()
    external_id = ""
    for name, values in given.items():
        plain = name.lower().partition(";")[0]  # options such as ;lang-it or ;range=0-1499
        if plain == id_attribute.lower():
            external_id = identity(plain, values)
        elif ";range=" in name.lower() or (texts := text_values(values)) is None:
            spoilt.add(plain)
        else:
            attributes[plain] = attributes.get(plain, ()) + texts
    return SourceEntry(external_id, dn, attributes, frozenset(spoilt))


def identity(attribute: str, values: Sequence[bytes]) -> str:
    """Return what stays the same when a person is renamed, as text; empty: there is none.

    objectGUID is 16 bytes, the first three fields little-endian (MS-DTYP, section 2.3.4.2).
    """
    value = next(iter(values), b"")
    if attribute == OBJECT_GUID and len(value) == 16:
        return str(UUID(bytes_le=value))
    if not value or len(value) > MAX_VALUE_BYTES // 8:
        return ""
    texts = text_values([value])
    return texts[0] if texts else value.hex()


def identity_filter(attribute: str, external_id: str) -> str:
    """Return the filter that finds a person again by their identity; every byte is escaped."""
    is_guid = attribute.lower() == OBJECT_GUID
    raw = UUID(external_id).bytes_le if is_guid else external_id.encode()
    return f"({attribute}=" + "".join(f"\\{byte:02x}" for byte in raw) + ")"
