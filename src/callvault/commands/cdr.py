"""`callvault cdr`: call records of the phone system by the command line, as cron does it."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from callvault.commands import django_ready
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError

HELP = "import call records of the phone system"
DESCRIPTION = """\
Call records of the phone system, held against what reached a recorder.

  callvault cdr import cdr_Cluster1_01_202611271405_17
  callvault cdr import branch.csv --mapping "Branch office"

What came before is not counted twice. Lines that cannot be read are told; the others are
imported. Exit code: 0 all lines were read, 1 some were not, 2 nothing was done."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add `cdr import` with its options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    importing = actions.add_parser("import", help="import files of call records")
    importing.add_argument(
        "files", metavar="FILE", nargs="+", help="a file; - reads the standard input"
    )
    importing.add_argument(
        "--mapping",
        metavar="NAME",
        default="",
        help="the mapping of a CSV, as it is called in the portal; without it: Cisco Unified CM",
    )
    add_options(importing)


def run(options: Namespace) -> int:
    """Do what was asked."""
    choose(options)
    django_ready.set_up()
    with django_ready.database_troubles_told():
        return _import(options)


def _import(options: Namespace) -> int:
    from callvault.portal.completeness.importing import import_file
    from callvault.portal.completeness.models import CdrMapping
    from callvault.portal.people.csv_reading import CsvRefused

    mapping = None
    if options.mapping:
        mapping = CdrMapping.objects.filter(name=options.mapping).first()
        if mapping is None:
            raise ConfigError("--mapping", f"there is no mapping called {options.mapping!r}")
    wrong = 0
    for file in options.files:
        name = "-" if file == "-" else Path(file).name
        try:
            row = import_file(None, _read(file), file_name=name, mapping=mapping)
        except CsvRefused as refused:
            raise ConfigError(file, str(refused)) from refused
        row.refresh_from_db()
        for line, reason in row.errors:
            print(f"{name}\tline {line}\t{reason}")
        counts = f"{row.added} new, {row.known} known, {row.skipped} left alone, {row.wrong} wrong"
        print(f"{name}\t{counts}")
        wrong += row.wrong
    return 1 if wrong else 0


def _read(file: str) -> bytes:
    """Read a file, no further than an import takes."""
    from callvault.portal.people.csv_reading import LARGEST_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(LARGEST_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError(file, error.strerror or "cannot be read") from error
