"""A bound session with a directory server: fail-over, bind, and searches read to their last page.

A search that is not whole is an error (`SourceFault`), never a shorter list: whoever is missing
from it would be deleted.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ldap
import ldap.filter
from ldap.controls import SimplePagedResultsControl

from .faults import SourceFault
from .ldap_channel import Channel, Security, Server, open_channel

PAGE_SIZE = 500
MAX_ENTRIES = 200_000
CONNECT_S = 5.0
ANSWER_S = 30.0
"""How long one answer may take: a bind, or a page."""
SEARCH_S = 600.0
"""How long all of a session may take."""

# Partitions of Active Directory that hold no people; a domain's root refers to them always.
_HARMLESS_REFERRAL = re.compile(
    r"/(?:DC=(?:Forest|Domain)DnsZones|CN=Configuration|CN=Schema)\b", re.IGNORECASE
)

RawEntry = tuple[str, dict[str, list[bytes]]]


@dataclass(frozen=True, slots=True)
class LdapSettings:
    """How a directory is reached and read."""

    servers: tuple[Server, ...]
    security: Security
    bind_dn: str
    password: str = field(repr=False)
    ca_pem: str = ""  # empty: the authorities that this machine trusts
    base_dns: tuple[str, ...] = ()
    search_filter: str = "(objectClass=*)"


class LdapSession:
    """A connection on which the bind succeeded."""

    def __init__(self, connection: Any, channel: Channel, server: Server) -> None:
        self._connection = connection
        self._channel = channel
        self.server = server

    def search(
        self, base: str, search_filter: str, attributes: Sequence[str], *, at_most: int = 0
    ) -> Iterator[RawEntry]:
        """Yield what is found below a base, page by page; `at_most` stops early, without error.

        Raises SourceFault where the server did not give all of it.
        """
        cookie: bytes | str = ""
        count = 0
        while True:
            size = min(PAGE_SIZE, at_most) if at_most else PAGE_SIZE
            control = SimplePagedResultsControl(criticality=True, size=size, cookie=cookie)
            entries, cookie = self._page(base, search_filter, attributes, control)
            for entry in entries:
                count += 1
                if count > MAX_ENTRIES:
                    raise SourceFault("too_many", count=str(MAX_ENTRIES))
                yield entry
                if count == at_most:
                    return
            if not cookie:
                return

    def _page(
        self,
        base: str,
        search_filter: str,
        attributes: Sequence[str],
        control: SimplePagedResultsControl,
    ) -> tuple[list[RawEntry], bytes]:
        with self._faults(base=base, filter=search_filter):
            message_id = self._connection.search_ext(
                base, ldap.SCOPE_SUBTREE, search_filter, list(attributes), serverctrls=[control]
            )
            _kind, data, _id, controls = self._connection.result3(
                message_id, all=1, timeout=ANSWER_S
            )
        paged = [one for one in controls if one.controlType == control.controlType]
        if not paged:
            raise SourceFault("no_paging", server=str(self.server))
        return list(_entries(data)), paged[0].cookie

    def check_password(self, dn: str, password: str) -> bool:
        """Whether a person's password is accepted. The session is theirs afterwards: close it.

        An empty password would be an anonymous bind, which always succeeds (RFC 4513, 5.1.2).
        """
        if not dn or not password or "\0" in password:
            return False
        with self._faults():
            try:
                self._connection.simple_bind_s(dn, password)
            except (
                ldap.INVALID_CREDENTIALS,
                ldap.UNWILLING_TO_PERFORM,
                ldap.INAPPROPRIATE_AUTH,
                ldap.NO_SUCH_OBJECT,
                ldap.INVALID_DN_SYNTAX,
                ldap.CONSTRAINT_VIOLATION,
            ):
                return False
        return True

    def bind(self, dn: str, password: str) -> None:
        """Bind as the account that reads. Raises SourceFault with the server's own words."""
        if dn and not password:  # a server would take it for an anonymous bind
            raise SourceFault("bind_refused", server=str(self.server), dn=dn)
        with self._faults(dn=dn):
            self._connection.simple_bind_s(dn, password)

    def close(self) -> None:
        """End the session. libldap closes the end of the channel that it was given."""
        with contextlib.suppress(ldap.LDAPError):
            self._connection.unbind_ext_s()
        self._channel.close()

    @contextmanager
    def _faults(self, **facts: str) -> Iterator[None]:
        try:
            yield
        except ldap.LDAPError as error:
            raise self._fault(error, facts) from error

    def _fault(self, error: Any, facts: dict[str, str]) -> SourceFault:
        server = str(self.server)
        if self._channel.is_over_size:
            return SourceFault("too_large", server=server)
        if self._channel.is_over_time:
            return SourceFault("too_slow", server=server)
        for kind, code in _CODES.items():
            if isinstance(error, kind):
                return SourceFault(code, server=server, said=_said(error), **facts)
        return SourceFault("ldap", server=server, said=_said(error), **facts)


_CODES = {
    ldap.INVALID_CREDENTIALS: "bind_refused",
    ldap.INVALID_DN_SYNTAX: "dn_wrong",
    ldap.INAPPROPRIATE_AUTH: "bind_refused",
    ldap.STRONG_AUTH_REQUIRED: "tls_wanted",
    ldap.CONFIDENTIALITY_REQUIRED: "tls_wanted",
    ldap.NO_SUCH_OBJECT: "base_missing",
    ldap.FILTER_ERROR: "filter_wrong",
    ldap.SIZELIMIT_EXCEEDED: "size_limit",
    ldap.ADMINLIMIT_EXCEEDED: "size_limit",
    ldap.TIMELIMIT_EXCEEDED: "time_limit",
    ldap.PARTIAL_RESULTS: "referral",
    ldap.REFERRAL: "referral",
    ldap.UNAVAILABLE_CRITICAL_EXTENSION: "no_paging",
    ldap.INSUFFICIENT_ACCESS: "no_access",
    ldap.TIMEOUT: "silent",
    ldap.SERVER_DOWN: "gone",
    ldap.CONNECT_ERROR: "gone",
    ldap.UNAVAILABLE: "busy",
    ldap.BUSY: "busy",
}


def _said(error: Any) -> str:
    """Return what the server said, without what a log should not hold: one line, 200 characters.

    Only the description and the diagnostic message are taken; neither repeats a password.
    """
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = [str(facts.get(name) or "") for name in ("desc", "info")]
    line = "; ".join(word for word in words if word) or type(error).__name__
    return "".join(letter if letter.isprintable() else " " for letter in line)[:200]


def _entries(data: Any) -> Iterator[RawEntry]:
    """Yield entries; a reference to another server means that something is not here."""
    for row in data:
        dn, attributes = row[0], row[1]
        if dn is not None:
            yield dn, attributes
            continue
        others = [str(uri) for uri in attributes]
        if not all(_HARMLESS_REFERRAL.search(uri) for uri in others):
            raise SourceFault("referral", said=", ".join(others)[:200])


@contextmanager
def session(
    settings: LdapSettings, *, limit_s: float = SEARCH_S, connect_s: float = CONNECT_S
) -> Iterator[LdapSession]:
    """Open a session with the first server that answers, bound as the account that reads.

    The next server is tried where one cannot be reached, is busy, or shows a bad certificate; a
    refused password is refused by all of them, and each try counts for the account's lock-out.
    """
    deadline = time.monotonic() + limit_s
    faults = []
    for server in settings.servers:
        try:
            opened = _opened(settings, server, deadline=deadline, connect_s=connect_s)
        except SourceFault as fault:
            if fault.code in _SAME_EVERYWHERE:
                raise
            faults.append(fault)
            continue
        with _closing(opened):
            yield opened
        return
    raise faults[0]


_SAME_EVERYWHERE = frozenset({"bind_refused", "dn_wrong", "tls_wanted"})


@contextmanager
def _closing(opened: LdapSession) -> Iterator[None]:
    try:
        yield
    finally:
        opened.close()


def _opened(
    settings: LdapSettings, server: Server, *, deadline: float, connect_s: float
) -> LdapSession:
    channel = open_channel(
        server,
        settings.security,
        ca_pem=settings.ca_pem,
        connect_s=connect_s,
        deadline=deadline,
    )
    # libldap owns the descriptor that it gets, and closes it.
    connection = ldap.initialize("ldapi://", fileno=os.dup(channel.near.fileno()))
    connection.protocol_version = ldap.VERSION3
    connection.set_option(ldap.OPT_REFERRALS, 0)
    connection.set_option(ldap.OPT_TIMEOUT, connect_s * 2)
    opened = LdapSession(connection, channel, server)
    try:
        opened.bind(settings.bind_dn, settings.password)
    except BaseException:
        opened.close()
        raise
    connection.set_option(ldap.OPT_TIMEOUT, ANSWER_S)
    return opened


def equality(attribute: str, value: str) -> str:
    """Return a filter that asks for one value; what has a meaning in filters is escaped."""
    return f"({attribute}={ldap.filter.escape_filter_chars(value)})"
