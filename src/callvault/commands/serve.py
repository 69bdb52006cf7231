"""`callvault serve`: recorder, worker and portal of one machine, started, watched and stopped."""

import asyncio
import fcntl
import logging
import os
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from callvault import clock
from callvault.commands import logs, ports
from callvault.commands.chosen import add_options, choose, settings_file
from callvault.commands.init import ADMINISTRATOR, FirstStart, write_settings_file
from callvault.commands.late_database import complete, make_ready_if_possible
from callvault.commands.readiness import addresses_of, is_up, own_address
from callvault.commands.supervisor import Program, Supervisor, callvault_command
from callvault.commands.watch import Watch
from callvault.commands.web_tls import certificate_told
from callvault.config import Config
from callvault.errors import ConfigError
from callvault.monitoring import Notifier
from callvault.sip.sockets import shown

HELP = "run recorder, worker and portal on this machine"
DESCRIPTION = """\
Run everything on this machine: the recorder (SIP and media), the worker (from journals to sealed
recordings) and the portal. What is missing is made first, as 'callvault init' does.

When all are up, it prints where the portal is, the administrator's one-time password while nobody
has signed in with it, and the SIP address. A program that ends is started again. Ctrl+C or SIGTERM
stops all in order: the recorder, then the worker, which finishes what is there, and the portal.
Ctrl+C ends the calls in progress; SIGTERM, as service managers send it, leaves them to the next
start, which goes on recording them."""

THIS_MACHINE = ("localhost", "127.0.0.1", "::1", "[::1]")
LOCK_NAME = "serve.lock"
LONGEST_START_S = 60.0
WATCHDOG_EVERY_S = 1.0
SILENT_AFTER_S = 60.0
# The recorder closes journals; the worker finishes those that are closed, within bounds: what is
# left is finished after the next start.
GRACE_S = {"recorder": 15.0, "worker": 30.0, "web": 10.0}

logger = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Make ready, start all, and stay until told to stop."""
    logs.set_up(options.log, program="serve")
    write_settings_file(settings_file(options))
    chosen = choose(options)
    with only_one(chosen.config.node.data_folder):
        found = ports.chosen_by_us(chosen.config)
        if found:
            options.overrides += found
            chosen = choose(options)
        ports.check(chosen.config)
        ready = make_ready_if_possible(chosen)
        return asyncio.run(_serve(ready, options.log))


@contextmanager
def only_one(data_folder: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises ConfigError if another serve has it."""
    data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                "node.data_folder",
                f"{data_folder} is in use by another 'callvault serve'; stop that one, "
                "or choose another folder with --data",
            ) from None
        yield
    finally:
        os.close(descriptor)


async def _serve(ready: FirstStart, log: logs.Form) -> int:
    notifier = Notifier.from_environment()  # before any program starts: they have no say
    supervisor = Supervisor(
        [
            Program(name, callvault_command(name, "--log", log), grace_s)
            for name, grace_s in GRACE_S.items()
        ]
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, supervisor.stop, sign)
    loop.add_signal_handler(signal.SIGUSR1, _drain, ready.chosen.config)
    beside = [asyncio.create_task(_announce(ready, supervisor, notifier))]
    if not ready.is_complete:
        beside.append(asyncio.create_task(complete(ready)))
    try:
        return await supervisor.run()
    finally:
        for task in beside:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*beside)


def _drain(config: Config) -> None:
    """Have the recorder drain; it is started again when it has ended."""
    # Imported here: the recorder's libraries, which this process needs for nothing else.
    from callvault.recorder.draining import write_order

    write_order(config.node.data_folder, now_ns=clock.read().realtime_ns)


async def _announce(ready: FirstStart, supervisor: Supervisor, notifier: Notifier) -> None:
    """Say once where everything is, when it is there; and to systemd, that we go on."""
    config = ready.chosen.config
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + LONGEST_START_S
    while not await is_up(config):
        if supervisor.is_stopping:
            return
        if loop.time() > give_up_at:
            logger.error("not everything is up after %.0f s; the log says why", LONGEST_START_S)
            return
        await asyncio.sleep(0.1)
    print(announcement(ready), flush=True)
    with Watch("serve", config.metrics.bind_address, 0, SILENT_AFTER_S, notifier) as watch:
        while not supervisor.is_stopping:
            watch.alive("recorder, worker and portal run")
            await asyncio.sleep(WATCHDOG_EVERY_S)


def announcement(ready: FirstStart) -> str:
    """Return the block that tells where portal, SIP and data are."""
    config = ready.chosen.config
    lines = ["", "Callvault is running.", "", f"  Portal        {_portal_url(config)}"]
    if config.web.speaks_https:
        lines += [f"  Certificate   {line}" for line in certificate_told(config.web)]
    if ready.one_time_password is not None:
        lines += [
            f"  Sign in as    {ADMINISTRATOR}",
            f"  Password      {ready.one_time_password} (one-time: you choose your own next)",
        ]
    hosts = addresses_of(config)
    sip = " and ".join(shown((host, config.sip.port)) for host in hosts)
    lines.append(f"  SIP           {sip}, UDP and TCP")
    if config.sip.tls:
        tls = " and ".join(shown((host, config.sip.listening_tls_port)) for host in hosts)
        lines.append(f"                {tls}, TLS")
    lines += [
        f"  Data folder   {config.node.data_folder}",
        "",
        "  Ctrl+C stops it.",
        "",
    ]
    return "\n".join(lines)


def _portal_url(config: Config) -> str:
    """Return the address to type: by a name where people come from elsewhere."""
    web = config.web
    if not web.speaks_https:
        return f"http://{_in_url(web.bind_address)}:{web.port}"
    elsewhere = [name for name in web.host_names if name not in THIS_MACHINE and "*" not in name]
    here = "localhost" if web.is_on_loopback else own_address(web.bind_address)
    return f"https://{_in_url((*elsewhere, here)[0].lstrip('.'))}:{web.port}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
