"""The `callvault` command: finds the subcommand, runs it, and words what went wrong.

Subcommands are imported only when they are run, so that `--help` answers at once. Exit codes:
0 done, 1 done but something differs or failed, 2 not started because of what was asked or set.
"""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module

from callvault import __version__
from callvault.errors import CallvaultError

COMMANDS = (
    "init",
    "serve",
    "simulate",
    "keys",
    "admin",
    "users",
    "cdr",
    "recover",
    "verify",
    "backup",
    "restore",
    "decode",
    "recorder",
    "worker",
    "web",
    "drain",
    "reachable",
)
"""Subcommands, in the order of the help; each is a module of this folder."""

NOT_STARTED = 2

_DESCRIPTION = """\
Callvault records calls, keeps them encrypted, and lets people find and play them.

  callvault serve        run everything on this machine; makes what is missing first
  callvault simulate     place realistic calls to it, and check what was recorded

'callvault COMMAND --help' explains a command."""


def new_parser() -> ArgumentParser:
    """Return the parser of the whole command."""
    parser = ArgumentParser(
        prog="callvault", description=_DESCRIPTION, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"callvault {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name in COMMANDS:
        module = import_module(f"callvault.commands.{name}")
        subparser = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what a user can cause is one line, no traceback."""
    options: Namespace = new_parser().parse_args(arguments)
    os.umask(0o077)  # what a node writes is for its own user
    try:
        return int(options.run(options))
    except CallvaultError as error:
        return _refused(str(error))
    except PermissionError as error:
        return _refused(f"{error.filename}: no permission ({error.strerror})")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 1


def _refused(sentence: str) -> int:
    print(f"callvault: {sentence}", file=sys.stderr)
    return NOT_STARTED
