"""`callvault users`: people by the command line, as the portal's CSV import and export do."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from callvault.commands import django_ready
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError

if TYPE_CHECKING:
    from callvault.portal.people.csv_import import Preview

HELP = "list, import and export people"
DESCRIPTION = """\
People, by CSV.

  callvault users list rossi
  callvault users import people.csv --dry-run
  callvault users import people.csv
  callvault users export people.csv

An import adds and changes people, and deletes nobody. Rows with errors are left out and told; the
others are imported. Exit code: 0 all rows are in order, 1 some have errors, 2 nothing was done."""

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add `users list`, `users import` and `users export` with their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="list people, all or those that match")
    listing.add_argument("text", metavar="TEXT", nargs="?", default="", help="name or number")
    importing = actions.add_parser("import", help="add and change people from a CSV file")
    importing.add_argument("file", metavar="FILE", help="the file; - reads the standard input")
    importing.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and do nothing"
    )
    importing.add_argument(
        "--all-rows", action="store_true", help="tell of every row, not only of errors"
    )
    exporting = actions.add_parser("export", help="write people to a CSV file")
    exporting.add_argument("file", metavar="FILE", help="the file; - is the standard output")
    exporting.add_argument(
        "--separator", choices=sorted(SEPARATORS), default="comma", help="what parts the cells"
    )
    for action in (listing, importing, exporting):
        add_options(action)


def run(options: Namespace) -> int:
    """Do what was asked."""
    choose(options)
    django_ready.set_up()
    deed = {"list": _list, "import": _import, "export": _export}[options.action]
    with django_ready.database_troubles_told():
        return deed(options)


def _list(options: Namespace) -> int:
    from callvault.portal.people.listing import matching
    from callvault.portal.people.models import User

    for person in matching(User.objects.order_by("sort_name", "id"), options.text):
        state = "" if person.is_active else "not active"
        cells = (person.username, person.get_full_name(), person.extension, person.group, state)
        print("\t".join(cells).rstrip())
    return 0


def _import(options: Namespace) -> int:
    from callvault.portal.people.csv_import import bring_in, look_at
    from callvault.portal.people.csv_reading import CsvRefused
    from callvault.portal.people.people_audit import Actor

    name = "-" if options.file == "-" else Path(options.file).name
    content = _read(options.file)
    done = False
    try:
        if options.dry_run:
            found = look_at(content)
        else:
            found, done = bring_in(content, seen=None, actor=Actor.of_command(), file_name=name)
    except CsvRefused as refused:
        raise ConfigError(options.file, str(refused)) from refused
    if not options.dry_run and not done:
        raise ConfigError(
            options.file, "people were changed meanwhile, nothing was done: run again"
        )
    return _tell(found, options)


def _tell(found: "Preview", options: Namespace) -> int:
    """Print the report: errors, or every row, and the counts."""
    from callvault.portal.people.import_report import lines_of
    from callvault.portal.people.planning import Outcome

    for heading in found.file.left_out:
        print(f"column left out: {heading}")
    if found.file.has_passwords:
        print("column left out: passwords are not imported")
    for line in lines_of(found.plan):
        if options.all_rows or line.problem:
            told = line.problem or ", ".join(line.changed)
            print(f"line {line.place}\t{line.username}\t{line.outcome}\t{told}".rstrip())
    counts = found.plan.counts
    print(", ".join(f"{count} {outcome.value}" for outcome, count in counts.items()))
    if options.dry_run:
        print("Nothing was done: this was a dry run.")
    return 1 if counts[Outcome.ERROR] else 0


def _export(options: Namespace) -> int:
    from callvault.portal.audit.models import Action
    from callvault.portal.people.applying import everybody
    from callvault.portal.people.csv_writing import people_as_csv
    from callvault.portal.people.people_audit import Actor

    people = everybody()
    Actor.of_command().entry(Action.PEOPLE_EXPORTED, "", count=len(people)).save()
    pieces = people_as_csv((one.values for one in people), separator=SEPARATORS[options.separator])
    if options.file == "-":
        sys.stdout.writelines(pieces)
        return 0
    with Path(options.file).open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
    print(f"{len(people)} people written to {options.file}")
    return 0


def _read(name: str) -> bytes:
    """Read a file, no further than an import takes."""
    from callvault.portal.people.csv_reading import LARGEST_BYTES

    try:
        if name == "-":
            return sys.stdin.buffer.read(LARGEST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ConfigError(name, "there is no such file") from error
