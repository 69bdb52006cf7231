"""The documentation holds together: every link leads somewhere, every page is listed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
LISTED_BY_FOLDER = {"adr"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_leads_to_a_file(page: Path) -> None:
    missing = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_every_page_is_listed_in_the_overview() -> None:
    overview = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    listed = {(ROOT / "docs" / target).resolve() for target in LINK.findall(overview)}
    pages = {
        page
        for page in PAGES
        if page.is_relative_to(ROOT / "docs")
        and page.parent.name not in LISTED_BY_FOLDER
        and page != ROOT / "docs/README.md"
    }
    assert {str(page.relative_to(ROOT)) for page in pages - listed} == set()


def test_every_decision_is_listed() -> None:
    overview = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    decisions = {page.name for page in (ROOT / "docs/adr").glob("[0-9]*.md")}
    assert decisions - set(LINK.findall(overview)) == set()


def test_the_readme_fits_on_two_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
