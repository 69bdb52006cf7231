"""`callvault restore`: a system from the file of a backup."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from callvault import clock
from callvault.commands import django_ready, logs, passphrases
from callvault.commands.amounts import counted, size
from callvault.commands.chosen import RESTORE_MARK, Chosen, add_options, choose, settings_file
from callvault.commands.progress import ProgressLine
from callvault.commands.serve import only_one
from callvault.errors import BackupRefused, ConfigError

if TYPE_CHECKING:
    from callvault.backup import BackupFile, Manifest
    from callvault.portal.backups.putting_back import PutBack
    from callvault.portal.backups.stricter import Known

HELP = "put a backup back, into an empty place or in the place of what is there"
DESCRIPTION = """\
Put back what 'callvault backup' saved: database, settings, certificates, and, with the passphrase,
keys. The whole file is checked first; one that is damaged, cut off or of a newer version is
refused, and nothing is changed.

  callvault restore callvault-1.cvbackup --data /var/lib/callvault
  callvault restore callvault-1.cvbackup --data /var/lib/callvault --replace

Callvault must be stopped. Where there is a database already, --replace puts the backup in its
place; a SQLite file stays beside it. Interrupted at any moment, the same command goes on.

What was deleted since the backup stays deleted, 'Nobody may delete' and legal holds stay, people
sign in anew, API tokens are revoked, and retention deletes nothing until an administrator has
it go on (Global settings, Retention)."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("file", metavar="FILE", type=Path, help="what 'callvault backup' made")
    parser.add_argument(
        "--replace", action="store_true", help="put it in the place of the present database"
    )
    parser.add_argument(
        "--without-keys", action="store_true", help="leave the keys in the backup where they are"
    )
    parser.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        help="public key that must have signed it: keys/audit/audit-1.pub.pem of the system",
    )
    passphrases.add_option(parser)
    add_options(parser)


def run(options: Namespace) -> int:
    """Check all of the file, put it back, and say what is left to do."""
    logs.set_up(options.log, program="restore")
    from callvault.portal.backups.node_files import check_secrets
    from callvault.portal.backups.versions import check_not_newer

    with closing(_read(options.file)) as backup:
        check_not_newer(backup.manifest)
        opened = _opened(options, backup)
        check_secrets(opened)
        _check_signature(options, backup)
        place = settings_file(options)
        with _settings(place, backup, opened):
            chosen = choose(options, is_restore=True)
            data = chosen.config.node.data_folder
            with only_one(data), _secret_key(data, opened), _disk_troubles_told(data):
                put = _restore(options, backup, opened, chosen)
    _tell(chosen, backup.manifest, put)
    return 0


def _read(file: Path) -> "BackupFile":
    from callvault.backup import BackupFile

    line, done = ProgressLine(), 0

    def advanced(count: int) -> None:
        nonlocal done
        done += count
        line.show(f"checked {size(done)} of {size(total)}")

    try:
        total = file.stat().st_size
        backup = BackupFile(file, advanced=advanced)
    except OSError as error:
        raise BackupRefused(f"{file} cannot be read: {error.strerror}") from None
    except BackupRefused as refused:
        raise BackupRefused(f"{file}: {refused}; nothing was changed") from None
    finally:
        line.end()
    return backup


def _opened(options: Namespace, backup: "BackupFile") -> Mapping[str, bytes]:
    """Return the secrets of the backup, if it has any and they are wanted."""
    from callvault.backup import open_secrets
    from callvault.backup.manifest import SECRETS

    sealed = backup.small.get(SECRETS)
    if sealed is None or options.without_keys:
        return {}
    passphrase = passphrases.known_passphrase(options, options.file)
    tag = backup.signed.tag
    return open_secrets(sealed, passphrase, manifest=backup.manifest_bytes, tag=tag).files


def _check_signature(options: Namespace, backup: "BackupFile") -> None:
    """Check who signed it: by the key that is named, or else by one that came with it."""
    import tempfile

    from callvault.vault import read_audit_keys

    signed = backup.signed
    signature = bytes.fromhex(signed.signature)
    if options.key is not None:
        keys = read_audit_keys(options.key)
    else:
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for name, data in backup.small.items():
                if name.startswith("keys/audit/"):
                    files.append(Path(folder) / name.rpartition("/")[2])
                    files[-1].write_bytes(data)
            keys = read_audit_keys(*files)
    if not keys.verifies(signed.key, signature, backup.manifest_bytes):
        who = f"the key of {options.key}" if options.key else "a key that it holds"
        raise BackupRefused(f"{options.file} is not signed by {who}; nothing was changed")
    print(f"Made {backup.manifest.made_at} on {backup.manifest.node}, signed by {signed.key}")


@contextmanager
def _settings(place: Path, backup: "BackupFile", opened: Mapping[str, bytes]) -> Iterator[None]:
    """Put the settings file in an empty place; and away again if nothing comes of it."""
    from callvault.backup.manifest import SETTINGS
    from callvault.portal.backups.node_files import SECRET_SETTINGS
    from callvault.vault.key_files import write_file

    if place.exists():
        yield
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(place, opened.get(SECRET_SETTINGS, backup.small[SETTINGS]))
    try:
        yield
    except (BackupRefused, ConfigError):
        if not (place.parent / RESTORE_MARK).exists():
            place.unlink(missing_ok=True)
        raise


@contextmanager
def _secret_key(data: Path, opened: Mapping[str, bytes]) -> Iterator[None]:
    """Put the portal's secret key where there is none, before Django draws one; as `_settings`."""
    from callvault.portal.secret_key import FILE_NAME
    from callvault.vault.key_files import write_file

    if FILE_NAME not in opened or (data / FILE_NAME).exists():
        yield
        return
    write_file(data / FILE_NAME, opened[FILE_NAME])
    try:
        yield
    except (BackupRefused, ConfigError):
        if not (data / RESTORE_MARK).exists():
            (data / FILE_NAME).unlink(missing_ok=True)
        raise


@contextmanager
def _disk_troubles_told(data: Path) -> Iterator[None]:
    """Word what the disk refuses, such as to hold more, and how it goes on."""
    try:
        yield
    except OSError as error:
        where = error.filename or data
        raise BackupRefused(
            f"{where}: {error.strerror}; when that is mended, the same command goes on"
        ) from error


def _restore(
    options: Namespace, backup: "BackupFile", opened: Mapping[str, bytes], chosen: Chosen
) -> "PutBack":
    from callvault.vault.key_files import write_file

    data = chosen.config.node.data_folder
    mark = data / RESTORE_MARK
    django_ready.set_up()
    from callvault.portal.backups import putting_back
    from callvault.portal.backups.stricter import Known

    with django_ready.database_troubles_told():
        goes_on = mark.exists()
        if putting_back.is_occupied() and not (options.replace or goes_on):
            raise BackupRefused(
                f"there is a database already ({chosen.config.database.url.partition(':')[0]}): "
                "--replace puts the backup in its place; nothing was changed"
            )
        putting_back.check_place(backup.manifest)
        known = putting_back.ask_present_database()
        putting_back.check_place(backup.manifest)
        if known is None:
            print(
                "The present database cannot be read: what was deleted is asked of the vault, and "
                "legal holds\nplaced since the backup are not known. Look at them before retention "
                "goes on."
            )
        if not goes_on:
            write_file(mark, f"before-restore-{clock.read().utc:%Y%m%dT%H%M%SZ}\n".encode())
        aside = mark.read_text(encoding="ascii").strip()  # what was there first is kept
        put = _put_back(options, backup, opened, chosen, known or Known(), aside)
    django_ready.close_connections()
    mark.unlink()
    return put


def _put_back(
    options: Namespace,
    backup: "BackupFile",
    opened: Mapping[str, bytes],
    chosen: Chosen,
    known: "Known",
    aside: str,
) -> "PutBack":
    from callvault.portal.backups import node_files, putting_back
    from callvault.portal.backups.putting_back import PutBack
    from callvault.vault import LocalStore

    config, manifest = chosen.config, backup.manifest
    line, done = ProgressLine(), 0
    total = options.file.stat().st_size

    def advanced(count: int) -> None:
        nonlocal done
        done += count
        line.show(f"put back {size(done)} of {size(total)}")

    node_files.put_back_certificates(config, backup.small, opened)
    objects = 0
    if manifest.with_recordings:
        objects = putting_back.put_back_objects(backup, LocalStore(config.vault.folder), advanced)
        # It may have taken hours, in which a node was started, or somebody deleted or held.
        putting_back.check_place(manifest)
        known = putting_back.ask_present_database() or known
    told = {
        "file": options.file.name,
        "made_at": manifest.made_at,
        "node": manifest.node,
        "recordings": manifest.recordings,
        "keys": bool(opened),
    }
    upheld = putting_back.put_back_database(
        backup, config, known=known, aside=aside, told=told, advanced=advanced
    )
    line.end()
    node_files.put_back_secrets(config, opened, aside)
    lost = putting_back.put_back_head(backup, config, aside)
    node_files.use_what_opens(config, manifest.certificates)
    return PutBack(upheld, objects, lost)


def _tell(chosen: Chosen, manifest: "Manifest", put: "PutBack") -> None:
    from callvault.portal.backups.node_files import missing_keys
    from callvault.vault import Keyring, Role

    people = "1 person" if manifest.people == 1 else f"{manifest.people} people"
    print(f"Restored {counted(manifest.recordings, 'recording')} and {people}.")
    if put.objects:
        print(f"{counted(put.objects, 'object')} went into the vault.")
    if put.upheld.deleted:
        print(f"{counted(put.upheld.deleted, 'recording')} deleted since stays deleted.")
    if put.upheld.holds:
        print(f"{counted(put.upheld.holds, 'legal hold')} placed since stays in force.")
    if put.upheld.is_banned:
        print("Nobody may delete by hand: that stays.")
    if put.upheld.reopened:
        print("May sign in again, and were deactivated or deleted since:")
        print("  " + ", ".join(put.upheld.reopened))
    if put.lost_head:
        print(f"The audit log ends before {put.lost_head}, when this node signed it last.")
    for entry in missing_keys(chosen.config, manifest.certificates):
        print(f"\nThe private key of this {entry.role.value} certificate is not here:")
        print(f"  {entry.certificate.info}")
        print("  What is sealed to it opens when 'callvault keys import' has brought it.")
    print()
    for role in Role:
        for one in Keyring.load(chosen.config.vault.key_folder).current(role):
            print(
                f"New {'recordings' if role is Role.ARCHIVE else 'calls'} are sealed to {one.info}"
            )
    print(
        "\nEverybody signs in anew, and API tokens are made anew. Retention deletes nothing until "
        "an administrator\nhas it go on: Global settings, Retention."
    )
