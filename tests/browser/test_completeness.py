"""Call records come in by a mapping, are looked at, and are taken back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal.server import serving

from tests.browser.looking import administrator, axe_violations
from tests.browser.portals import Portals

pytestmark = [pytest.mark.browser, pytest.mark.flow]

COLUMNS = {"start": "Begin", "duration": "Secs", "caller": "From", "called number": "To"}
FILE = "Begin;Secs;From;To\n2026-11-23 14:25:30;372;+15550142;2014\nyesterday;9;1;2\n"


@pytest.fixture(scope="module")
def address(portals: Portals) -> Iterator[str]:
    with serving(portals.folder("completeness")) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with administrator(chromium, address) as page:
        yield page


def test_records_come_in_by_a_mapping_and_are_taken_back(page: Page) -> None:
    page.goto("/completeness/")
    expect(page.get_by_text("No call records were imported yet")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Import call records").first.press("Enter")
    page.get_by_role("link", name="Add a mapping").press("Enter")
    page.get_by_label("Name").fill("Branch office")
    for name, heading in COLUMNS.items():
        page.get_by_label(f"Column of the {name}").fill(heading)
    page.get_by_label("Time zone").fill("Europe/Rome")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Add a mapping").press("Enter")
    file = {"name": "branch.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.get_by_label("File of call records").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_label("Layout").select_option(label="Branch office")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Import", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("branch.csv")
    expect(page.get_by_text("The start is no moment in this format.")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Show its records").press("Enter")
    expect(page.locator("tbody tr")).to_contain_text(["Waiting"])
    assert axe_violations(page) == []
    page.go_back()
    page.get_by_role("button", name="Take it back").press("Enter")
    expect(page.get_by_text("Taken back, with 1 record.")).to_be_visible()
