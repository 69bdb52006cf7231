"""The test of a directory: which step fails and what to do, and five people as they would become.

Within a request, so within seconds; nothing is changed, and nobody's password but that of the
account is used.
"""

import time
from dataclasses import dataclass
from functools import partial
from itertools import islice

from django.utils.translation import gettext as _

from .credentials import Credentials, credentials_of, put_credentials
from .entry import SourceEntry
from .faults import SourceFault
from .ldap_people import people_of
from .ldap_session import session
from .mapping import Wanted, wanted_person
from .models import DirectorySource
from .people_known import known_people, rules_of
from .planning import Row, plan
from .reading import ldap_settings_of, mapping_of, webex_client_of
from .webex_people import entries_of
from .wording import Told, fault_told, reason_of

SAMPLES = 5
LIMIT_S = 15.0
CONNECT_S = 4.0
_CONNECTING = frozenset({"name_unknown", "silent", "unreachable", "webex_silent", "sealed"})
_SECURING = frozenset(
    {"tls_silent", "tls_failed", "tls_untrusted", "tls_expired", "tls_not_yet", "tls_name"}
    | {"starttls_refused", "webex_tls"}
)
_OPENING = frozenset(
    {"bind_refused", "dn_wrong", "tls_wanted", "webex_token", "webex_refresh", "webex_forbidden"}
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the test: passed, failed, or not reached."""

    name: str
    outcome: str
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A person of the directory as they would become."""

    wanted: Wanted
    row: Row
    problem: str

    @property
    def shown(self) -> dict[str, str]:
        """Fields to show, by name; empty where the entry cannot become a person."""
        return {name: str(value) for name, value in self.wanted.fields.items()}


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a test."""

    steps: tuple[Step, ...]
    samples: tuple[Sample, ...] = ()
    server: str = ""

    @property
    def has_passed(self) -> bool:
        """Whether every step did."""
        return all(step.outcome == "passed" for step in self.steps)


def tried(source: DirectorySource) -> Trial:
    """Test a directory, saved or not."""
    try:
        server, entries = _first_entries(source)
    except SourceFault as fault:
        return Trial(_failed_steps(source, fault))
    steps = [Step(name, "passed") for name in _names(source)]
    if not entries:
        told = Told(_("Nobody is found."), _("Check where to search, and the filter."))
        steps[-1] = Step(steps[-1].name, "failed", told)
    return Trial(tuple(steps), _samples(source, entries), server)


def _first_entries(source: DirectorySource) -> tuple[str, list[SourceEntry]]:
    held = credentials_of(source)
    if source.is_ldap:
        settings = ldap_settings_of(source, held)
        with session(settings, limit_s=LIMIT_S, connect_s=CONNECT_S) as opened:
            found = people_of(
                opened,
                settings,
                attributes=mapping_of(source).attributes,
                id_attribute=source.id_attribute,
                at_most=SAMPLES,
            )
            return str(opened.server), list(found)
    return source.api_url, _first_of_webex(source, held)


def _first_of_webex(source: DirectorySource, held: Credentials) -> list[SourceEntry]:
    client = webex_client_of(source, held, on_tokens=partial(_keep, source))
    client.deadline = time.monotonic() + LIMIT_S
    client.read_s = LIMIT_S / 2
    client.tries = 2  # the second with a renewed token; a test does not wait
    client.sleep = lambda _seconds: None
    people = (
        entry
        for page in islice(client.pages("people", callingData="true", max="50"), 3)
        for entry in entries_of(
            page, calling_only=source.calling_only, location_ids=source.location_ids
        )
    )
    return list(islice(people, SAMPLES))


def _keep(source: DirectorySource, given: Credentials) -> None:
    """Keep renewed tokens in the row at hand, which may not be saved yet."""
    put_credentials(source, given)


def _names(source: DirectorySource) -> tuple[str, ...]:
    if source.is_ldap:
        return _("Connection"), _("Security"), _("Account"), _("Search")
    return _("Connection"), _("Security"), _("Token"), _("People")


def _failed_steps(source: DirectorySource, fault: SourceFault) -> tuple[Step, ...]:
    groups = (_CONNECTING, _SECURING, _OPENING)
    failed = next((number for number, codes in enumerate(groups) if fault.code in codes), 3)
    return tuple(
        Step(name, "passed")
        if number < failed
        else Step(name, "failed", fault_told(fault.code, fault.values))
        if number == failed
        else Step(name, "not_reached")
        for number, name in enumerate(_names(source))
    )


def _samples(source: DirectorySource, entries: list[SourceEntry]) -> tuple[Sample, ...]:
    wanted = [wanted_person(entry, mapping_of(source)) for entry in entries]
    rows = plan(known_people(source), wanted, rules_of(source))[: len(wanted)]
    return tuple(Sample(one, row, reason_of(row)) for one, row in zip(wanted, rows, strict=True))
