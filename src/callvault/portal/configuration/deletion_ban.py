"""That nobody may ever delete by hand: written down so that no part of the product undoes it.

In the database as a row that triggers keep, in the key folder of each node as a file, and in the
vault as an object (docs/reference/permissions.md). One of them is enough, so that a database
restored from an older backup changes nothing.
"""

import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.errors import ObjectMissing, VaultError
from callvault.portal.audit.log import record, record_own
from callvault.portal.audit.models import Action
from callvault.portal.people.models import User
from callvault.portal.storage.models import StorageLocation
from callvault.portal.storage.places import store_of, store_of_node
from callvault.vault import Store

from .models import DeletionBan, LowestLevel, SystemSettings

logger = logging.getLogger(__name__)

MARKER = "nobody-may-delete"
OBJECT = f"policy/{MARKER}"
TEXT = b"Nobody may delete recordings of this system by hand. This cannot be taken back.\n"


def is_marked_here() -> bool:
    """Whether the file of this node says so; the database may be older."""
    return marker_file().exists()


def marker_file() -> Path:
    """Return the file beside this node's keys."""
    return Path(settings.DATA_FOLDER / settings.CALLVAULT.vault.key_folder / MARKER)


def forbid_deletion(request: HttpRequest) -> None:
    """Write it into the database, in the transaction of the caller."""
    person = request.user.get_full_name() if isinstance(request.user, User) else ""
    record(request, Action.DELETION_FORBIDDEN, kind="settings")
    DeletionBan.objects.create(at=timezone.now(), by_name=person)


def write_markers() -> None:
    """Write it where the database is not; what cannot be written now, a worker writes later."""
    _write_file()
    for place in _places():
        _asked(place, _write_object)


def uphold_ban(*, was_known: bool = False) -> bool:
    """Write it wherever it is missing, if it is written down anywhere; return whether it is.

    `was_known`: by a database whose place another one took.
    """
    places = list(_places())
    marked = [place for place in places if _asked(place, _has_object)]
    known = DeletionBan.objects.exists()
    if not (known or was_known or marked or marker_file().exists()):
        return False
    if not known:
        _restore_row()
    if SystemSettings.objects.exclude(delete_level=LowestLevel.NOBODY_MAY).exists():
        SystemSettings.objects.update(delete_level=LowestLevel.NOBODY_MAY)
    _write_file()
    for place in places:
        if place not in marked:
            _asked(place, _write_object)
    return True


@transaction.atomic
def _restore_row() -> None:
    logger.warning("the database did not know that nobody may delete; a marker said so")
    record_own(Action.DELETION_FORBIDDEN, kind="settings", found="marker")
    DeletionBan.objects.create(at=timezone.now())


def _write_file() -> None:
    file = marker_file()
    if file.exists():
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        with os.fdopen(descriptor, "wb") as marker:
            marker.write(TEXT)
            marker.flush()
            os.fsync(marker.fileno())
    except OSError as error:
        logger.warning("%s cannot be written yet: %s", file, error.strerror)


Place = Callable[[], Store]


def _places() -> Iterator[Place]:
    """Yield where recordings are kept: on this node, and where new ones go."""
    yield store_of_node
    current = StorageLocation.current()
    if current is not None:
        yield partial(store_of, current)


def _asked(place: Place, ask: Callable[[Store], bool]) -> bool:
    """Ask a store; one that is away says no."""
    try:
        return ask(place())
    except VaultError as error:
        logger.warning("the vault was not asked for the marker of deletion: %s", error)
        return False


def _has_object(store: Store) -> bool:
    try:
        return store.size(OBJECT) >= 0
    except ObjectMissing:
        return False


def _write_object(store: Store) -> bool:
    with store.create(OBJECT) as file:
        file.write(TEXT)
    return True


def install_triggers(**_sender: object) -> None:
    """Have the database itself refuse to undo it; after each migration, which may rebuild tables.

    SQLite drops the triggers of a table that it makes anew.
    """
    tables = connection.introspection.table_names()
    if {"configuration_deletionban", "configuration_systemsettings"} - set(tables):
        return
    statements = _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT count(*) FROM pg_trigger"
                " WHERE tgname LIKE 'deletion_ban_%%' OR tgname LIKE 'delete_level_%%'",
                [],
            )
            if cursor.fetchone()[0] == len(_POSTGRESQL) - 2:  # two are functions
                return
        for statement in statements:
            cursor.execute(statement)


_REFUSED = "nobody may delete recordings, and nothing may change that"
_SQLITE = (
    *(
        f"""CREATE TRIGGER IF NOT EXISTS deletion_ban_{deed.lower()}
            BEFORE {deed} ON configuration_deletionban
            BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"""
        for deed in ("UPDATE", "DELETE")
    ),
    f"""CREATE TRIGGER IF NOT EXISTS delete_level_stays
        BEFORE UPDATE ON configuration_systemsettings
        WHEN OLD.delete_level = 90 AND NEW.delete_level <> 90
        BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END""",
    f"""CREATE TRIGGER IF NOT EXISTS delete_level_kept
        BEFORE DELETE ON configuration_systemsettings WHEN OLD.delete_level = 90
        BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END""",
)
_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION callvault_refuse_weakening() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$ LANGUAGE plpgsql""",
    f"""CREATE OR REPLACE FUNCTION callvault_refuse_truncate() RETURNS trigger AS $$
        BEGIN
          IF EXISTS (SELECT 1 FROM configuration_deletionban) THEN
            RAISE EXCEPTION '{_REFUSED}';
          END IF;
          RETURN NULL;
        END $$ LANGUAGE plpgsql""",  # noqa: S608 - a constant of ours
    """CREATE OR REPLACE TRIGGER deletion_ban_stays
       BEFORE UPDATE OR DELETE ON configuration_deletionban
       FOR EACH ROW EXECUTE FUNCTION callvault_refuse_weakening()""",
    """CREATE OR REPLACE TRIGGER deletion_ban_kept BEFORE TRUNCATE ON configuration_deletionban
       FOR EACH STATEMENT EXECUTE FUNCTION callvault_refuse_truncate()""",
    """CREATE OR REPLACE TRIGGER delete_level_stays BEFORE UPDATE ON configuration_systemsettings
       FOR EACH ROW WHEN (OLD.delete_level = 90 AND NEW.delete_level <> 90)
       EXECUTE FUNCTION callvault_refuse_weakening()""",
    """CREATE OR REPLACE TRIGGER delete_level_kept BEFORE DELETE ON configuration_systemsettings
       FOR EACH ROW WHEN (OLD.delete_level = 90)
       EXECUTE FUNCTION callvault_refuse_weakening()""",
)
