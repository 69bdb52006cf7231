"""Retention, as an administrator walks it: looked at, saved, waiting, taken back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal.server import serving

from tests.browser.looking import administrator, axe_violations
from tests.browser.portals import Portals

pytestmark = [pytest.mark.browser, pytest.mark.flow]


@pytest.fixture(scope="module")
def address(portals: Portals) -> Iterator[str]:
    with serving(portals.folder("retention")) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with administrator(chromium, address) as page:
        yield page


def test_a_rule_is_looked_at_saved_and_taken_back(page: Page) -> None:
    page.goto("/settings/retention/")
    page.get_by_label("Keep recordings").select_option("4_hours")
    page.get_by_role("button", name="Show what it would delete").press("Enter")
    expect(page.get_by_role("heading", name="What this would do")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Save this rule").press("Enter")
    expect(page.get_by_role("heading", name="Not in force yet")).to_be_visible()
    assert axe_violations(page) == []
    page.goto("/recordings/")
    row = page.get_by_role("row").filter(has_text="Ann Keller").last
    page.goto(str(row.get_attribute("data-cv-open")))
    expect(page.locator("#cv-fate")).to_be_visible()
    page.goto("/settings/retention/?dry_run=1")
    expect(page.get_by_text("Dry run of the rule in force")).to_be_visible()
    page.get_by_role("button", name="Take it back").press("Enter")
    expect(page.get_by_text("Taken back. The rule stays as it is.")).to_be_visible()
    expect(page.get_by_role("heading", name="Not in force yet")).to_have_count(0)
