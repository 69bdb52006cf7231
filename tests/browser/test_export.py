"""Data export, as an administrator sets it up: against a real share, wrong first, then right."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal.server import serving

from tests.browser.looking import administrator, axe_violations
from tests.browser.portals import Portals
from tests.servers import samba
from tests.servers.samba import Samba

pytestmark = [pytest.mark.browser, pytest.mark.flow]


@pytest.fixture(scope="module")
def address(portals: Portals) -> Iterator[str]:
    with serving(portals.folder("export")) as address:
        yield address


@pytest.fixture
def share() -> Iterator[Samba]:
    with samba.running() as server:
        yield server


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with administrator(chromium, address) as page:
        yield page


def test_a_share_is_tested_saved_and_past_days_are_exported(page: Page, share: Samba) -> None:
    page.goto("/settings/")
    page.get_by_role("link", name="Data export").last.click()
    page.get_by_label("Export", exact=True).select_option("on")
    page.get_by_label("Network path").fill(str(share.address()))
    page.get_by_role("spinbutton", name="Port").fill(str(share.port))
    page.get_by_label("User name").fill(share.credentials.username)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Test access").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did not accept")
    page.get_by_label("Password", exact=True).fill(share.credentials.password)
    page.get_by_role("button", name="Test access").press("Enter")
    expect(page.get_by_text("A small file was written, read and removed.")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_label("Password", exact=True).fill(share.credentials.password)
    page.get_by_role("button", name="Save changes").press("Enter")
    expect(page.get_by_text("Saved. In force from the next recording on.")).to_be_visible()
    page.get_by_label("First day").fill("2026-01-01")
    page.get_by_label("Last day").fill("2036-12-31")
    page.get_by_role("button", name="Count them").press("Enter")
    expect(page.get_by_text("recordings of these days are not exported yet.")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Export them").press("Enter")
    expect(page.get_by_text("are in the queue so far")).to_be_visible()
    page.get_by_role("link", name="All exports").click()
    expect(page.get_by_role("heading", name="No recording was exported yet.")).to_be_visible()
    assert axe_violations(page) == []
