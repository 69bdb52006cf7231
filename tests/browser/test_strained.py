"""Long names, many parts, people and values, each mark of quality: pages hold, at every width."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tools.demo_portal import strained
from tools.demo_portal.server import serving

from tests.browser.looking import axe_violations, sign_in
from tests.browser.portals import Portals

pytestmark = [pytest.mark.browser, pytest.mark.flow]

WIDE, ZOOMED, PHONE, SMALLEST = (1440, 900), (720, 450), (390, 844), (320, 640)
SIZES = (WIDE, ZOOMED, PHONE, SMALLEST)  # ZOOMED: a window of WIDE at 200 %


@pytest.fixture(scope="module")
def looked_at(chromium: Browser, portals: Portals) -> Iterator[Page]:
    """A page of the administrator, without the security policy, for axe."""
    with serving(portals.folder("strained", calls=0, is_strained=True)) as address:
        context = chromium.new_context(base_url=address, bypass_csp=True)
        page = context.new_page()
        sign_in(page)
        yield page
        context.close()


def path_of(page: Page, name: str) -> str:
    """Return the address of a page; those of recordings are found by their remote party."""
    if name.startswith("/"):
        return name
    page.goto("/recordings/?q=" + name.replace("+", "%2B"))
    return page.locator("tbody a.cv-name").last.get_attribute("href") or ""


@pytest.mark.parametrize(
    "name",
    [
        "/recordings/",
        "/settings/trunks/",
        "/decisions/",
        "/people/",
        strained.SPOILT,
        strained.WALKED,
    ],
)
def test_strained_pages_fit_and_are_accessible(looked_at: Page, name: str) -> None:
    address = path_of(looked_at, name)
    found = {}
    for size in SIZES:
        looked_at.set_viewport_size({"width": size[0], "height": size[1]})
        looked_at.goto(address)
        looked_at.wait_for_load_state("networkidle")
        # Menus are opened one at a time, and looked at so in the tests of their pages.
        for fold in looked_at.locator("main details:not([data-cv-menu])").all():
            fold.evaluate("(element) => { element.open = true; }")
        is_fitting = looked_at.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found[size] = (is_fitting, axe_violations(looked_at))
    assert found == dict.fromkeys(SIZES, (True, []))


def test_marks_stay_inside_their_cell(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    looked_at.goto("/recordings/")
    looked_at.wait_for_load_state("networkidle")
    cell = looked_at.locator("td.cv-col-marks", has_text="not decrypted")
    assert cell.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth")
    words = [word.strip() for word in cell.locator(".cv-mark").all_inner_texts()]
    assert words == ["4% not decrypted", "Partly undecoded", "+3"]


def test_no_number_is_cut_in_the_smallest_window(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": SMALLEST[0], "height": SMALLEST[1]})
    looked_at.goto("/recordings/?q=Elena")  # whose remote party has no name
    looked_at.wait_for_load_state("networkidle")
    cell = looked_at.locator("td.cv-col-remote").first
    assert cell.inner_text() == "+1\u00a0555\u00a00171"
    assert cell.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth")


def test_many_values_of_the_phone_system_scroll_in_their_own_place(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    looked_at.goto(path_of(looked_at, strained.SPOILT))
    looked_at.get_by_text("Details from the phone system").click()
    region = looked_at.get_by_role("region", name="Details from the phone system")
    assert region.locator("dt").count() >= strained.MOST_VALUES
    assert region.evaluate("(box) => box.scrollHeight > box.clientHeight && box.tabIndex === 0")
