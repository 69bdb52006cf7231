"""`callvault verify`: compares the catalogue with the vault, and opens what can be opened."""

import json
import time
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from callvault import clock
from callvault.commands import (
    django_ready,
    key_protection,
    verify_audit,
    verify_evidence,
    verify_log,
)
from callvault.commands.amounts import Advance, counted, duration, size
from callvault.commands.chosen import add_options
from callvault.commands.progress import ProgressLine
from callvault.commands.which import SHOWN, add_which, node_with_vault, not_listed, print_some
from callvault.errors import ConfigError

if TYPE_CHECKING:  # keys and database take a second that `--help` need not wait for
    from callvault.config import Config
    from callvault.vault import KeyProtection, Report, Verification

HELP = "check that all recordings are whole, and the audit log unchanged"
DESCRIPTION = """\
Check every recording of the catalogue against the vault: its objects with their digests, its
envelope, and, where the private key is here, each seal and its sidecar. Then look for objects in
the vault that no recording of the catalogue has. Nothing is changed.

  callvault verify
  callvault verify --since 2026-11-01 --json report.json
  callvault verify --recording 3fa2c1d0-5a7b-4c3e-9d1f-2b3c4d5e6f70

'callvault verify audit' follows the chain of the audit log instead: here, or, with a file and a
public key, that of an export, without the system.

  callvault verify audit
  callvault verify audit callvault-audit.jsonl --key audit-1.pub.pem

'callvault verify evidence' checks recordings that were exported with proofs, on any machine:

  callvault verify evidence evidence-2026-11-27.zip --key audit-1.pub.pem --authority tsa.pem

It reads all of the vault, at low priority, beside a node that is at work, and follows the signed
log of recordings. Exit code 1 says that something is wrong."""

FORM = "callvault-verification-1"
NOT_FOLLOWED = "  signed lines            not followed: that takes all of the log"
_SETTLE_S = 2.0  # between the seal of a recording and its row lie milliseconds


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "what", metavar="audit|evidence", nargs="?", choices=("audit", "evidence"),
        help="the audit log, or recordings that were exported with proofs",
    )  # fmt: skip
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help="the export: JSON lines; folder or ZIP"
    )
    parser.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="public key that signed the export; may be given several times",
    )
    parser.add_argument(
        "--authority",
        metavar="FILE",
        type=Path,
        help="with evidence: certificates of the time-stamp authority that is believed, PEM",
    )
    parser.add_argument(
        "--accept",
        action="store_true",
        help="after an older database was put back: go on from both logs as they are",
    )
    add_which(parser)
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the report to FILE as JSON, too"
    )
    add_options(parser)


def run(options: Namespace) -> int:
    """Verify and report; 1 when something is wrong."""
    if options.what == "audit":
        if options.since is not None or options.recording is not None:
            raise ConfigError("--since, --recording", "are about recordings, not the audit log")
        return verify_audit.run(options)
    if options.what == "evidence":
        return verify_evidence.run(options)
    if options.key or options.accept:
        raise ConfigError("--key, --accept", "are about the audit log: callvault verify audit")
    config = node_with_vault(options, program="verify")
    django_ready.set_up()
    from callvault.vault import key_protection as protection_of

    started = clock.read().utc
    with django_ready.database_troubles_told():
        report, took_s, log = _verify(options, config)
    keys = protection_of(config.vault.key_folder)
    _print_report(report, took_s, keys, log)
    if options.json is not None:
        document = as_json(report, started=started, took_s=took_s, options=options, log=log)
        document["private_keys"] = {
            "plain": keys.plain, "encrypted": keys.encrypted, "locked": keys.locked,
        }  # fmt: skip
        _write(options.json, document)
    return 1 if report.wrong else 0


def _verify(
    options: Namespace, config: "Config"
) -> "tuple[Report, float, verify_log.LogVerified | None]":
    import msgspec

    from callvault.finalise.benches import be_nice
    from callvault.finalise.catalogue import RecordingFacts
    from callvault.portal import listed
    from callvault.portal.storage.scattered import ScatteredStore
    from callvault.vault import Keyring, Verification

    be_nice()
    rows = listed.chosen(since=options.since, recording_id=options.recording)
    recordings, size_bytes = listed.amount(rows)
    if options.recording is not None and not recordings:
        raise not_listed(options.recording)
    sidecar = msgspec.json.Decoder(RecordingFacts)
    verification = Verification(
        ScatteredStore(),
        Keyring.load(config.vault.key_folder),
        still_listed=listed.listed_among,
        speaks_of=lambda data: sidecar.decode(data).assignment.recording_id,
    )
    line, advance = ProgressLine(), Advance("recordings", recordings, size_bytes)
    for one in listed.walk(rows):
        verification.check(one)
        advance.add(one.audio_bytes)
        line.show(str(advance))
        if options.since is not None or options.recording is not None:
            verify_log.of_one(one.recording_id, verification.report)
    log = None
    if options.since is None and options.recording is None:
        _look_for_orphans(verification, line)
        log = verify_log.follow(config, verification.report, line)
    line.end()
    return verification.report, advance.took_s, log


def _look_for_orphans(verification: "Verification", line: ProgressLine) -> None:
    for folders in verification.check_orphans():
        line.show(f"looking for objects that are not listed: {folders} folders")
    if verification.suspects:
        time.sleep(_SETTLE_S)
        verification.settle_suspects()


def _print_report(
    report: "Report", took_s: float, keys: "KeyProtection", log: "verify_log.LogVerified | None"
) -> None:
    print(
        f"{counted(report.recordings, 'recording')} with {counted(report.objects, 'object')}, "
        f"{size(report.size_bytes)}, in {duration(took_s)}\n"
    )
    print(f"  seals opened            {counted(report.opened, 'recording')}")
    for certificates, count in report.locked.most_common():
        amount = counted(count, "recording")
        print(f"  seals not opened        {amount}: no private key of {certificates}")
    print(f"  objects without a row   {_orphans(report)}")
    print(f"  private keys            {'; '.join(key_protection.told(keys))}")
    print("\n".join(log.told() if log else [NOT_FOLLOWED]))
    if report.findings:
        print()
    told = [f"{one.finding}: {one.name}: {one.problem}" for one in report.findings[:SHOWN]]
    print_some(told, total=sum(report.counts.values()), hint="; --json FILE has them")
    print(_conclusion(report))


def _conclusion(report: "Report") -> str:
    if not report.wrong:
        return "\nNothing is wrong."
    return f"\n{counted(report.wrong, 'thing')} {'is' if report.wrong == 1 else 'are'} wrong."


def _orphans(report: "Report") -> str:
    if report.folders is None:
        return "not looked for: that takes all of the vault"
    return f"looked for in {counted(report.folders, 'folder')}"


def as_json(
    report: "Report",
    *,
    started: datetime,
    took_s: float,
    options: Namespace,
    log: "verify_log.LogVerified | None",
) -> dict[str, object]:
    """Return the report in its documented form (docs/guide/verify.md)."""
    return {
        "format": FORM,
        "started_at": started.isoformat(timespec="seconds"),
        "took_s": round(took_s, 1),
        "since": options.since.isoformat() if options.since else None,
        "recording": str(options.recording) if options.recording else None,
        "recordings": report.recordings,
        "objects": report.objects,
        "size_bytes": report.size_bytes,
        "opened": report.opened,
        "not_opened": dict(report.locked),
        "folders": report.folders,
        "log": asdict(log) if log else None,
        "wrong": report.wrong,
        "counts": {finding.value: count for finding, count in sorted(report.counts.items())},
        "findings": [
            {
                "finding": one.finding.value,
                "recording": str(one.recording_id) if one.recording_id else None,
                "object": one.name,
                "problem": one.problem,
            }
            for one in report.findings
        ],
    }


def _write(file: Path, document: dict[str, object]) -> None:
    try:
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError("--json", f"{file} cannot be written: {error.strerror}") from None
