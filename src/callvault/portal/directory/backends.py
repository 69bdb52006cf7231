"""Sign-in with a directory's password: asked of the directory each time, never kept here."""

import logging
import secrets
import time
from typing import Any
from uuid import uuid4

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from callvault.portal.people.backends import PasswordBackend, person_named
from callvault.portal.people.models import User

from .credentials import credentials_of
from .faults import SourceFault
from .ldap_people import identity_filter
from .ldap_session import session
from .models import DirectoryPerson, DirectorySource, Kind
from .reading import ldap_settings_of

CONNECT_S = 3.0
LIMIT_S = 10.0
REST_S = 15.0
"""A directory out of reach is not asked again for so long: sign-ins do not queue up behind it."""

_AWAY = frozenset(
    {"resting", "name_unknown", "silent", "unreachable", "gone", "busy", "too_slow", "sealed"}
    | {"starttls_refused", "bind_refused", "dn_wrong", "base_missing", "tls_wanted", "no_access"}
    | {"tls_silent", "tls_failed", "tls_untrusted", "tls_expired", "tls_not_yet", "tls_name"}
)
"""Faults of the directory or of how it is set up: no password can bring them about."""

logger = logging.getLogger(__name__)
_resting: dict[int, float] = {}


class DirectoryBackend(BaseBackend):
    """Knows people whom a sync brought, by a bind as themselves.

    For a name that no directory has, as much is asked of one, so that the time tells nothing. A
    directory out of reach says so for every name alike (`request.directory_away`).
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the active person whose password in the directory this is."""
        if not username or not password:
            return None
        sources = list(DirectorySource.objects.filter(kind=Kind.LDAP, signs_in=True).order_by("pk"))
        if not sources:
            return None
        person = person_named(username)
        link = _link_of(person, sources)
        source = link.source if link is not None else sources[0]
        try:
            is_right = _is_password_right(source, link, password)
        except SourceFault as fault:
            logger.warning("directory %s cannot check passwords: %s", source.public_id, fault.code)
            if request is not None and fault.code in _AWAY:
                request.directory_away = True  # type: ignore[attr-defined]
            return None
        return person if is_right else None

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session; who was deactivated is signed out by it."""
        return PasswordBackend().get_user(user_id)


def _link_of(person: User | None, sources: list[DirectorySource]) -> DirectoryPerson | None:
    if person is None or not person.is_active:
        return None
    links = DirectoryPerson.objects.select_related("source")
    return links.filter(person=person, source__in=sources, is_gone=False).first()


def _is_password_right(
    source: DirectorySource, link: DirectoryPerson | None, password: str
) -> bool:
    """Find the person by their identity, wherever they stand now, and bind as them."""
    if _resting.get(source.pk, 0.0) > time.monotonic():
        raise SourceFault("resting")
    settings = ldap_settings_of(source, credentials_of(source))
    external_id = link.external_id if link is not None else str(uuid4())
    try:
        with session(settings, limit_s=LIMIT_S, connect_s=CONNECT_S) as opened:
            asked = identity_filter(source.id_attribute, external_id)
            found = [
                dn
                for base in settings.base_dns
                for dn, _ in opened.search(base, asked, ["1.1"], at_most=2)
            ]
            if link is None or len(set(found)) != 1:
                # As slow as a wrong password, and no password typed for another place is sent.
                opened.check_password(f"cn={uuid4()},{source.base_dns[0]}", secrets.token_hex(8))
                return False
            return opened.check_password(found[0], password)
    except SourceFault as fault:
        if fault.code in _AWAY:
            _resting[source.pk] = time.monotonic() + REST_S
        raise
