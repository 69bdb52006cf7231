"""The passphrase of a backup: from a file, the environment, or a terminal; never an argument."""

import os
import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass
from pathlib import Path

from callvault.errors import ConfigError

VARIABLE = "CALLVAULT_BACKUP_PASSPHRASE"
MAX_FILE_BYTES = 4096


def add_option(parser: ArgumentParser) -> None:
    """Add the option that names the file."""
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=Path,
        help=f"file that holds the passphrase of the keys (default: {VARIABLE} of the "
        "environment, else it is asked for)",
    )


def new_passphrase(options: Namespace) -> bytes:
    """Return a passphrase for a new backup; on a terminal it is asked for twice."""
    found = _given(options)
    if found is None:
        found = _asked("Passphrase for the keys: ")
        if found != _asked("The same again: "):
            raise ConfigError("passphrase", "the two are not the same")
    return checked(found)


def known_passphrase(options: Namespace, file: Path) -> bytes:
    """Return the passphrase of a backup that there is."""
    found = _given(options)
    return _asked(f"Passphrase of {file.name}: ") if found is None else found


def checked(passphrase: bytes) -> bytes:
    """Refuse a passphrase that is soon guessed: whoever has the file tries as often as he likes."""
    from callvault.backup.passphrase import SHORTEST  # takes a moment that --help need not wait

    if len(passphrase.decode("utf-8", errors="replace")) < SHORTEST:
        raise ConfigError("passphrase", f"too short, allowed: at least {SHORTEST} characters")
    return passphrase


def read_file(path: Path) -> bytes:
    """Return the passphrase in a file, without its last line break."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).rstrip(b"\r\n")
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from None


def _given(options: Namespace) -> bytes | None:
    if options.passphrase_file is not None:
        return read_file(options.passphrase_file)
    if VARIABLE in os.environ:
        return os.environ[VARIABLE].encode()
    return None


def _asked(prompt: str) -> bytes:
    if not sys.stdin.isatty():
        raise ConfigError("passphrase", f"no terminal to ask on: --passphrase-file or {VARIABLE}")
    return getpass(prompt).encode()
