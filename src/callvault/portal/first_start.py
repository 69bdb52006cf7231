"""What a new system is given once: its tables, its settings, a trunk for this machine, people.

For the commands `init` and `serve`, after `django.setup()`. Each function can be repeated: what
is there already, or was removed on purpose, stays as it is.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from callvault.errors import ConfigError
from callvault.policy.snapshot import Person
from callvault.portal.configuration.capacity_room import UserRoom
from callvault.portal.configuration.deletion_ban import uphold_ban
from callvault.portal.configuration.models import PolicyRevision, SystemSettings, Trunk
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.people.passwords import give_one_time_password

FIRST_START_LOCK = 0x43564C54  # any number, the same on all nodes
THIS_MACHINE = ("127.0.0.1", "::1")  # not all of 127.0.0.0/8: others may live there
LOOPBACK = ("127.0.0.0/8", "::1")


@contextmanager
def alone() -> Iterator[None]:
    """Hold off other nodes that make the same database ready, and lift the limits of queries.

    SQLite's file belongs to one machine, where `serve` holds the data folder.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with connection.unhurried():  # type: ignore[attr-defined] # of callvault.portal.postgresql
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [FIRST_START_LOCK])
        yield  # the lock ends with the connection


def prepare_database() -> None:
    """Bring the tables up to date and make the system's settings where there are none."""
    call_command("migrate", interactive=False, verbosity=0)
    _make_settings()
    uphold_ban()


def collect_static_files() -> None:
    """Put style sheets, scripts and fonts under names that carry their digest."""
    call_command("collectstatic", interactive=False, verbosity=0, clear=False)


@transaction.atomic
def _make_settings() -> None:
    if SystemSettings.objects.exists():
        return
    zone = settings.CALLVAULT.web.time_zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise ConfigError("web.time_zone", f"{zone} is not a known time zone") from unknown
    SystemSettings.objects.create(zone=zone)
    Trunk.objects.create(
        name="This machine",
        peers=list(THIS_MACHINE),
        media_networks=list(LOOPBACK),
        transports=["udp", "tcp", "tls"],
    )
    PolicyRevision.bump()


@transaction.atomic
def create_first_administrator(username: str = "admin") -> str | None:
    """Create an administrator and return the one-time password; None: there is one already.

    Who never signed in may have lost the first password, and is given another.
    """
    administrators = User.objects.filter(level=Level.ADMINISTRATOR, is_active=True)
    if administrators.exclude(username=username).exists():
        return None
    first = administrators.filter(username=username).first()
    if first is not None and not first.must_change_password:
        return None
    if first is None:
        first = User.objects.create_user(username, level=Level.ADMINISTRATOR)
        PolicyRevision.bump()
    return give_one_time_password(first)


@transaction.atomic
def ensure_demo_people(people: Iterable[Person]) -> list[str]:
    """Create those whose extension and user name are free; return the user names created."""
    created = []
    for person in people:
        taken = User.objects.filter(username__iexact=person.username).exists()
        if taken or User.objects.filter(extension=person.extension, is_active=True).exists():
            continue
        if UserRoom.in_force().refusal:
            break
        User.objects.create_user(
            person.username,
            public_id=person.user_id,
            first_name=person.full_name.partition(" ")[0],
            last_name=person.full_name.partition(" ")[2],
            extension=person.extension,
            alias=person.alias,
            pbx_username=person.pbx_username,
            group=person.group,
        )
        created.append(person.username)
    if created:
        PolicyRevision.bump()
    return created
