"""What `callvault simulate` does: people, voices, calls, and the comparison at the end."""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from callvault import clock
from callvault.commands import demo, django_ready
from callvault.commands.amounts import counted
from callvault.commands.progress import ProgressLine
from callvault.commands.senders import Sending, sending_of
from callvault.config import Config
from callvault.errors import ConfigError
from callvault.policy.snapshot import decode
from callvault.recorder import SNAPSHOT_FILE
from callvault.recorder.reachability import listening_ports
from callvault.recorder.server_certificate import ensure_server_certificate
from callvault.simulator.comparison import Listed, PlacedCall, Row, are_all_there, compare
from callvault.simulator.driver import Driver, Progress
from callvault.simulator.preparation import new_preparers
from callvault.simulator.report import table, verdict
from callvault.simulator.script import CallScript, Codec, Wishes, plan_calls, users_of
from callvault.simulator.speech import Speech
from callvault.simulator.wire import LONGEST_STAGGER_S, Placing
from callvault.sip.tls_context import TlsFiles

_ANY = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # noqa: S104 - read from settings, not bound
_POLL_S = 0.25
LONGEST_POLICY_CHANGE_S = 10.0  # two seconds are promised


def simulate(options: Namespace, config: Config) -> int:
    """Place calls, wait for their recordings, print the comparison; return the exit code."""
    target = _target(options, config)
    cache_folder = config.node.data_folder / "simulator" / "speech"
    scripts = _plan(options, cache_folder)
    sending = sending_of(options, scripts, cache_folder)
    if not options.place_only:
        django_ready.set_up()
        with django_ready.database_troubles_told():
            _offer_people(options, config, sending.scripts)
    placing = Placing(
        target=target,
        transport=options.transport,
        tls=_tls_files(cache_folder.parent / "tls") if options.transport == "tls" else None,
        concurrent=options.concurrent,
        seed=options.seed,
        source_address=options.source_address,
        stagger_s=_stagger_s(options),
        srtp=options.srtp,
        srtp_wrong_key=options.srtp_wrong_key,
        media_address=options.media_address,
    )
    calls = _place(placing, sending, cache_folder)
    if options.place_only:
        return _print_faults(calls)
    listed = _wait_for_recordings(calls, options.wait)
    rows = compare(calls, listed, demo.Archive(config).hearing_of)
    return _print(rows)


def _target(options: Namespace, config: Config) -> tuple[str, int]:
    """Return the recorder's address; the own node must be running, or nothing would answer."""
    if options.target is not None:
        return _resolved(*options.target)
    host = _ANY.get(config.sip.bind_address, config.sip.bind_address)
    port = listening_ports(config).get(options.transport, config.sip.listening_tls_port)
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        raise ConfigError(
            "sip.port",
            f"nothing answers at {host}:{port}; start 'callvault serve' first, "
            "or name another recorder with --target",
        ) from None
    return host, port


def _tls_files(folder: Path) -> TlsFiles:
    """Return the simulator's own certificate and key; made at first use, self-signed."""
    files = TlsFiles(folder / "src.crt", folder / "src.key")
    ensure_server_certificate(
        files.certificate, files.key, node="callvault-simulator", addresses=(), now=clock.read().utc
    )
    return files


def _resolved(host: str, port: int) -> tuple[str, int]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:
        raise ConfigError("--target", f"{host} is not a known host") from None
    return str(found[0][4][0]), port


def _plan(options: Namespace, cache_folder: Path) -> list[CallScript]:
    """Plan all calls; on first use that makes their voices, too."""
    wishes = Wishes(
        calls=options.calls,
        shortest_ms=round(options.seconds.shortest * 1000),
        longest_ms=round(options.seconds.longest * 1000),
        codecs=tuple(Codec) if options.codec == "mix" else (Codec(options.codec),),
        hold_share=0.0 if options.sender == "cucm" else options.hold_share,
        unknown_share=options.unknown_share,
        internal_share=1.0 - options.unknown_share if options.mirror else options.internal_share,
    )
    speech = Speech(cache_folder)
    progress = ProgressLine()
    scripts: list[CallScript] = []
    for script in plan_calls(wishes, seed=options.seed, length_of=speech.length_ms):
        scripts.append(script)
        progress.show(f"Writing the calls: {len(scripts)} of {options.calls}")
    progress.end()
    return scripts


def _offer_people(options: Namespace, config: Config, scripts: Sequence[CallScript]) -> None:
    """Create the users whom the calls belong to, if they are missing and it is wanted."""
    missing = demo.missing_people(users_of(scripts))
    if not missing:
        return
    names = ", ".join(f"{person.full_name} ({person.extension})" for person in missing)
    if not _wants_people(options, names):
        print(f"No users were created. Calls of {names} will show under Call decisions.")
        return
    revision = demo.create_people(missing)
    print(f"Created {counted(len(missing), 'demo user')}: {names}.")
    _await_policy(config, revision)


def _wants_people(options: Namespace, names: str) -> bool:
    if options.create_demo_users or options.yes:
        return True
    if not sys.stdin.isatty():
        return False
    question = f"The calls belong to users who are not there yet: {names}.\nCreate them? [y/n] "
    return input(question).strip().lower() in ("y", "yes")


def _await_policy(config: Config, revision: int) -> None:
    """Wait until the recorder of this node has taken over a change of policy."""
    file = config.node.data_folder / SNAPSHOT_FILE
    give_up_at = time.monotonic() + LONGEST_POLICY_CHANGE_S
    while time.monotonic() < give_up_at:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            if decode(file.read_bytes()).revision >= revision:
                return
        time.sleep(_POLL_S)
    print("The recorder does not know the new users yet; calls of theirs may be missing.")


def _stagger_s(options: Namespace) -> float:
    """Spread the first calls over one call's length, so that they do not end all at once."""
    mean_s: float = (options.seconds.shortest + options.seconds.longest) / 2
    return min(LONGEST_STAGGER_S, mean_s / int(options.concurrent))


def _place(placing: Placing, sending: Sending[Any, Any], cache_folder: Path) -> list[PlacedCall]:
    started = time.monotonic()
    progress = ProgressLine()

    def show(now: Progress) -> None:
        progress.show(
            f"{now.over} of {now.of} calls over, {now.in_progress} in progress, "
            f"{now.packets:,} packets sent"
        )

    with new_preparers() as executor, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        driver = Driver(
            placing,
            sending.sender_at(placing),
            executor=executor,
            cache_folder=cache_folder,
            on_progress=show,
        )
        runner.get_loop().add_signal_handler(signal.SIGINT, driver.stop)
        finished = runner.run(driver.run(sending.plans))
    took_s = time.monotonic() - started
    progress.end(f"{counted(len(finished), 'call')} placed in {took_s:.0f} s.")
    return [placed for one in finished for placed in sending.told(one)]


def _wait_for_recordings(calls: Sequence[PlacedCall], wait_s: float) -> Listed:
    """Ask the catalogue until all is there, or the time is over."""
    call_ids = [call_id for call in calls for call_id in call.call_ids]
    progress = ProgressLine()
    give_up_at = time.monotonic() + wait_s
    while True:
        listed = demo.listed(call_ids)
        if are_all_there(calls, listed) or time.monotonic() > give_up_at:
            progress.end()
            return listed
        progress.show(f"{counted(len(listed.recordings), 'recording')} listed")
        time.sleep(_POLL_S)


def _print(rows: Sequence[Row]) -> int:
    print()
    print(table(rows))
    print()
    print(verdict(rows))
    return 1 if any(row.faults for row in rows) else 0


def _print_faults(calls: Sequence[PlacedCall]) -> int:
    faulty = [call for call in calls if call.faults]
    for call in faulty:
        print(f"{call.caller} to {call.callee}: {', '.join(call.faults)}")
    print(f"{len(calls) - len(faulty)} of {len(calls)} calls went as they should.")
    return 1 if faulty else 0
