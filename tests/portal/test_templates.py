"""Templates and scripts keep the rules that no compiler checks."""

import re
from pathlib import Path

import pytest

PORTAL = Path(__file__).parents[2] / "src/callvault/portal"
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))
SCRIPTS = sorted((PORTAL / "static/callvault").rglob("*.js"))
SHEET = (PORTAL / "static/callvault/callvault.css").read_text()
SPRITE = (PORTAL / "static/callvault/icons.svg").read_text()
DRAWN = set(re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE))
NAMED_IN_PYTHON = re.compile(r'icon(?:=|": ?)"([a-z0-9-]+)"')


def identity(path: Path) -> str:
    """Name a file in the list of tests."""
    return path.relative_to(PORTAL).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=identity)
def test_a_template_has_no_inline_style_script_or_handler(path: Path) -> None:
    text = path.read_text()
    inline = re.findall(r'\sstyle="|<script(?![^>]*\ssrc=)[^>]*>|\son[a-z]+="|javascript:', text)
    assert inline == []


@pytest.mark.parametrize("path", TEMPLATES, ids=identity)
def test_each_icon_of_a_template_is_in_the_sprite(path: Path) -> None:
    assert set(re.findall(r'{% icon "([^"]+)"', path.read_text())) <= DRAWN


def test_each_icon_named_in_code_is_in_the_sprite() -> None:
    named = {
        name for path in PORTAL.rglob("*.py") for name in NAMED_IN_PYTHON.findall(path.read_text())
    }
    assert named <= DRAWN


def test_the_sprite_holds_what_its_list_names() -> None:
    listed = (PORTAL.parents[2] / "tools/icons.txt").read_text().splitlines()
    assert {line for line in listed if line and not line.startswith("#")} == DRAWN


@pytest.mark.parametrize("path", TEMPLATES, ids=identity)
def test_each_class_of_ours_in_a_template_is_in_the_sheet(path: Path) -> None:
    without_tags = re.sub(r"{[%{].*?[%}]}", " ", path.read_text())
    used = {
        name
        for names in re.findall(r'class="([^"]*)"', without_tags)
        for name in names.split()
        if name.startswith("cv-") and not name.endswith("-")
    }
    assert {name for name in used if f".{name}" not in SHEET} == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=identity)
def test_a_script_builds_no_html_from_text(path: Path) -> None:
    assert (
        re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|document\.write", path.read_text()
        )
        == []
    )


def test_what_is_vendored_is_named_with_its_exact_version_and_licence() -> None:
    vendor = PORTAL / "static/vendor"
    versions = re.findall(r'"[^"]+": "(\d+\.\d+\.\d+)"', (vendor / "package.json").read_text())
    licences = {path.stem for path in (vendor / "licences").iterdir()}
    assert len(versions) == 6
    assert licences == {"htmx", "tabler", "tabler-icons", "wavesurfer", "inter"}
