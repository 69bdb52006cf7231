"""Capacity, the catch-all user and the assigning of recordings, as an administrator walks it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal.server import serving

from tests.browser.looking import administrator, axe_violations
from tests.browser.portals import Portals

pytestmark = [pytest.mark.browser, pytest.mark.flow]


@pytest.fixture(scope="module")
def address(portals: Portals) -> Iterator[str]:
    with serving(portals.folder("capacity")) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with administrator(chromium, address) as page:
        yield page


def test_what_is_nobodys_is_kept_and_given_to_somebody(page: Page) -> None:
    page.goto("/settings/capacity")
    page.get_by_label("Capacity model").select_option("channels")
    page.get_by_label("Recordings at a time at most").fill("30")
    page.locator("#id_keeps").check()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("It owns what is nobody's")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Without assignee").click()
    expect(page.get_by_text("Nobody can sign in as it")).to_be_visible()
    assert axe_violations(page) == []
    page.goto("/recordings/")
    row = page.get_by_role("row").filter(has_text="Ann Keller").first
    page.goto(str(row.get_attribute("data-cv-open")))
    page.locator(".cv-page-head summary").last.click()
    page.get_by_role("link", name="Assign to somebody else").click()
    page.get_by_label("User name of the new owner").fill("omar.haddad")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_text("1 recording belongs to Omar Haddad now.")).to_be_visible()
    expect(page.get_by_text("Before: Ann Keller.")).to_be_visible()
    assert axe_violations(page) == []
