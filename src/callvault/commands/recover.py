"""`callvault recover`: finishes journals found on a disk from another machine."""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from callvault.clock import utc_from_ns
from callvault.commands import django_ready, logs
from callvault.commands.amounts import Advance, counted, duration, size
from callvault.commands.chosen import add_options, choose
from callvault.commands.progress import ProgressLine
from callvault.errors import CatalogueUnreachable, ConfigError

if TYPE_CHECKING:  # decoders and database take a second that `--help` need not wait for
    from callvault.config import Config
    from callvault.finalise.journal import Workbench
    from callvault.finalise.recovery import Outcome, Recovered
    from callvault.portal.audit.models import Action
    from callvault.portal.catalogue import DjangoCatalogue
    from callvault.spool import Chain
    from callvault.vault import Keyring

HELP = "finish journals found on a disk from another machine"
DESCRIPTION = """\
Finish the journals of calls that lie in a folder, such as the spool on the disk of a recorder that
is no more: their recordings are sealed into this node's vault and listed in its catalogue.

  callvault recover /mnt/old/var/spool --list
  callvault recover /mnt/old/var/spool

It needs the private key that the journals are sealed to (ingest) among this node's keys, and names
the certificate where it is missing. Nothing in FOLDER is changed unless --move is given. It can be
repeated, also after it was interrupted: what is listed already is not done again."""

SHOWN = 50  # problems on the terminal
_NO_JOURNAL = UUID(int=0)


def add_arguments(parser: ArgumentParser) -> None:
    """Add FOLDER and the command's options."""
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path, help="spool folder, or data folder with one in it"
    )
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument(
        "--list", action="store_true", help="only say what lies there and what would become of it"
    )
    doing.add_argument(
        "--move",
        action="store_true",
        help="remove each journal from FOLDER once its recordings are sealed, whole and listed",
    )
    add_options(parser)


def run(options: Namespace) -> int:
    """Recover, or list; 1 when something is left that was not finished."""
    logs.set_up(options.log, program="recover")
    logging.getLogger("callvault").setLevel(logging.WARNING)  # the report says the rest
    config = choose(options).config
    folder = spool_in(options.folder)
    if not options.list and folder.resolve() == config.spool.folder.resolve():
        raise ConfigError("FOLDER", "is this node's own spool: its worker finishes what lies there")
    django_ready.set_up()
    with django_ready.database_troubles_told():
        return _recover(options, config, folder)


def spool_in(folder: Path) -> Path:
    """Return the folder where the journals lie. Raises ConfigError if there is no folder."""
    if not folder.is_dir():
        raise ConfigError("FOLDER", f"{folder} is not a folder")
    inner = folder / "spool"
    return inner if inner.is_dir() and not any(folder.glob("*.cvj")) else folder


@dataclass(slots=True)
class Tally:
    """What became of all journals; problems up to a bound."""

    counts: "Counter[Outcome]" = field(default_factory=Counter)
    recordings: "Counter[Outcome]" = field(default_factory=Counter)
    events: int = 0
    removed: int = 0
    stopped: str = ""  # why, if it was not gone through to the end
    problems: list[str] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)  # certificates, by journals sealed to

    def add(self, one: "Recovered") -> None:
        """Count one journal."""
        self.counts[one.outcome] += 1
        self.recordings[one.outcome] += one.recordings
        self.events += one.events
        self.removed += one.is_removed
        self.missing.update(one.certificates)
        if not one.outcome.is_done and len(self.problems) < SHOWN:
            self.problems.append(f"{one.journal.path.name}  {one.outcome}: {one.problem}")

    @property
    def undone(self) -> int:
        """How many journals somebody must still look after."""
        return sum(count for outcome, count in self.counts.items() if not outcome.is_done)


def _recover(options: Namespace, config: "Config", folder: Path) -> int:
    from callvault.finalise.benches import be_nice
    from callvault.portal.audit.models import Action
    from callvault.portal.catalogue import DjangoCatalogue
    from callvault.spool import chains, scan
    from callvault.vault import Keyring

    keyring, catalogue = Keyring.load(config.vault.key_folder), DjangoCatalogue()
    catalogue.read_until(_NO_JOURNAL)  # a database that is away is told now, not for each journal
    journals = chains(scan(folder))
    be_nice()
    if not options.list:
        _write_down(Action.RECOVERY_STARTED, folder, journals=len(journals), removes=options.move)
    steps = (
        _listing(journals, keyring, catalogue)
        if options.list
        else _recovery(config, journals, keyring, catalogue, may_remove=options.move)
    )
    tally, took_s = _follow(steps, journals, one_by_one=options.list)
    amount = f"{counted(len(journals), 'journal')}, {size(_size_bytes(journals))}"
    print(f"\n{folder}: {amount}, in {duration(took_s)}\n")
    _print_report(tally, is_dry=options.list, may_remove=options.move)
    if not options.list:
        _write_end(config, folder, tally)
    return 1 if tally.undone or tally.stopped else 0


def _write_down(action: "Action", folder: Path, **told: object) -> None:
    """Write into the audit log that a recovery began or ended."""
    from callvault.portal.audit.log import record_command

    record_command(action, kind="journals", folder=str(folder)[-200:], **told)


def _write_end(config: "Config", folder: Path, tally: Tally) -> None:
    """Write how it ended into the audit log; with the database away, into a file for later."""
    from callvault.portal.audit import late
    from callvault.portal.audit.models import Action
    from callvault.portal.reach import catalogue_reached

    told: dict[str, str | int | bool] = {
        "recordings": tally.recordings.total(),
        "left": tally.undone,
        "removed": tally.removed,
    }
    if tally.stopped:
        told["stopped"] = tally.stopped[:200]
    try:
        with catalogue_reached():
            _write_down(Action.RECOVERY_ENDED, folder, **told)
    except CatalogueUnreachable:
        told["folder"] = str(folder)[-200:]
        late.keep(config.node.data_folder, Action.RECOVERY_ENDED, kind="journals", **told)
        print("\nThe worker writes the end into the audit log once the database is back.")


def _listing(
    journals: "Iterable[Chain]", keyring: "Keyring", catalogue: "DjangoCatalogue"
) -> "Iterator[Recovered]":
    from callvault.finalise.recovery import inspect
    from callvault.vault import open_key

    for journal in journals:
        yield inspect(
            journal, lambda sealed: open_key(sealed, keyring, object_id="journal"), catalogue
        )


def _recovery(
    config: "Config",
    journals: "Iterable[Chain]",
    keyring: "Keyring",
    catalogue: "DjangoCatalogue",
    *,
    may_remove: bool,
) -> "Iterator[Recovered]":
    from callvault.finalise.benches import Benches
    from callvault.finalise.recovery import Recovery
    from callvault.portal.storage.scattered import ScatteredStore
    from callvault.vault import RecordingObjects

    bench = _bench(config, keyring)
    benches = Benches(bench, config.finalise.processes)
    # Where recordings lie is asked of the database, which is not for children.
    anywhere = replace(bench, objects=RecordingObjects(ScatteredStore()))
    try:
        recovery = Recovery(config.node.name, catalogue, anywhere, benches, may_remove)
        yield from recovery.run(journals)
    finally:
        benches.close()


def _bench(config: "Config", keyring: "Keyring") -> "Workbench":
    from callvault.finalise.journal import Workbench
    from callvault.vault import LocalStore, RecordingObjects, Role, open_key

    return Workbench(
        RecordingObjects(LocalStore(config.vault.folder)),
        keyring.current(Role.ARCHIVE),
        lambda sealed: open_key(sealed, keyring, object_id="journal"),
        config.finalise,
    )


def _follow(
    steps: "Iterator[Recovered]", journals: "list[Chain]", *, one_by_one: bool
) -> tuple[Tally, float]:
    """Go through the journals, showing how far it is; return what became of them."""
    tally, line = Tally(), ProgressLine()
    advance = Advance("journals", len(journals), _size_bytes(journals))
    for one in _until_unreachable(steps, tally):
        tally.add(one)
        advance.add(one.size_bytes)
        if one_by_one:
            print(_described(one))
        line.show(str(advance))
    line.end()
    return tally, advance.took_s


def _until_unreachable(steps: "Iterator[Recovered]", tally: Tally) -> "Iterator[Recovered]":
    """Go on while the catalogue can be reached; what was done until then is done."""
    try:
        yield from steps
    except CatalogueUnreachable as error:
        tally.stopped = str(error)


def _size_bytes(journals: "Iterable[Chain]") -> int:
    return sum(piece.size_bytes for chain in journals for piece in chain.pieces)


def _described(one: "Recovered") -> str:
    """Return the line of a journal in a list."""
    header, journal = one.header, one.journal
    opened = f"{utc_from_ns(header.opened_at_ns):%Y-%m-%d %H:%M:%SZ}" if header else "-"
    node = header.node if header else "-"
    file = f"{journal.path.name:<45} {size(one.size_bytes):>9}"
    return f"{file}  {opened:<21} {node:<16} {one.outcome}"


def _print_report(tally: Tally, *, is_dry: bool, may_remove: bool) -> None:
    from callvault.finalise.recovery import Outcome

    for outcome in Outcome:
        if count := tally.counts[outcome]:
            print(f"  {outcome:<24}{count:>7}{_more(tally, outcome)}")
    if tally.problems:
        print("\nTo look after:" if not is_dry else "\nWould be left to look after:")
        print("".join(f"  {one}\n" for one in tally.problems), end="")
        if (more := tally.undone - len(tally.problems)) > 0:
            print(f"  and {more} more")
    if tally.missing:
        print("\nNo private key is here of:")
        for certificate, count in tally.missing.most_common():
            print(f"  {certificate}, needed by {count}")
        print("Add it with 'callvault keys import FILE --role ingest' and run this again.")
    if tally.stopped:
        print(f"\nStopped: {tally.stopped}. What is listed stays listed; run this again.")
    print(_of_the_folder(tally, is_dry=is_dry, may_remove=may_remove))


def _more(tally: Tally, outcome: "Outcome") -> str:
    from callvault.finalise.recovery import Outcome

    if outcome is Outcome.EVENTS:
        return f"   {counted(tally.events, 'event')}"
    if recordings := tally.recordings[outcome]:
        return f"   {counted(recordings, 'recording')}"
    return ""


def _of_the_folder(tally: Tally, *, is_dry: bool, may_remove: bool) -> str:
    if is_dry:
        return "\nNothing was changed."
    if may_remove:
        removed = counted(tally.removed, "journal")
        return f"\nRemoved from the folder: {removed}. All others lie there still."
    return "\nAll journals lie there still; --move takes away those that are safe here."
