"""The file that is written at first, and the reference page, say what the classes say."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callvault.config import default_toml, load, settings
from callvault.config.describe import Setting, toml_value
from callvault.config.ranges import RANGES
from callvault.config.sections import Config, SipConfig, WebConfig

REFERENCE = Path(__file__).parents[2] / "docs/reference/configuration.md"


def test_each_setting_has_a_sentence() -> None:
    assert [one.key for one in settings() if not one.sentence.endswith(".")] == []


def test_each_number_has_a_range() -> None:
    numbers = {one.key for one in settings() if one.kind in (int, float)}
    assert numbers - set(RANGES) == set()


def test_each_range_is_of_a_setting_and_admits_its_default() -> None:
    defaults = {one.key: one.default for one in settings()}
    assert [key for key, allowed in RANGES.items() if not allowed.admits(defaults[key])] == []


def test_the_written_file_gives_the_defaults_in_its_own_folder(tmp_path: Path) -> None:
    path = tmp_path / "callvault.toml"
    path.write_text(default_toml(), encoding="utf-8")
    config = load(path)
    assert config.node.data_folder == tmp_path
    assert config.sip == replace(Config().sip, **tls_files(Config().sip, tmp_path))
    assert config.web == replace(Config().web, **tls_files(Config().web, tmp_path))


def tls_files(section: SipConfig | WebConfig, folder: Path) -> dict[str, Any]:
    """Return where a section's certificate and key lie by default."""
    return {name: folder / getattr(section, name) for name in ("tls_certificate", "tls_key")}


def test_the_written_file_is_complete_when_its_lines_are_uncommented() -> None:
    text = re.sub(r"^# (\w+ = )", r"\1", default_toml(), flags=re.MULTILINE)
    document = tomllib.loads(text)
    assert {f"{section}.{name}" for section, body in document.items() for name in body} == {
        one.key for one in settings()
    }


@pytest.mark.parametrize("setting", settings(), ids=lambda setting: setting.key)
def test_the_reference_page_has_each_setting_as_the_code_has_it(setting: Setting) -> None:
    allowed = RANGES[setting.key].allowed if setting.key in RANGES else ""
    row = f"| `{setting.name}` | `{toml_value(setting.default)}` | {allowed} | {setting.sentence} |"
    section = REFERENCE.read_text(encoding="utf-8").partition(f"## [{setting.section}]")[2]
    assert row in section.partition("\n## ")[0].splitlines()
