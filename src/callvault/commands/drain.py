"""`callvault drain`: no new calls, and those in progress end by themselves."""

import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from callvault import clock
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError

HELP = "take no new calls; end when those in progress have ended"
DESCRIPTION = """\
Take a recorder out of service without cutting a call: new calls get 503 with Retry-After, so that
phone systems go elsewhere; calls in progress end by themselves; then the recorder ends with exit
code 0. Under systemd and 'callvault serve' it is started again: that is how an upgrade takes hold.
With --stay it does not end, and takes no calls until --undo, over restarts too. With --stop it ends
and stays ended until --undo, over restarts too: calls that are left after the limit are ended.

This waits and says how many calls are left. Ctrl+C ends the waiting, not the draining."""

LONGEST_MINUTES = 1440
_LOOK_EVERY_S = 0.5
_FRESH_NS = 10_000_000_000


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--limit",
        metavar="MINUTES",
        type=int,
        default=60,
        help="end after so long, whatever calls are left (default: %(default)s)",
    )
    after = parser.add_mutually_exclusive_group()
    after.add_argument(
        "--stay", action="store_true", help="go on refusing calls, instead of ending"
    )
    after.add_argument("--stop", action="store_true", help="end, and stay ended until --undo")
    after.add_argument("--undo", action="store_true", help="take calls again")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the last call")
    add_options(parser)


def run(options: Namespace) -> int:
    """Give the order, and wait until it is carried out."""
    # Imported here: the recorder's libraries, which `--help` need not load.
    from callvault.recorder.draining import withdraw_order, write_order

    if not 1 <= options.limit <= LONGEST_MINUTES:
        raise ConfigError("--limit", f"{options.limit}, allowed: 1 to {LONGEST_MINUTES}")
    data_folder = choose(options).config.node.data_folder
    if options.undo:
        was_there = withdraw_order(data_folder)
        print("the recorder takes calls again" if was_there else "it was not draining")
        return 0
    now_ns = clock.read().realtime_ns
    write_order(
        data_folder,
        now_ns=now_ns,
        longest_s=options.limit * 60,
        stays=options.stay,
        stops=options.stop,
    )
    if options.no_wait:
        return 0
    return _wait(data_folder, stays=options.stay)


class _Beat(msgspec.Struct, frozen=True):
    """What the recorder says of itself each second, as far as it is of use here."""

    at_ns: int
    calls: int = 0
    is_draining: bool = False
    is_stopped: bool = False


def _wait(data_folder: Path, *, stays: bool) -> int:
    """Tell how many calls are left, until none is and the order is carried out."""
    from callvault.recorder.draining import is_stopped

    told = -1
    while True:
        beat = _read_beat(data_folder)
        if beat is None and is_stopped(data_folder):  # ended, and nothing starts it again
            print("drained")
            return 0
        if beat is None:
            print("no recorder runs here; one that starts will follow the order", file=sys.stderr)
            return 1
        if beat.is_draining and beat.calls != told:
            told = beat.calls
            print(f"{told} call{'' if told == 1 else 's'} left", flush=True)
        if _is_done(data_folder, beat, stays=stays):
            print("drained")
            return 0
        time.sleep(_LOOK_EVERY_S)


def _is_done(data_folder: Path, beat: _Beat, *, stays: bool) -> bool:
    from callvault.recorder.draining import is_stopped, read_order

    if stays:
        return beat.is_draining and beat.calls == 0
    # Ports are closed when the next recorder waits, not yet when the order is carried out.
    return read_order(data_folder) is None or (is_stopped(data_folder) and beat.is_stopped)


def _read_beat(data_folder: Path) -> _Beat | None:
    """Return the recorder's last word, if it is fresh."""
    from callvault.recorder import HEARTBEAT_FILE

    try:
        beat = msgspec.json.decode((data_folder / HEARTBEAT_FILE).read_bytes(), type=_Beat)
    except (OSError, msgspec.DecodeError):
        return None
    return beat if clock.read().realtime_ns - beat.at_ns <= _FRESH_NS else None
