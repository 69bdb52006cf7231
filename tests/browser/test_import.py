"""People come in from a CSV file: uploaded, looked at, imported; in a portal of their own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal.server import serving

from tests.browser.looking import Watched, axe_violations, sign_in, watch
from tests.browser.portals import Portals

pytestmark = [pytest.mark.browser, pytest.mark.flow]

FILE = "Username;First name;Last name;Group;Extension\nzoe.marin;Zoë;Marin;Sales;2977\nno one;;;;\n"


@pytest.fixture(scope="module")
def address(portals: Portals) -> Iterator[str]:
    with serving(portals.folder("import")) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page on which Rita, an administrator, is signed in."""
    context = chromium.new_context(base_url=address, bypass_csp=True)
    watched: Watched = watch(context.new_page())
    watched.expected = ("422",)  # of the file that cannot be read
    sign_in(watched.page)
    yield watched.page
    assert watched.complaints == []
    context.close()


def upload(page: Page, name: str, content: str) -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Look at the file").click()


def test_a_file_is_looked_at_then_imported(page: Page) -> None:
    page.goto("/people/")
    page.get_by_role("link", name="Import").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Import people")
    assert axe_violations(page) == []
    upload(page, "empty.csv", " ")
    expect(page.locator(".cv-field__error")).to_have_text("The file is empty.")
    upload(page, "sales.csv", FILE)
    expect(page.get_by_role("heading", level=1)).to_have_text("1 person would be added or changed")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    assert axe_violations(page) == []
    page.get_by_role("link", name="Errors 1").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("no one")
    with page.expect_download() as report:
        page.get_by_role("link", name="Report as CSV").click()
    assert "no one" in report.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="Import 1 person").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported")
    expect(page.get_by_role("status").last).to_contain_text("1 person is imported.")
    page.get_by_role("link", name="Done").click()
    expect(page.locator("tbody")).to_contain_text("Zoë Marin")


def test_what_is_cancelled_is_not_imported(page: Page) -> None:
    page.goto("/people/import")
    upload(page, "sales.csv", FILE.replace("zoe.marin", "max.marin").replace("2977", "2978"))
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/people/")
    expect(page.locator("tbody")).not_to_contain_text("max.marin")
