"""`callvault recorder`: SIP, media and journals."""

import gc
import logging
import signal
import threading
import time
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from callvault import clock
from callvault.commands import django_ready, logs
from callvault.commands.chosen import add_options, choose
from callvault.commands.ports import explained
from callvault.commands.processes import follow_supervisor, raise_open_files_limit
from callvault.commands.watch import Watch
from callvault.config import Config

if TYPE_CHECKING:
    from callvault.monitoring.live_calls import NodeDoor
    from callvault.recorder.figures import RecorderFigures
    from callvault.recorder.neighbours import Neighbours
    from callvault.vault import CertificatesInUse

HELP = "run the recorder alone"
DESCRIPTION = """\
Run the recorder alone: it answers recording clients and writes journals to the spool; 'callvault
serve' runs it beside the worker and the portal.

It needs the database only for policy (users and trunks). While that is away it works with the
policy it knew last, so calls go on being recorded.

SIGTERM stops it for a restart: calls in progress stay up, and the recorder that is started next
goes on recording them. Ctrl+C (SIGINT) stops it for good: it ends them by BYE. 'callvault drain'
waits for them to end."""

logger = logging.getLogger(__name__)

SILENT_AFTER_S = 10.0
"""The recorder's loop shows figures each second; without any for so long it hangs."""

ALLOCATIONS_BEFORE_COLLECTION = 50_000
"""Objects made, net, before the cyclic collector looks: at hundreds of calls a second its default
of 700 has it go through all dialogs again and again (0.2 ms a call, pauses of 80 ms)."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Record until told to stop."""
    config = _ready(options)
    # Imported here: capture and database take a second that `--help` need not wait for.
    from callvault.commands.recorder_stopped import wait_while_stopped
    from callvault.portal.snapshot import SnapshotLoader
    from callvault.recorder import run_recorder
    from callvault.recorder.draining import write_order
    from callvault.vault import seal_key

    _note_open_files(config)
    stop, is_for_good = threading.Event(), threading.Event()

    def begin(sign: int, _: object) -> None:
        if sign == signal.SIGINT:
            is_for_good.set()
        stop.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, begin)
    data_folder = config.node.data_folder
    signal.signal(signal.SIGUSR1, lambda *_: write_order(data_folder, now_ns=time.time_ns()))
    certificates = _ingest_certificates(config, stop)
    _calm_the_collector()
    at = config.metrics.bind_address, config.metrics.recorder_port
    watch = Watch("recorder", *at, silent_after_s=SILENT_AFTER_S)

    def show(figures: "RecorderFigures") -> None:
        watch.show(figures.samples(), not_ready=figures.status if figures.refusal else "")
        watch.alive(figures.status)

    try:
        with watch:
            if not wait_while_stopped(config, stop, watch):
                return 0
            run_recorder(
                config,
                load_snapshot=SnapshotLoader(),
                ingest_certificates=certificates,
                seal_key=seal_key,
                stop=stop,
                show=show,
                keeps_calls=lambda: not is_for_good.is_set(),
                neighbours=_neighbours(config.node.name),
            )
    except OSError as error:
        raise explained(config, error) from None
    return 0


def _ready(options: Namespace) -> Config:
    """Return the settings, once logs and database can be used."""
    follow_supervisor()
    logs.set_up(options.log, program="recorder")
    config = choose(options).config
    django_ready.set_up()
    return config


def _neighbours(own: str) -> "Neighbours":
    """Return the other nodes, as the catalogue tells of them."""
    from callvault.portal.live.wishes import leave
    from callvault.portal.nodes.doors import doors_of_others
    from callvault.portal.reach import catalogue_reached
    from callvault.recorder.neighbours import Neighbours

    @catalogue_reached()
    def load() -> "list[NodeDoor]":
        return doors_of_others(own, now=clock.read().utc)

    return Neighbours(load, leave)


def _ingest_certificates(config: "Config", stop: threading.Event) -> "CertificatesInUse":
    """Return what journals are sealed to, kept up to date until the recorder stops."""
    from callvault.vault import CertificatesInUse, KeyWatch, Role

    keys = KeyWatch(config.vault.key_folder)
    threading.Thread(target=keys.run, args=(stop,), daemon=True).start()
    return CertificatesInUse(keys, Role.INGEST)


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
