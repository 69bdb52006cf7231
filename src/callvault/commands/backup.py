"""`callvault backup`: one file with the database, the settings and, if asked for, the keys."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from callvault import clock
from callvault.commands import django_ready, logs, passphrases
from callvault.commands.amounts import counted, size
from callvault.commands.chosen import add_options, choose
from callvault.commands.progress import ProgressLine
from callvault.errors import BackupRefused, ConfigError

if TYPE_CHECKING:
    from callvault.portal.backups.taking import Taken

HELP = "back up database, settings and, if asked for, keys and recordings"
DESCRIPTION = """\
Make a backup of this system in one file, while it goes on working: the database as it is at one
moment, the settings, the certificates, and the signed head of the audit log.

  callvault backup --to /srv/backup
  callvault backup --to /srv/backup --with-keys --passphrase-file /etc/callvault/backup-passphrase
  callvault backup --to /media/disk/before-the-move.cvbackup --with-keys --with-recordings

Without --with-keys no private key and no password of another server is in it. Without
--with-recordings the recordings themselves are not: they lie in the vault, sealed, and a copy of
the vault is a backup of them. The database is in clear: it says who spoke with whom.

'callvault restore' puts it back."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--to",
        metavar="FOLDER|FILE",
        type=Path,
        required=True,
        help="folder that is there, where the file gets a name with the time; or a new file",
    )
    parser.add_argument(
        "--with-keys",
        action="store_true",
        help="private keys and secrets, too, sealed under a passphrase",
    )
    parser.add_argument(
        "--with-recordings",
        action="store_true",
        help="the objects of the vault, too, sealed as they are (local vaults)",
    )
    passphrases.add_option(parser)
    add_options(parser)


def run(options: Namespace) -> int:
    """Make a backup, and say what is in it."""
    logs.set_up(options.log, program="backup")
    chosen = choose(options)
    if options.passphrase_file is not None and not options.with_keys:
        raise ConfigError("--passphrase-file", "is for --with-keys: nothing else is sealed by it")
    passphrase = passphrases.new_passphrase(options) if options.with_keys else None
    django_ready.set_up()
    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action
    from callvault.portal.backups.models import BackupRun, Origin
    from callvault.portal.backups.schedule import finish
    from callvault.portal.backups.taking import Wanted, file_in, take

    started_at = clock.read().utc

    target = options.to
    if target.is_dir():
        target = file_in(target, chosen.config.node.name, clock.read().utc)
    elif not target.parent.is_dir():
        raise BackupRefused(f"{target.parent} is not there: make it, or mount what belongs there")
    line, done = ProgressLine(), 0

    def advanced(count: int) -> None:
        nonlocal done
        done += count
        line.show(f"{size(done)} written")

    with django_ready.database_troubles_told():
        taken = take(
            chosen.config, chosen.file, target, Wanted(passphrase, options.with_recordings),
            record=lambda told: record_command(Action.BACKED_UP, kind="backup", **told),
            advanced=advanced,
        )  # fmt: skip
        made = BackupRun(origin=Origin.COMMAND, asked_at=started_at, started_at=started_at)
        finish(made, taken)
    line.end()
    _tell(taken, with_recordings=options.with_recordings)
    return 0


def _tell(taken: "Taken", *, with_recordings: bool) -> None:
    manifest = taken.manifest
    print(f"{taken.path}, {size(taken.size_bytes)}")
    people = "1 person" if manifest.people == 1 else f"{manifest.people} people"
    print(f"  database     {counted(manifest.recordings, 'recording')} listed, {people}")
    kept = "sealed under the passphrase" if manifest.with_keys else "not in it: --with-keys"
    print(f"  keys         {kept}")
    vault = f"{counted(manifest.vault_objects, 'object')}, {size(manifest.vault_bytes)}"
    told = vault if with_recordings else "not in it: back up the vault, or --with-recordings"
    print(f"  recordings   {told}")
