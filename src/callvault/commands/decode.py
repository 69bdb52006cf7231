"""`callvault decode`: makes sound of packets that could not be decoded when they came."""

import importlib.util
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from callvault.commands import django_ready
from callvault.commands.amounts import counted
from callvault.commands.chosen import add_options
from callvault.commands.progress import ProgressLine
from callvault.commands.which import add_which, node_with_vault, not_listed, print_some
from callvault.errors import CallvaultError, CatalogueUnreachable, ConfigError

if TYPE_CHECKING:  # decoders and database take a second that `--help` need not wait for
    from callvault.config import Config
    from callvault.finalise.catalogue import RecordingFacts
    from callvault.finalise.redecode import DecodeOutcome
    from callvault.portal.catalogue import DjangoCatalogue

HELP = "decode what could not be decoded when it was recorded"
DESCRIPTION = """\
Decode the packets that were kept because no decoder was there when the call was recorded, and seal
the sound in place of the old one. Times, parties, notes and the packets themselves stay.

  callvault decode --list
  callvault decode
  callvault decode --recording 3fa2c1d0-5a7b-4c3e-9d1f-2b3c4d5e6f70

It needs the codecs extra and a private key that opens the recordings. It can be repeated, also
after it was interrupted. Exit code 1 says that a recording failed."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_which(parser)
    parser.add_argument(
        "--list", action="store_true", help="only say which recordings have undecoded packets"
    )
    add_options(parser)


def run(options: Namespace) -> int:
    """Decode and report; 1 when something failed."""
    config = node_with_vault(options, program="decode")
    if not options.list and importlib.util.find_spec("av") is None:
        raise ConfigError("codecs", "the codecs extra is not installed: requirements/codecs.txt")
    django_ready.set_up()
    with django_ready.database_troubles_told():
        chosen = _chosen(options)
        if options.list:
            return _list(chosen)
        tally = _decode(config, chosen)
    _print_report(tally)
    return 1 if tally.failures else 0


@dataclass(slots=True)
class _Tally:
    """What became of all recordings; failures up to a bound."""

    counts: "Counter[DecodeOutcome]" = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def _chosen(options: Namespace) -> list[UUID]:
    from callvault.portal import listed

    rows = listed.chosen(since=options.since, recording_id=options.recording)
    if options.recording is not None and not rows.exists():
        raise not_listed(options.recording)
    return list(listed.undecoded(rows))


def _list(chosen: list[UUID]) -> int:
    for recording_id in chosen:
        print(recording_id)
    print(f"{counted(len(chosen), 'recording')} with packets that are not decoded")
    return 0


def _decode(config: "Config", chosen: list[UUID]) -> _Tally:
    from callvault.finalise.benches import be_nice

    be_nice()
    tally, line = _Tally(), ProgressLine()
    for number, (recording_id, outcome, problem) in enumerate(_steps(config, chosen), 1):
        tally.counts[outcome] += 1
        if problem:
            tally.failures.append(f"{recording_id}: {problem}")
        line.show(f"{number} of {counted(len(chosen), 'recording')}")
    line.end()
    return tally


def _steps(config: "Config", chosen: list[UUID]) -> "Iterator[tuple[UUID, DecodeOutcome, str]]":
    """Decode one recording after the other; one that fails holds up no other."""
    from callvault.finalise.redecode import DecodeOutcome, decode_again
    from callvault.portal.catalogue import DjangoCatalogue
    from callvault.portal.storage.asking import kept_still
    from callvault.portal.storage.scattered import ScatteredStore
    from callvault.vault import Keyring, RecordingObjects

    objects = RecordingObjects(ScatteredStore())
    keyring, catalogue = Keyring.load(config.vault.key_folder), DjangoCatalogue()
    for recording_id in chosen:
        try:
            with kept_still(recording_id):
                done = decode_again(recording_id, objects, keyring, config.finalise)
                if done.facts is not None:
                    _listed_anew(catalogue, done.facts)
            yield recording_id, done.outcome, ""
        except CatalogueUnreachable:
            raise
        except (CallvaultError, OSError) as error:
            yield recording_id, DecodeOutcome.FAILED, str(error)


def _listed_anew(catalogue: "DjangoCatalogue", facts: "RecordingFacts") -> None:
    """List the new sound, with the audit entry."""
    from django.db import transaction

    from callvault.portal.audit.log import record_command
    from callvault.portal.audit.models import Action

    with transaction.atomic():
        record_command(
            Action.DECODED_AGAIN, kind="recording", object_id=facts.assignment.recording_id
        )
        catalogue.replace_audio(facts)


def _print_report(tally: _Tally) -> None:
    total = sum(tally.counts.values())
    print(f"{counted(total, 'recording')} had packets that were not decoded\n")
    for outcome, count in sorted(tally.counts.items()):
        print(f"  {outcome:<24}{count:>7}")
    print_some(tally.failures, total=len(tally.failures))
