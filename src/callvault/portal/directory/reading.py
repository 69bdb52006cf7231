"""From the row of a directory to its people: settings, secrets, and all entries or a fault."""

from collections.abc import Callable
from functools import partial

from .credentials import Credentials, credentials_of, put_credentials
from .entry import SourceEntry
from .faults import SourceFault
from .ldap_channel import Security, Server
from .ldap_people import people_of
from .ldap_session import LdapSettings, session
from .mapping import FieldMapping, GroupRule
from .models import DirectorySource, GroupBy, WebexAccess
from .people_known import PERSON_FIELDS
from .webex_client import WebexClient
from .webex_people import entries_of

TELL_EVERY = 250
"""How many entries are read between two signs of progress."""


def mapping_of(source: DirectorySource) -> FieldMapping:
    """Return how a directory's attributes become fields; what is edited by hand is not among them.

    The fields of a group that comes from elsewhere are left out, whatever their attributes say.
    """
    given = source.mapping.items()
    fields = {name: tuple(names) for name, names in given if names and name in PERSON_FIELDS}
    for name, by in (
        ("group", source.group_by),
        ("additional_groups", source.additional_groups_by),
    ):
        if by != GroupBy.ATTRIBUTE:
            fields.pop(name, None)
    return FieldMapping(
        fields=fields,
        active=source.active_attribute,
        group_by=source.group_by,  # type: ignore[arg-type]  # choices are those of mapping.By
        additional_groups_by=source.additional_groups_by,  # type: ignore[arg-type]
        group_rules=tuple(GroupRule(*rule) for rule in source.group_rules),
        membership=source.membership_attribute,
    )


def ldap_settings_of(source: DirectorySource, credentials: Credentials) -> LdapSettings:
    """Return how an LDAP directory is reached and read."""
    return LdapSettings(
        servers=tuple(Server.of(uri) for uri in source.uris),
        security=Security(source.security),
        bind_dn=source.bind_dn,
        password=credentials.password,
        ca_pem=source.ca_pem,
        base_dns=tuple(source.base_dns),
        search_filter=source.search_filter,
    )


def entries_in(
    source: DirectorySource, *, on_progress: Callable[[int], None] = lambda _count: None
) -> list[SourceEntry]:
    """Read all people of a directory. Raises SourceFault where it does not give all of them."""
    if source.is_ldap:
        return _ldap_entries(source, on_progress)
    return _webex_entries(source, on_progress)


def _ldap_entries(source: DirectorySource, on_progress: Callable[[int], None]) -> list[SourceEntry]:
    settings = ldap_settings_of(source, credentials_of(source))
    entries: list[SourceEntry] = []
    with session(settings) as opened:
        found = people_of(
            opened,
            settings,
            attributes=mapping_of(source).attributes,
            id_attribute=source.id_attribute,
        )
        for entry in found:
            entries.append(entry)
            if len(entries) % TELL_EVERY == 0:
                on_progress(len(entries))
    return entries


def webex_client_of(
    source: DirectorySource,
    credentials: Credentials,
    *,
    on_tokens: Callable[[Credentials], None],
) -> WebexClient:
    """Return a client; it renews tokens only where Webex knows us as an application."""
    is_app = source.webex_access == WebexAccess.APP
    if is_app and not (source.client_id and credentials.refresh_token):
        raise SourceFault("webex_token")
    return WebexClient(
        api_url=source.api_url.rstrip("/"),
        credentials=credentials,
        client_id=source.client_id if is_app else "",
        on_tokens=on_tokens,
    )


def keep_tokens(source: DirectorySource, given: Credentials) -> None:
    """Keep the tokens that Webex gave, so that the next run needs no others."""
    put_credentials(source, given)
    if source.pk:
        DirectorySource.objects.filter(pk=source.pk).update(sealed=source.sealed)


def _webex_entries(
    source: DirectorySource, on_progress: Callable[[int], None]
) -> list[SourceEntry]:
    held = credentials_of(source)
    client = webex_client_of(source, held, on_tokens=partial(keep_tokens, source))
    entries: list[SourceEntry] = []
    for page in client.pages("people", callingData="true", max="100"):
        entries += entries_of(
            page, calling_only=source.calling_only, location_ids=source.location_ids
        )
        on_progress(len(entries))
    return entries
