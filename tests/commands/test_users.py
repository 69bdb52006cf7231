"""People by the command line: what is told, what is done, and what is written down."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from callvault.commands.main import main
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people import csv_import
from callvault.portal.people.models import User

pytestmark = pytest.mark.django_db

Output = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder; the database is that of the tests."""
    for name in ("CALLVAULT_CONFIG", "CALLVAULT_SET"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "callvault.toml").write_text('[node]\ndata_folder = "."\n')
    return folder


@pytest.fixture
def ann(db: None) -> User:
    """Ann of sales, whom files change."""
    return User.objects.create_user(
        "ann", first_name="Ann", last_name="Keller", extension="2014", group="sales"
    )


def users(data: Path, *arguments: object) -> int:
    return main(["users", *map(str, arguments), "--data", str(data)])


def file_of(data: Path, text: str) -> Path:
    path = data / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_people_are_listed_and_found(data: Path, ann: User, capsys: Output) -> None:
    User.objects.create_user("bob", first_name="Bob", last_name="Lind", is_active=False)
    assert users(data, "list") == 0
    assert (
        capsys.readouterr().out == "ann\tAnn Keller\t2014\tsales\nbob\tBob Lind\t\t\tnot active\n"
    )
    assert users(data, "list", "kell") == 0
    assert capsys.readouterr().out == "ann\tAnn Keller\t2014\tsales\n"


def test_a_dry_run_tells_and_does_nothing(data: Path, ann: User, capsys: Output) -> None:
    file = file_of(data, "Username,Group,Shoe size,Password\nann,depot,42,x\nbea,sales,38,x\n")
    assert users(data, "import", file, "--dry-run", "--all-rows") == 0
    told = capsys.readouterr().out
    assert "column left out: Shoe size\n" in told
    assert "column left out: passwords are not imported\n" in told
    assert "line 2\tann\tchanged\t" in told
    assert "line 3\tbea\tcreated" in told
    assert "Nothing was done: this was a dry run.\n" in told
    ann.refresh_from_db()
    assert (ann.group, User.objects.count()) == ("sales", 1)
    assert not AuditEntry.objects.exists()


def test_an_import_changes_and_adds_all_but_rows_with_errors(
    data: Path, ann: User, capsys: Output
) -> None:
    file = file_of(data, "Username,Group,Extension\nann,depot,2014\nbea,sales,2014\ncleo,sales,9\n")
    assert users(data, "import", file) == 1  # a row has an error
    told = capsys.readouterr().out
    errors, counts = told.splitlines()  # of the rows, only that with an error
    assert errors.startswith("line 3\tbea\terror\t")
    assert "2014" in errors
    assert {"1 created", "1 changed", "1 error"} <= set(counts.split(", "))
    ann.refresh_from_db()
    assert ann.group == "depot"
    assert sorted(User.objects.values_list("username", flat=True)) == ["ann", "cleo"]
    entry = AuditEntry.objects.get(action=Action.PEOPLE_IMPORTED)
    assert entry.detail["command_line"] is True
    assert entry.actor_name


def test_a_file_comes_from_the_standard_input(
    data: Path, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.BytesIO(b"Username;Group\nann;depot\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=typed))
    assert users(data, "import", "-") == 0
    ann.refresh_from_db()
    assert ann.group == "depot"


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "The file is empty."), ("Name\nx\n", "The first line must name the columns")],
)
def test_a_file_that_cannot_be_read_does_nothing(
    data: Path, capsys: Output, content: str, told: str
) -> None:
    assert users(data, "import", file_of(data, content)) == 2
    assert told in capsys.readouterr().err


def test_a_file_that_is_not_there_is_one_line(data: Path, capsys: Output) -> None:
    assert users(data, "import", data / "none.csv") == 2
    assert "there is no such file" in capsys.readouterr().err


def test_who_was_changed_meanwhile_is_left_alone(
    data: Path, ann: User, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    bring_in = csv_import.bring_in

    def late(*args: object, **told: object) -> tuple[object, bool]:
        found, _done = bring_in(b"Username\nann\n", **told)  # type: ignore[arg-type]
        return found, False

    monkeypatch.setattr(csv_import, "bring_in", late)
    assert users(data, "import", file_of(data, "Username,Group\nann,depot\n")) == 2
    assert "run again" in capsys.readouterr().err
    ann.refresh_from_db()
    assert ann.group == "sales"


@pytest.mark.parametrize(("separator", "sign"), [("comma", ","), ("semicolon", ";")])
def test_what_is_exported_comes_back_unchanged(
    data: Path, ann: User, capsys: Output, separator: str, sign: str
) -> None:
    file = data / "out.csv"
    assert users(data, "export", file, "--separator", separator) == 0
    assert capsys.readouterr().out == f"1 people written to {file}\n"
    assert f"Username{sign}" in file.read_text(encoding="utf-8-sig")
    assert AuditEntry.objects.get(action=Action.PEOPLE_EXPORTED).detail["count"] == 1
    assert users(data, "import", file) == 0
    assert "1 unchanged" in capsys.readouterr().out


def test_the_standard_output_takes_an_export(data: Path, ann: User, capsys: Output) -> None:
    assert users(data, "export", "-") == 0
    assert "Keller" in capsys.readouterr().out
