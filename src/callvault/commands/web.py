"""`callvault web`: the portal, served by granian."""

import os
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from callvault.commands import logs
from callvault.commands.chosen import add_options, choose
from callvault.commands.processes import follow_supervisor
from callvault.commands.watch import Watch
from callvault.commands.web_redirect import Redirector
from callvault.commands.web_tls import (
    CertificateWatch,
    files_of,
    make_certificate,
    wait_until_usable,
)
from callvault.commands.web_watch import watch_portal
from callvault.config.sections import WebConfig

HELP = "run the portal alone"
DESCRIPTION = """\
Run the portal alone; 'callvault serve' runs it beside the recorder and the worker.

On loopback it serves plain HTTP. To let others in, set web.bind_address and name in web.host_names
what people type: it is HTTPS then, by a certificate made at the first start or your own. Or put a
reverse proxy with TLS in front and name its address in web.trusted_proxies."""

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
    web = config.web
    if web.speaks_https:
        make_certificate(config)
        wait_until_usable(files_of(web))
    os.environ[logs.FORM_VARIABLE] = options.log  # for the processes that granian starts
    stop = threading.Event()
    port = config.metrics.web_port
    with (
        Watch("web", config.metrics.bind_address, port, silent_after_s=SILENT_AFTER_S) as watch,
        _beside(web, watch, stop, config.node.data_folder),
    ):
        _serve(web)
    return 0


def _serve(web: WebConfig) -> None:
    """Serve until a signal ends it."""
    # Imported here: a server that `--help` need not load.
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.log import LogLevels

    server = Granian(
        APPLICATION,
        address=web.bind_address,
        port=web.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # where a download holds a thread, streams in one line gain nothing
        workers=web.workers,
        blocking_threads=THREADS_A_WORKER,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN_S,
        websockets=False,
        log_level=LogLevels.error,  # below it greets, and doubts our threads
        log_dictconfig=_logging_of_granian(),
        ssl_cert=web.tls_certificate if web.speaks_https else None,
        ssl_key=web.tls_key if web.speaks_https else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    server.serve()


@contextmanager
def _beside(
    web: WebConfig, watch: Watch, stop: threading.Event, data_folder: Path
) -> Iterator[None]:
    """Run what goes on beside the server: looks at the portal and its files, and the redirect."""
    certificate = CertificateWatch(files_of(web)) if web.speaks_https else None
    redirector = Redirector(web) if web.redirect_port else None
    looks = partial(watch_portal, watch, web, stop, certificate, data_folder=data_folder)
    threads = [threading.Thread(target=looks)]
    if certificate is not None:
        threads.append(threading.Thread(target=certificate.run, args=(stop,)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        if redirector is not None:
            redirector.close()


def _logging_of_granian() -> dict[str, object]:
    """Send granian's log where ours goes."""
    return {
        "loggers": {"_granian": {"handlers": [], "propagate": True}},
        "handlers": {},
        "formatters": {},
    }
