"""Which settings a command works with."""

import os
from argparse import ArgumentParser
from pathlib import Path

import pytest

from callvault.commands.chosen import Chosen, add_options, choose, settings_file
from callvault.errors import ConfigError


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without the variables, and take back what `choose` exports."""
    for name in ("CALLVAULT_CONFIG", "CALLVAULT_SET"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "callvault.toml").write_text('[node]\ndata_folder = "."\n[sip]\nport = 5071\n')
    return folder


def chosen(*arguments: str) -> Chosen:
    parser = ArgumentParser()
    add_options(parser)
    return choose(parser.parse_args(arguments))


def file_of(*arguments: str) -> Path:
    parser = ArgumentParser()
    add_options(parser)
    return settings_file(parser.parse_args(arguments))


def test_a_data_folder_brings_its_own_file(data: Path) -> None:
    config = chosen("--data", str(data)).config
    assert config.node.data_folder == data
    assert config.sip.port == 5071


def test_without_options_the_environment_decides_then_the_folder_var(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert file_of() == tmp_path / "var" / "callvault.toml"
    monkeypatch.setenv("CALLVAULT_CONFIG", str(data / "callvault.toml"))
    assert file_of() == data / "callvault.toml"
    assert file_of("--data", str(tmp_path)) == tmp_path / "callvault.toml"


def test_a_file_elsewhere_can_be_given_a_data_folder(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    config = chosen("--config", str(data / "callvault.toml"), "--data", str(other)).config
    assert config.node.data_folder == other
    assert config.spool.folder == other / "spool"


def test_an_option_is_stronger_than_the_file(data: Path) -> None:
    assert chosen("--data", str(data), "--set", "sip.port=5072").config.sip.port == 5072


def test_what_was_chosen_is_left_to_children(data: Path) -> None:
    chosen("--data", str(data), "--set", "sip.port=5072", "--set", "web.port=8081")
    assert os.environ["CALLVAULT_CONFIG"] == str(data / "callvault.toml")
    assert os.environ["CALLVAULT_SET"] == "sip.port=5072\nweb.port=8081"
    child = chosen()
    assert (child.config.sip.port, child.config.web.port) == (5072, 8081)


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="callvault init --data"):
        chosen("--data", str(tmp_path))
