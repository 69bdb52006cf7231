"""Which settings a command works with: its options, made into a file, overrides and a `Config`.

What was chosen is put into the environment, so that Django's settings and the processes that a
command starts read the same.
"""

import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from callvault.config import Config, load
from callvault.config.load import ENVIRONMENT_VARIABLE, OVERRIDES_VARIABLE
from callvault.errors import ConfigError

FILE_NAME = "callvault.toml"
RESTORE_MARK = "restore-in-progress"
"""In the data folder from the first change of a restore to its last: nothing else starts then."""
DEFAULT_DATA_FOLDER = Path("var")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A node's settings, and where they came from."""

    config: Config
    file: Path
    overrides: tuple[str, ...] = ()

    def export(self, *more: str) -> None:
        """Put the choice into the environment of this process and of those it starts."""
        os.environ[ENVIRONMENT_VARIABLE] = str(self.file)
        os.environ[OVERRIDES_VARIABLE] = "\n".join((*self.overrides, *more))


def add_options(parser: ArgumentParser) -> None:
    """Add the options that every command has."""
    group = parser.add_argument_group("which settings")
    group.add_argument(
        "--data",
        metavar="FOLDER",
        type=Path,
        help="data folder, with callvault.toml in it (default: what CALLVAULT_CONFIG names, "
        f"else {DEFAULT_DATA_FOLDER})",
    )
    group.add_argument(
        "--config", metavar="FILE", type=Path, help="settings file, if it lies elsewhere"
    )
    group.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="one setting, stronger than the file; may be given several times",
    )
    group.add_argument(
        "--log",
        choices=("console", "json"),
        default="console",
        help="form of the log on standard error (default: %(default)s)",
    )


def settings_file(options: Namespace) -> Path:
    """Return where the settings file is, or is to be."""
    if options.config is not None:
        return Path(options.config).resolve()
    if options.data is None and ENVIRONMENT_VARIABLE in os.environ:
        return Path(os.environ[ENVIRONMENT_VARIABLE]).resolve()
    return Path(options.data or DEFAULT_DATA_FOLDER).resolve() / FILE_NAME


def choose(options: Namespace, *, is_restore: bool = False) -> Chosen:
    """Read the settings that the options name. Raises ConfigError for the first that is wrong.

    And for a data folder in which a restore was interrupted, unless it is to go on.
    """
    file = settings_file(options)
    if not file.exists():
        folder = file.parent
        raise ConfigError(str(file), f"not there; 'callvault init --data {folder}' makes it")
    overrides = tuple(options.overrides)
    if options.config is not None and options.data is not None:
        overrides = (f"node.data_folder={Path(options.data).resolve()}", *overrides)
    inherited = tuple(os.environ.get(OVERRIDES_VARIABLE, "").splitlines())
    chosen = Chosen(load(file, overrides=overrides), file, (*inherited, *overrides))
    mark = chosen.config.node.data_folder / RESTORE_MARK
    if mark.exists() and not is_restore:
        raise ConfigError(str(mark), "a restore was interrupted: run 'callvault restore' again")
    chosen.export()
    return chosen
