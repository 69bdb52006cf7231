"""`callvault verify audit`: follows the chain of the audit log, here or in an exported file."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from callvault.commands import django_ready, logs
from callvault.commands.amounts import counted, duration
from callvault.commands.chosen import choose
from callvault.commands.progress import ProgressLine
from callvault.errors import ConfigError

if TYPE_CHECKING:
    from callvault.config import Config
    from callvault.portal.audit.chain import Finding
    from callvault.portal.audit.checking import Round
    from callvault.portal.audit.offline import Verification

FORM = "callvault-audit-verification-1"
SHOWN = 50  # findings on the terminal
_SHOWN_EVERY = 5000


def run(options: Namespace) -> int:
    """Verify the log here, or a file; 1 when something is wrong."""
    if options.file is not None:
        return _verify_file(options)
    if options.key:
        raise ConfigError("--key", "is for an exported file; here the keys of the node are used")
    logs.set_up(options.log, program="verify")
    config = choose(options).config
    django_ready.set_up()
    with django_ready.database_troubles_told():
        return _accept(config) if options.accept else _verify_here(options, config)


def _verify_file(options: Namespace) -> int:
    from callvault.portal.audit.offline import NoExport, Verification
    from callvault.vault import read_audit_keys

    if not options.key:
        raise ConfigError("--key", "names the public key: keys/audit/audit-1.pub.pem of the system")
    verification = Verification(read_audit_keys(*options.key))
    line, started = ProgressLine(sys.stderr), time.monotonic()
    try:
        with options.file.open("rb") as file:
            for number in verification.read(file):
                if number % _SHOWN_EVERY == 0:
                    line.show(f"{number} lines read")
    except NoExport as error:
        raise ConfigError(str(options.file), str(error)) from None
    except OSError as error:
        raise ConfigError(str(options.file), f"cannot be read: {error.strerror}") from None
    line.end()
    print("\n".join(_told_of_file(verification, time.monotonic() - started)))
    return _concluded(options, verification.findings, entries=verification.entries)


def _told_of_file(verification: "Verification", took_s: float) -> Iterator[str]:
    yield (
        f"{_entries(verification.entries)}, exported {verification.exported_at}, "
        f"in {duration(took_s)}\n"
    )
    kind = "of all entries" if verification.is_complete else "filtered"
    yield f"  export                  {kind}"
    yield f"  signed                  {_signed(verification.signed_up_to, verification.signed_at)}"
    if verification.unsigned:
        yield f"  not signed yet          {_entries(verification.unsigned)} at the end"
    if verification.unchained:
        loose = _entries(verification.unchained)
        yield f"  not chained yet         {loose}: nothing vouches for them"


def _signed(place: int, at: str) -> str:
    return f"up to place {place}, at {at}" if at else "nothing of it"


def _entries(count: int) -> str:
    return f"{count} entry" if count == 1 else f"{count} entries"


def _verify_here(options: Namespace, config: "Config") -> int:
    from callvault.portal.audit import anchor, lease
    from callvault.portal.audit.checking import Round, trusted_start
    from callvault.vault import audit_keys

    state, keys = lease.state(), audit_keys(config.vault.key_folder)
    running = Round(trusted_start(state, keys), config.node.data_folder / anchor.FILE_NAME)
    first, started = running.walk.sequence, time.monotonic()
    findings = list(_followed(running))
    walk = running.walk
    print(f"{_entries(walk.links)} in the chain, in {duration(time.monotonic() - started)}\n")
    if first:
        print(f"  removed by retention    up to place {first}, signed")
    print(f"  signed                  {_signed(walk.signed_up_to, walk.signed_at)}")
    if waiting := _waiting():
        print(f"  not chained yet         {_entries(waiting)}")
    return _concluded(options, findings, entries=walk.links)


def _followed(running: "Round") -> "Iterator[Finding]":
    line = ProgressLine(sys.stderr)
    while not running.is_over:
        running.step()
        yield from running.findings
        line.show(f"{running.walk.links} entries followed")
    line.end()


def _waiting() -> int:
    from callvault.portal.audit.models import Unchained

    return Unchained.objects.count()


def _accept(config: "Config") -> int:
    from callvault.portal.audit.anchor import FILE_NAME
    from callvault.portal.integrity import remembered

    folder = config.node.data_folder
    accept_log(folder / remembered.FILE_NAME)
    return accept_loss(folder / FILE_NAME)


def accept_log(path: Path) -> None:
    """Take the log of recordings as it is for the one to go on from, likewise."""
    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action
    from callvault.portal.integrity import remembered

    head = remembered.read(path)
    if head is None:
        return
    record_command(
        Action.AUDIT_LOSS_ACCEPTED,
        kind="integrity",
        place=head.number,
        digest=head.digest.hex(),
        signed_at=head.at,
    )
    path.rename(path.with_name(f"{path.name}.{head.at.replace(':', '')}"))
    print(f"Accepted: {head.day} of the log of recordings is no longer asked for.")


def accept_loss(path: Path) -> int:
    """Take the chain as it is for the one to go on from: after a backup was put back.

    `path` is the file in which the node remembers the last head.
    """
    from callvault.portal.audit import anchor
    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action

    head = anchor.read(path)
    if head is None:
        print("This node remembers no head of the chain: there is nothing to accept.")
        return 0
    record_command(
        Action.AUDIT_LOSS_ACCEPTED,
        kind="audit",
        place=head.sequence,
        digest=head.digest.hex(),
        signed_at=head.at,
    )
    path.rename(path.with_name(f"{path.name}.{head.at.replace(':', '')}"))
    print(f"Accepted: place {head.sequence}, signed at {head.at}, is no longer asked for.")
    print("The worker goes on from the chain as it is. This stands in the audit log.")
    return 0


def _concluded(options: Namespace, findings: "Iterable[Finding]", *, entries: int) -> int:
    found = list(findings)
    if found:
        print()
    for one in found[:SHOWN]:
        print(f"  {one.problem.value}: {one.text}")
    if len(found) > SHOWN:
        print(f"  and {len(found) - SHOWN} more; --json FILE has them")
    verb = "is" if len(found) == 1 else "are"
    print(f"\n{counted(len(found), 'thing')} {verb} wrong." if found else "\nNothing is wrong.")
    if options.json is not None:
        _write(options.json, found, entries)
    return 1 if found else 0


def _write(file: Path, findings: "list[Finding]", entries: int) -> None:
    document = {
        "format": FORM,
        "entries": entries,
        "wrong": len(findings),
        "findings": [
            {
                "finding": one.problem.value,
                "place": one.sequence,
                "entry": one.entry_id,
                "problem": one.text,
            }
            for one in findings
        ],
    }
    try:
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError("--json", f"{file} cannot be written: {error.strerror}") from None
