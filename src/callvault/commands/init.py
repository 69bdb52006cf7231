"""`callvault init`: everything a node needs before its first call. Can be repeated."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from callvault.commands import django_ready
from callvault.commands.chosen import Chosen, add_options, choose, settings_file
from callvault.config import default_toml

HELP = "make data folder, settings, database, first certificates and first administrator"
DESCRIPTION = """\
Make what a node needs before its first call: the data folder with callvault.toml, the database,
a first certificate for journals and one for recordings (self-signed), a trunk that lets this
machine in, and a first administrator with a one-time password.

What is there already stays as it is, so the command can be repeated; it also brings the database
up to date after an upgrade. 'callvault serve' does all of this by itself."""

ADMINISTRATOR = "admin"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """A node that is ready to start."""

    chosen: Chosen
    one_time_password: str | None  # of the administrator who never signed in; None: all did
    is_complete: bool = True  # False: the database was away, and may lack tables


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Make what is missing, and say where things are."""
    write_settings_file(settings_file(options))
    ready = make_ready(choose(options))
    print(f"Data folder   {ready.chosen.config.node.data_folder}")
    print(f"Settings      {ready.chosen.file}")
    if ready.one_time_password is not None:
        print(f"Sign in as    {ADMINISTRATOR}, one-time password {ready.one_time_password}")
    print("Everything is there. 'callvault serve' starts it.")
    return 0


def write_settings_file(file: Path) -> None:
    """Write a settings file where there is none: every setting, explained, at its default."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        file.write_text(default_toml(), encoding="utf-8")


def make_ready(chosen: Chosen) -> FirstStart:
    """Make folders, certificates, tables and the first administrator, where they are missing."""
    config = chosen.config
    for folder in (config.node.data_folder, config.spool.folder, config.vault.folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Imported here: keys and Django take a second that `--help` need not wait for.
    from callvault.vault import audit_key, create_first_certificates

    create_first_certificates(config.vault.key_folder, node_name=config.node.name)
    audit_key(config.vault.key_folder)
    django_ready.set_up()
    from callvault.portal import first_start

    first_start.collect_static_files()
    with django_ready.database_troubles_told(), first_start.alone():
        first_start.prepare_database()
        password = first_start.create_first_administrator(ADMINISTRATOR)
    django_ready.close_connections()
    return FirstStart(chosen, password)
