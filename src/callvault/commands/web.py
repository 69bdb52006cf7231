"""`callvault web`: the portal, served by granian."""

import os
import threading
from argparse import ArgumentParser, Namespace

from callvault.commands import logs
from callvault.commands.chosen import add_options, choose
from callvault.commands.ports import check_web_address
from callvault.commands.processes import follow_supervisor
from callvault.commands.watch import Watch
from callvault.commands.web_watch import watch_portal

HELP = "run the portal alone"
DESCRIPTION = """\
Run the portal alone; 'callvault serve' runs it beside the recorder and the worker.

It serves plain HTTP on loopback only. To let others in, put a reverse proxy with TLS in front and
name the address people use in web.host_names."""

APPLICATION = "callvault.commands.wsgi:application"
# A download holds a thread until its last byte is out.
THREADS_A_WORKER = 8
STOP_WITHIN_S = 5
SILENT_AFTER_S = 30.0
"""The portal is asked every five seconds; without an answer for so long it hangs."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Serve until told to stop."""
    follow_supervisor()
    logs.set_up(options.log, program="web")
    config = choose(options).config
    check_web_address(config)
    # Imported here: a server that `--help` need not load.
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ[logs.FORM_VARIABLE] = options.log  # for the processes that granian starts
    server = Granian(
        APPLICATION,
        address=config.web.bind_address,
        port=config.web.port,
        interface=Interfaces.WSGI,
        workers=config.web.workers,
        blocking_threads=THREADS_A_WORKER,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN_S,
        websockets=False,
        log_level=LogLevels.error,  # below it greets, and doubts our threads
        log_dictconfig=_logging_of_granian(),
    )
    stop = threading.Event()
    port = config.metrics.web_port
    with Watch("web", config.metrics.bind_address, port, silent_after_s=SILENT_AFTER_S) as watch:
        watching = threading.Thread(target=watch_portal, args=(watch, config.web, stop))
        watching.start()
        try:
            server.serve()
        finally:
            stop.set()
            watching.join()
    return 0


def _logging_of_granian() -> dict[str, object]:
    """Send granian's log where ours goes."""
    return {
        "loggers": {"_granian": {"handlers": [], "propagate": True}},
        "handlers": {},
        "formatters": {},
    }
