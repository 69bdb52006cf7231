"""The `callvault` command: help, exit codes, one line for what a user can cause."""

import re
import subprocess
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest

from callvault.commands import main as command
from callvault.commands.main import COMMANDS, main, new_parser

REFERENCE = Path(__file__).parents[2] / "docs/reference/commands.md"


def parsers(
    parser: ArgumentParser, path: str = "callvault"
) -> Iterator[tuple[str, ArgumentParser]]:
    """Yield each parser with the words that lead to it, deepest last."""
    yield path, parser
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for name, sub in action.choices.items():
                yield from parsers(sub, f"{path} {name}")


def section_of(path: str) -> str:
    """Return the part of the reference page about a command, or nothing."""
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.search(rf"^#+ `{re.escape(path)}\b.*?$(.*?)(?=^#+ `callvault|\Z)", text, re.M | re.S)
    return found[1] if found else ""


ALL = dict(parsers(new_parser()))


@pytest.mark.parametrize("path", [path for path in ALL if path != "callvault"])
def test_each_command_and_each_option_stands_in_the_reference(path: str) -> None:
    common = section_of("callvault COMMAND")
    section = section_of(path)
    assert section, f"docs/reference/commands.md says nothing of {path}"
    for action in ALL[path]._actions:
        for option in action.option_strings:
            if option not in ("-h", "--help"):
                assert f"`{option}" in section + common, f"{path} {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_teaches(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) > 8
    assert not re.search(r"%\(|None\)", shown)


def test_a_wrong_setting_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "callvault.toml").write_text("[sip]\nprot = 5060\n")
    assert main(["keys", "list", "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err == ("callvault: sip.prot: no such setting, nearest: sip.port\n")


def test_a_data_folder_that_is_not_there_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLVAULT_CONFIG", raising=False)
    assert main(["keys", "list", "--data", str(tmp_path / "gone")]) == 2
    said = capsys.readouterr().err
    assert f"callvault init --data {tmp_path / 'gone'}" in said
    assert said.count("\n") == 1


def test_a_folder_without_permission_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(options: object) -> int:
        raise PermissionError(13, "Permission denied", "/srv/callvault")

    monkeypatch.setattr("callvault.commands.keys.run", denied)
    assert main(["keys", "list"]) == 2
    assert capsys.readouterr().err == (
        "callvault: /srv/callvault: no permission (Permission denied)\n"
    )


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["record"])
    assert ended.value.code == command.NOT_STARTED
    assert "invalid choice" in capsys.readouterr().err


def test_a_command_waits_for_nothing_that_only_others_need() -> None:
    heavy = ["callvault.recorder", "django", "numpy"]
    script = (
        "import sys; from callvault.commands.main import new_parser; new_parser(); "
        f"print([one for one in {heavy} if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
