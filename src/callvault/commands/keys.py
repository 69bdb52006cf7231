"""`callvault keys`: the certificates that recordings and journals are sealed to."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from callvault.commands import django_ready, key_protection
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError

if TYPE_CHECKING:  # keys take a moment to load that `--help` need not wait for
    from callvault.vault import Certificate, Entry, PrivateKey

HELP = "list and import certificates, and protect private keys"
DESCRIPTION = """\
Certificates and private keys of this node.

  callvault keys list
  callvault keys import auditor.pem
  callvault keys import archive.pfx --use
  callvault keys protect --file /etc/callvault/key-passphrase --make

Journals of calls are sealed to the ingest certificate, recordings to the archive certificates.
Without a private key a certificate can seal here but not open: leave it out on machines that
need not play."""

_IMPORT_DESCRIPTION = """\
Add a certificate from a PEM, DER or PFX file, with its private key if the file holds one.

The certificate opens what was sealed to it from now on, for instance recordings of a backup. With
--use new recordings are sealed to it, too, in place of the present one, within seconds."""

ROLES = ("archive", "ingest")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the actions with their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="show all certificates")
    add_options(listing)
    importing = actions.add_parser(
        "import", help="add a certificate from a file", description=_IMPORT_DESCRIPTION
    )
    importing.add_argument("file", metavar="FILE", type=Path, help="PEM, DER or PFX file")
    importing.add_argument(
        "--role", choices=ROLES, default="archive", help="what it seals (default: %(default)s)"
    )
    importing.add_argument("--name", help="name of its files here (default: that of FILE)")
    importing.add_argument(
        "--key", metavar="FILE", type=Path, help="private key, if it lies in a file of its own"
    )
    importing.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=Path,
        help="file that holds the passphrase (default: it is asked for, where there is one)",
    )
    importing.add_argument(
        "--use", action="store_true", help="seal to this certificate from now on"
    )
    add_options(importing)
    key_protection.add_actions(actions)


def run(options: Namespace) -> int:
    """Do what is asked."""
    config = choose(options).config
    folder = config.vault.key_folder
    if options.action in key_protection.ACTIONS:
        return key_protection.run(options, config)
    return _list(folder) if options.action == "list" else _import(options, folder)


def _list(folder: Path) -> int:
    from callvault.vault import Keyring
    from callvault.vault import key_protection as state_of

    for entry in Keyring.load(folder).entries():
        info = entry.certificate.info
        print(f"{entry.role.value}  {entry.name}{'  (in use)' if entry.is_current else ''}")
        print(f"    subject      {info.subject}{', self-signed' if info.self_signed else ''}")
        print(f"    fingerprint  SHA-256 {info.fingerprint}")
        print(f"    valid until  {info.not_after:%Y-%m-%d}, {info.key_kind}")
        print(f"    private key  {_told_of_key(entry)}")
    print("\n".join(key_protection.told(state_of(folder))))
    return 0


def _told_of_key(entry: "Entry") -> str:
    if entry.is_locked:
        return "on this machine, encrypted, and its passphrase is not here"
    if entry.private_key is None:
        return "not here"
    return "on this machine, encrypted" if entry.is_encrypted else "on this machine, in clear"


def _import(options: Namespace, folder: Path) -> int:
    from callvault.vault import Role, add_certificate, use_certificates

    role = Role(options.role)
    certificate, private_key = _read(options)
    name = options.name or options.file.name.lower().partition(".")[0]  # archive-1.crt.pem
    with _written_down(
        certificate, name=f"{role.value}/{name}", has_key=private_key is not None, use=options.use
    ):
        add_certificate(folder, role, name, certificate, private_key=private_key)
        if options.use:
            use_certificates(folder, role, [name])
    print(f"Added {role.value} certificate {name}: {certificate.info}")
    print("Its private key is on this machine now." if private_key else "It came without a key.")
    if options.use:
        print("New objects are sealed to it from now on.")
    return 0


@contextmanager
def _written_down(certificate: "Certificate", **told: object) -> Iterator[None]:
    """Write into the audit log what is done within; where that cannot be, it is not done."""
    django_ready.set_up()
    from django.db import transaction

    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action

    with django_ready.database_troubles_told(), transaction.atomic():
        sha256 = certificate.info.sha256
        record_command(Action.CERTIFICATE_IMPORTED, kind="certificate", object_id=sha256, **told)
        yield


def _read(options: Namespace) -> "tuple[Certificate, PrivateKey | None]":
    """Read certificate and key; a passphrase is only asked for where the file wants one."""
    from callvault.vault import load_certificate, load_pfx, load_private_key

    data = _bytes_of(options.file)
    if options.file.suffix.lower() in (".pfx", ".p12"):
        return load_pfx(data, password=_passphrase(options))
    if b"PRIVATE KEY-----" in data and b"CERTIFICATE-----" not in data:
        raise ConfigError(
            str(options.file), "holds a key only; give the certificate, and this file with --key"
        )
    key_data = _bytes_of(options.key) if options.key is not None else data
    if options.key is None and b"PRIVATE KEY-----" not in data:
        return load_certificate(data), None
    password = _passphrase(options) if b"ENCRYPTED" in key_data else None
    return load_certificate(data), load_private_key(key_data, password=password)


def _passphrase(options: Namespace) -> bytes:
    if options.passphrase_file is not None:
        return _bytes_of(options.passphrase_file).rstrip(b"\r\n")
    return getpass(f"Passphrase of {options.file.name}: ").encode()


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(str(file), f"cannot be read: {error.strerror}") from None
