"""`callvault keys protect` and `unprotect`: whether private keys lie encrypted, and under what."""

import os
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from callvault.commands import django_ready
from callvault.commands.amounts import counted
from callvault.commands.chosen import add_options
from callvault.errors import ConfigError

if TYPE_CHECKING:
    from callvault.config import Config
    from callvault.vault import KeyProtection
    from callvault.vault.protection import Source

ACTIONS = ("protect", "unprotect")
_DESCRIPTION = """\
Encrypt the private keys of certificates under a passphrase that lies elsewhere: in a file outside
of the data folder, or with systemd, which hands it to the service alone. Whoever copies the data
folder, or a disk or backup of it, has no key then. Root on this machine has them all the same.

  callvault keys protect --file /etc/callvault/key-passphrase --make
  callvault keys protect --credential callvault-keys

The same command changes the passphrase: name another file. Running programs go on meanwhile.
Without the passphrase the keys open nothing any more: keep a copy elsewhere."""


def add_actions(actions: "_SubParsersAction[ArgumentParser]") -> None:
    """Add `keys protect` and `keys unprotect`."""
    protect = actions.add_parser(
        "protect", help="encrypt private keys under a passphrase", description=_DESCRIPTION
    )
    where = protect.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--file", metavar="FILE", type=Path, help="file that holds it, 32 characters or more"
    )
    where.add_argument("--credential", metavar="NAME", help="credential of systemd that is it")
    protect.add_argument(
        "--make", action="store_true", help="draw a passphrase and write the file, mode 0600"
    )
    add_options(protect)
    unprotect = actions.add_parser("unprotect", help="write private keys in clear again")
    add_options(unprotect)


def run(options: Namespace, config: "Config") -> int:
    """Change how keys are protected, and write that down."""
    django_ready.set_up()
    from django.db import transaction

    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action
    from callvault.vault import protection

    folder = config.vault.key_folder
    source = _source(options, config) if options.action == "protect" else None
    before = protection.state_of(folder)
    with django_ready.database_troubles_told(), transaction.atomic():
        record_command(
            Action.SETTINGS_CHANGED, kind="settings", fields=["key_protection"],
            old={"key_protection": [str(one) for one in before.places]},
            new={"key_protection": [str(source)] if source else []},
        )  # fmt: skip
        if source is not None:
            protection.protect(folder, source)
        else:
            protection.unprotect(folder)
    print("\n".join(told(protection.state_of(folder))))
    return 0


def told(state: "KeyProtection") -> Iterator[str]:
    """Say how private keys lie on this machine."""
    if not state.total:
        yield "none on this machine"
        return
    if state.plain:
        keys = counted(state.plain, "private key")
        yield f"{keys} in clear (mode 0600): whoever reads the data folder has them"
    if state.encrypted:
        keys = counted(state.encrypted, "private key")
        places = " or ".join(str(one) for one in state.places) or "a place that nothing names"
        yield f"{keys} encrypted, passphrase: {places}"
    if state.locked:
        yield f"{state.locked} of them open nothing: their passphrase cannot be read here"


def _source(options: Namespace, config: "Config") -> "Source":
    from callvault.vault import protection

    if options.credential is not None:
        if options.make:
            raise ConfigError("--make", "is for --file: systemd-creds makes a credential")
        return protection.credential_source(options.credential)
    file = options.file.absolute()
    for inner in (config.node.data_folder, config.vault.key_folder):
        if file.resolve().is_relative_to(inner.resolve()):
            raise ConfigError(
                str(file),
                f"lies within {inner}: whoever copies that has passphrase and keys",
            )
    if options.make:
        _make(file, protection.new_passphrase())
    return protection.file_source(file)


def _make(file: Path, passphrase: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(passphrase + "\n")
            opened.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise ConfigError(str(file), f"cannot be made: {error.strerror}") from None
