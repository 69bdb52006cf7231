"""`callvault recorder`: SIP, media and journals."""

import gc
import logging
import signal
import threading
from argparse import ArgumentParser, Namespace

from callvault.commands import django_ready, logs
from callvault.commands.chosen import add_options, choose
from callvault.commands.ports import explained
from callvault.commands.processes import follow_supervisor, raise_open_files_limit
from callvault.config import Config

HELP = "run the recorder alone"
DESCRIPTION = """\
Run the recorder alone: it answers recording clients and writes journals to the spool; 'callvault
serve' runs it beside the worker and the portal.

It needs the database only for policy (users and trunks). While that is away it works with the
policy it knew last, so calls go on being recorded. When it is told to stop, it ends the calls in
progress by BYE and closes their journals."""

logger = logging.getLogger(__name__)

ALLOCATIONS_BEFORE_COLLECTION = 50_000
"""Objects made, net, before the cyclic collector looks: at hundreds of calls a second its default
of 700 has it go through all dialogs again and again (0.2 ms a call, pauses of 80 ms)."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Record until told to stop."""
    follow_supervisor()
    logs.set_up(options.log, program="recorder")
    config = choose(options).config
    django_ready.set_up()
    # Imported here: capture and database take a second that `--help` need not wait for.
    from callvault.portal.snapshot import SnapshotLoader
    from callvault.recorder import run_recorder
    from callvault.vault import Keyring, Role, seal_key

    _note_open_files(config)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    certificates = Keyring.load(config.vault.key_folder).current(Role.INGEST)
    _calm_the_collector()
    try:
        run_recorder(
            config,
            load_snapshot=SnapshotLoader(),
            ingest_certificates=certificates,
            seal_key=seal_key,
            stop=stop,
        )
    except OSError as error:
        raise explained(config, error) from None
    return 0


def _calm_the_collector() -> None:
    """Let the cyclic collector run seldom, and never over what the start has loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BEFORE_COLLECTION)


def _note_open_files(config: Config) -> None:
    """Raise the limit of open files, and say so where it allows fewer streams than the ports."""
    limit = raise_open_files_limit()
    streams = (config.capture.port_last - config.capture.port_first) // 2
    if limit < 3 * streams:
        logger.info("open files: %d, enough for about %d streams at once", limit, limit // 3)
