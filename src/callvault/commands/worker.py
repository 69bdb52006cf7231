"""`callvault worker`: from closed journals to sealed, listed recordings."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from callvault.commands import django_ready, logs
from callvault.commands.chosen import add_options, choose
from callvault.commands.processes import follow_supervisor
from callvault.commands.watch import Watch
from callvault.commands.worker_chores import (
    chores_of_backups,
    chores_of_keys,
    chores_of_vault,
    run_chores,
)
from callvault.errors import VaultError

if TYPE_CHECKING:
    from callvault.commands.worker_watch import WorkerWatch
    from callvault.config import Config
    from callvault.portal.audit.keeper import Keeper
    from callvault.portal.catalogue import DjangoCatalogue
    from callvault.portal.integrity.keeper import IntegrityKeeper
    from callvault.vault import Store

HELP = "run the worker alone"
DESCRIPTION = """\
Run the worker alone: it finishes journals of the spool into sealed recordings and lists them;
'callvault serve' runs it beside the recorder and the portal.

When it is told to stop, it finishes what is closed, as long as it gets on with it, for at most
25 seconds; the rest is finished after the next start."""

LONGEST_DRAIN_S = 25.0
RETRY_STORE_S = 5.0
SILENT_AFTER_S = 900.0
"""The worker tells of itself after each journal; a call of twelve hours takes minutes."""
STUCK_AFTER_S = 5.0
UNFINISHED_AFTER_S = 86_400.0  # no object takes a day to write
_LOOK_EVERY_S = 0.1

logger = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Work until told to stop."""
    follow_supervisor()
    logs.set_up(options.log, program="worker")
    chosen = choose(options)
    config = chosen.config
    django_ready.set_up()
    # Imported here: decoders and database take a second that `--help` need not wait for.
    from callvault.commands.key_rounds import KeyRounds
    from callvault.finalise.figures import CountedCatalogue
    from callvault.finalise.worker import run_worker
    from callvault.portal.catalogue import DjangoCatalogue
    from callvault.portal.directory.loop import DirectoryKeeper
    from callvault.portal.exports.loop import export_recordings
    from callvault.portal.notifications.loop import send_asked_mail
    from callvault.portal.storage.loop import StorageKeeper
    from callvault.vault import KeyWatch, LocalStore

    stop = threading.Event()
    store = wait_for_store(lambda: LocalStore(config.vault.folder))
    catalogue = DjangoCatalogue(config.node.name)
    shown = _figures(config, catalogue)
    config.spool.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = KeyWatch(config.vault.key_folder)
    rounds = KeyRounds(keys, stop)
    _beside(
        stop,
        shown.run,
        audit_keeper(config).run,
        integrity_keeper(config).run,
        send_asked_mail,
        export_recordings,
        DirectoryKeeper(config.node.name).run,
        StorageKeeper(config.node.name).run,
        lambda _: tidy(store),
        lambda _: rounds.watch(),
        lambda over: run_chores(chores_of_vault(store), over),
        lambda over: run_chores(chores_of_keys(store, keys), over),
        lambda over: run_chores(chores_of_backups(config, chosen.file), over),
    )
    _stop_after_draining(stop, lambda: closed_journals(config.spool.folder))
    counted = CountedCatalogue(catalogue, shown.tally)
    with shown.watch:
        while (over := rounds.next()) is not None:
            run_worker(
                config, catalogue=counted, keyring=keys.keyring, store=store, stop=over,
                on_progress=shown.progressed,
            )  # fmt: skip
    return 0


def _figures(config: "Config", catalogue: "DjangoCatalogue") -> "WorkerWatch":
    """Return what tells how the worker gets on."""
    from callvault.commands.node_report import report_node
    from callvault.commands.worker_watch import WorkerWatch
    from callvault.portal.audit import keeper as audit
    from callvault.portal.integrity import keeper as integrity
    from callvault.portal.storage.progress import samples as stores

    port = config.metrics.worker_port
    return WorkerWatch(
        Watch("worker", config.metrics.bind_address, port, silent_after_s=SILENT_AFTER_S),
        spool_folder=config.spool.folder,
        vault_folder=config.vault.folder,
        tell=lambda event: catalogue.add_node_event(event, node=config.node.name),
        report=lambda watch: report_node(watch, config),
        more=lambda: [*audit.samples(), *integrity.samples(), *stores()],
    )


def _beside(stop: threading.Event, *tasks: Callable[[threading.Event], None]) -> None:
    """Run what goes on beside the journals, each in a thread of its own, until `stop` is set."""
    for task in tasks:
        threading.Thread(target=task, args=(stop,), daemon=True).start()


def audit_keeper(config: "Config") -> "Keeper":
    """Return what chains and checks the audit log beside the work."""
    from callvault.portal.audit.anchor import FILE_NAME
    from callvault.portal.audit.keeper import Keeper
    from callvault.vault import audit_key, audit_keys

    key = audit_key(config.vault.key_folder)  # first: it may be made just now
    keys = audit_keys(config.vault.key_folder)
    return Keeper(config.node.name, key, keys, config.node.data_folder / FILE_NAME)


def integrity_keeper(config: "Config") -> "IntegrityKeeper":
    """Return what keeps the log of recordings beside the work."""
    from callvault.portal.integrity.keeper import IntegrityKeeper
    from callvault.portal.integrity.remembered import FILE_NAME
    from callvault.vault import audit_key, audit_keys

    key = audit_key(config.vault.key_folder)
    keys = audit_keys(config.vault.key_folder)
    return IntegrityKeeper(config.node.name, key, keys, config.node.data_folder / FILE_NAME)


def wait_for_store(
    open_store: Callable[[], "Store"], *, sleep: Callable[[float], None] = time.sleep
) -> "Store":
    """Open the vault, however long it is away: calls wait on the spool meanwhile."""
    while True:
        try:
            return open_store()
        except VaultError as error:
            logger.error("the vault cannot be opened; trying again in 5 s: %s", error)
            sleep(RETRY_STORE_S)


def tidy(store: "Store") -> None:
    """Take away what a worker that died left half-written; beside the work, for it walks far."""
    try:
        removed = store.remove_unfinished(older_than_s=UNFINISHED_AFTER_S)
    except VaultError as error:
        logger.warning("half-written objects stay for now: %s", error)
        return
    if removed:
        logger.info("removed %d half-written objects", removed)


def closed_journals(spool_folder: Path) -> int:
    """Return how many journals wait that no recorder writes to any more, nor comes back to."""
    from callvault.spool import chains, scan

    return sum(
        not one.is_live and one.checkpoint_age_ns(now_ns=0) is None
        for one in chains(scan(spool_folder))
    )


def _stop_after_draining(stop: threading.Event, remaining: Callable[[], int]) -> None:
    """On a signal, let the worker go on until little is left to do; then set `stop`."""

    def begin(*_: object) -> None:
        threading.Thread(target=_drain, args=(stop, remaining), daemon=True).start()

    signal.signal(signal.SIGTERM, begin)
    signal.signal(signal.SIGINT, begin)


def _drain(stop: threading.Event, remaining: Callable[[], int]) -> None:
    try:
        wait_until_drained(remaining)
    finally:
        stop.set()


def wait_until_drained(
    remaining: Callable[[], int],
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until nothing remains, nothing more is finished, or the time is over."""
    left = remaining()
    give_up_at = now() + LONGEST_DRAIN_S
    last_progress = now()
    while left and now() < give_up_at and now() - last_progress < STUCK_AFTER_S:
        sleep(_LOOK_EVERY_S)
        before, left = left, remaining()
        if left < before:
            last_progress = now()
