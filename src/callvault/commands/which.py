"""What the commands that go through recordings have in common: which of them, and from where."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from callvault.commands import logs
from callvault.commands.chosen import choose
from callvault.config import Config
from callvault.errors import ConfigError

SHOWN = 50  # of what went wrong, on the terminal


def add_which(parser: ArgumentParser) -> None:
    """Add the options that choose recordings."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--since",
        metavar="DATE",
        type=moment,
        help="only calls that began then or later: 2026-11-01, or 2026-11-01T18:30 (UTC)",
    )
    which.add_argument("--recording", metavar="ID", type=UUID, help="only this recording")


def moment(text: str) -> datetime:
    """Read a date, or a date and time, as UTC unless it says otherwise."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date, allowed: 2026-11-01") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def node_with_vault(options: Namespace, *, program: str) -> Config:
    """Set up logs and read the settings. Raises ConfigError where no vault is."""
    logs.set_up(options.log, program=program)
    config = choose(options).config
    if not config.vault.folder.is_dir():
        raise ConfigError("vault.folder", f"there is no folder {config.vault.folder}")
    return config


def not_listed(recording_id: UUID) -> ConfigError:
    """Return what is wrong with an id that the catalogue does not have."""
    return ConfigError("--recording", f"the catalogue lists no recording {recording_id}")


def print_some(lines: Sequence[str], *, total: int, hint: str = "") -> None:
    """Print what went wrong, and how much more of it there is."""
    for line in lines[:SHOWN]:
        print(f"  {line}")
    if (more := total - SHOWN) > 0:
        print(f"  and {more} more{hint}")
