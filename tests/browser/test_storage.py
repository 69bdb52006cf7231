"""Storage, as an administrator walks it: a share is tested, added, chosen, and filled."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal.server import serving

from tests.browser.looking import administrator, axe_violations
from tests.browser.portals import Portals
from tests.servers import samba
from tests.servers.samba import PASSWORD, Samba

pytestmark = [pytest.mark.browser, pytest.mark.flow]
WORKER = """
import django
django.setup()
from callvault.portal.storage.loop import StorageKeeper
keeper = StorageKeeper("rec-1", threads=1)
while keeper.look_once():
    pass
"""


@pytest.fixture(scope="module")
def folder(portals: Portals) -> Path:
    return portals.folder("storage")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def share() -> Iterator[Samba]:
    with samba.running() as server:
        yield server


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with administrator(chromium, address) as page:
        yield page


def work(folder: Path) -> None:
    """Do what a worker of this node does."""
    environment = os.environ | {
        "CALLVAULT_CONFIG": str(folder / "callvault.toml"),
        "DJANGO_SETTINGS_MODULE": "callvault.portal.settings",
    }
    subprocess.run([sys.executable, "-c", WORKER], env=environment, check=True)


def test_a_share_is_tested_chosen_and_filled(page: Page, share: Samba, folder: Path) -> None:
    page.goto("/settings/storage/")
    expect(page.get_by_role("heading", name="No external store")).to_be_visible()
    page.get_by_text("Add storage").press("Enter")
    page.get_by_role("link", name="Network share (SMB)").press("Enter")
    page.get_by_label("Name", exact=True).fill("Archive NAS")
    page.get_by_label("Path").fill(rf"\\127.0.0.1:{share.port}\vault\calls")
    page.get_by_label("User name").fill(share.credentials.username)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Test access").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("User name or password is wrong.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Test access").press("Enter")
    expect(page.get_by_text("Written, read and removed")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Save changes").press("Enter")
    page.get_by_role("button", name="Use Archive NAS").press("Enter")
    expect(page.get_by_text("New recordings go to Archive NAS")).to_be_visible()
    page.get_by_role("button", name="Move", exact=True).press("Enter")
    expect(page.get_by_role("progressbar", name="Recordings moved")).to_be_visible()
    assert axe_violations(page) == []
    work(folder)
    expect(page.get_by_role("progressbar")).to_have_count(0)  # without loading the page again
    row = page.get_by_role("row").filter(has_text="Archive NAS")
    expect(row).to_contain_text("Can be used")
    page.goto("/recordings/")
    page.goto(
        str(
            page.get_by_role("row").filter(has_text="Ann Keller").last.get_attribute("data-cv-open")
        )
    )
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()
