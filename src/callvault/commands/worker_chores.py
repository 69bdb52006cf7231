"""What a worker does beside its journals: deletions that were interrupted, and what must stay.

Each chore looks at what should be and what is, and closes the difference; all can be repeated,
and several workers may do them at once.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from callvault import clock
from callvault.errors import CatalogueUnreachable, VaultError

if TYPE_CHECKING:
    from callvault.config import Config
    from callvault.vault import KeyWatch, Store

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
DAYTIME_S = 6 * 3600.0


@dataclass(slots=True)
class Chore:
    """Something to do every so often; `do` returns how much there was to do."""

    name: str
    every_s: float
    do: Callable[[], int]
    not_before_s: float = 0.0  # monotonic


def chores_of_vault(store: "Store") -> tuple[Chore, ...]:
    """Return the chores of whoever has the vault. After `django.setup()`."""
    from django.conf import settings

    from callvault.portal.access.sessions import forget_ended
    from callvault.portal.audit import late
    from callvault.portal.completeness.forgetting import forget_old_records
    from callvault.portal.completeness.judging import judge_due
    from callvault.portal.configuration.deletion_ban import uphold_ban
    from callvault.portal.holds.covering import uphold_holds
    from callvault.portal.live.open_listening import end_gone
    from callvault.portal.live.wishes import forget_old
    from callvault.portal.reach import catalogue_reached
    from callvault.portal.recordings.deletion import finish_deletions, uphold_tombstones
    from callvault.portal.retention.sweep import sweep
    from callvault.portal.storage.scattered import external_stores
    from callvault.portal.subjects.erasure import work_off

    name = f"{socket.gethostname()} {os.getpid()}"

    def keep_the_ban() -> int:
        uphold_ban()  # says itself what it had to mend
        return 0

    chores = (
        Chore("finish deletions", 10.0, lambda: finish_deletions(clock.read().utc)),
        Chore("uphold legal holds", 60.0, uphold_holds),
        Chore("delete what is due", 60.0, lambda: sweep(clock.read().utc, holder=name)),
        Chore("erase data subjects", 2.0, lambda: work_off(clock.read().utc)),
        Chore("judge call records", 5.0, lambda: judge_due(clock.read().utc, holder=name)),
        Chore("forget old call records", 60.0, lambda: forget_old_records(clock.read().utc)),
        Chore("write down late deeds", 10.0, lambda: late.write_kept(settings.DATA_FOLDER)),
        Chore("write down who listens no more", 10.0, lambda: end_gone(clock.read().utc)),
        Chore("forget old wishes to keep", DAYTIME_S, lambda: forget_old(clock.read().utc)),
        Chore("forget sessions that ended", 3600.0, lambda: forget_ended(clock.read().utc)),
        Chore("keep that nobody may delete", 300.0, keep_the_ban),
        Chore(
            "delete again what a restored catalogue lists",
            DAYTIME_S,
            lambda: sum(uphold_tombstones(one) for one in (store, *external_stores())),
        ),
    )
    return tuple(replace(one, do=catalogue_reached()(one.do)) for one in chores)


def chores_of_keys(store: "Store", keys: "KeyWatch") -> tuple[Chore, ...]:
    """Return what may take minutes at a time, and has a thread of its own."""
    from django.conf import settings

    from callvault.portal.certificates.rewrapping import work_off
    from callvault.portal.integrity.objects_check import check_slice
    from callvault.portal.reach import catalogue_reached

    node = settings.CALLVAULT.node.name
    chores = (
        Chore(
            "seal keys of recordings anew",
            1.0,
            lambda: work_off(store, keys.keyring, now=clock.read().utc),
        ),
        Chore(
            "read recordings again",
            10.0,
            lambda: check_slice(store, now=clock.read().utc, holder=node),
        ),
    )
    return tuple(replace(one, do=catalogue_reached()(one.do)) for one in chores)


def chores_of_backups(config: "Config", settings_file: Path) -> tuple[Chore, ...]:
    """Return the backups, which may take hours, and have a thread of their own."""
    from callvault.portal.backups.schedule import BackupKeeper
    from callvault.portal.reach import catalogue_reached

    keeper = BackupKeeper(config, settings_file)
    do = catalogue_reached()(lambda: keeper.work_off(clock.read().utc))
    return (Chore("make backups", 5.0, do),)


def run_chores(chores: tuple[Chore, ...], stop: threading.Event) -> None:
    """Do chores until told to stop; one that fails has its next turn."""
    while not stop.is_set():
        for chore in chores:
            do_if_due(chore, now_s=clock.read().monotonic_ns / 1e9)
        stop.wait(LOOK_EVERY_S)


def do_if_due(chore: Chore, *, now_s: float) -> None:
    """Do a chore if its time has come."""
    if now_s < chore.not_before_s:
        return
    chore.not_before_s = now_s + chore.every_s
    try:
        done = chore.do()
    except (CatalogueUnreachable, VaultError) as error:
        logger.warning("%s: not now: %s", chore.name, error)
    except Exception:
        logger.exception("%s: failed, tried again later", chore.name)
    else:
        if done:
            logger.info("%s: %d", chore.name, done)
