"""Each page, in both themes and on a phone: accessible, within its width, quiet console."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tools.demo_portal import cast

from tests.browser.looking import (
    Watched,
    axe_violations,
    open_recording,
    sign_in,
    wait_for_wave,
    watch,
)

pytestmark = [pytest.mark.browser, pytest.mark.flow]

WIDE, NARROW, PHONE, SMALLEST = (1440, 900), (800, 900), (390, 844), (320, 640)
PAGES = (
    "/setup/connect/",
    "/setup/people/",
    "/dashboard/",
    "/dashboard/?range=month",
    "/nodes/rec-1/stop",
    "/recordings/",
    "/recordings/mine/",
    "/searches/",
    "/searches/new?list=all&query=over%3D1",
    "/live/",
    "/decisions/",
    "/audit/",
    "/subjects/?q=%2B15550142",
    "/subjects/erase?q=%2B15550142",
    "/people/",
    "/calculator/",
    "/nodes/",
    "/settings/",
    "/settings/?q=zone",
    "/settings/general",
    "/settings/trunks/",
    "/settings/filters/",
    "/settings/filters/new",
    "/settings/numbering-plan",
    "/settings/pilot-numbers",
    "/settings/capacity",
    "/settings/trunks/new",
    "/settings/trunks/guides/cisco-cube",
    "/settings/sign-in",
    "/settings/sign-in/provider",
    "/account/",
)
PLAIN = (
    *("/sign-in/", "/password/", "/sign-out/", "/account/confirm", "/account/second-factor/"),
    *("/account/second-factor/app", "/account/second-factor/passkeys/new"),
)


def no_sideways_scrolling(page: Page) -> bool:
    """Whether the page fits its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def look_at(page: Page, address: str, size: tuple[int, int]) -> None:
    """Open a page in a window of this size."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    response = page.goto(address)
    assert response is not None
    assert response.status == 200
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("address", [*PAGES, *PLAIN])
def test_axe_finds_nothing_on_the_page(lenient: Page, address: str) -> None:
    lenient.emulate_media(color_scheme="light", reduced_motion="reduce")  # no colour half-way
    look_at(lenient, address, WIDE)
    found = {"light": axe_violations(lenient)}
    lenient.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found["dark"] = axe_violations(lenient)
    lenient.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    found["phone"] = axe_violations(lenient)
    assert found == {"light": [], "dark": [], "phone": []}


@pytest.mark.parametrize("address", [*PAGES, *PLAIN])
def test_the_page_fits_its_window(page: Page, address: str) -> None:
    look_at(page, address, PHONE)
    for width, height in (PHONE, SMALLEST, NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": height})
        assert no_sideways_scrolling(page), width


@pytest.mark.parametrize("remote", [cast.HELD, cast.LOCKED])
@pytest.mark.parametrize("size", [WIDE, PHONE, SMALLEST])
def test_the_page_of_a_recording_is_accessible_and_fits(
    lenient: Page, remote: str, size: tuple[int, int]
) -> None:
    open_recording(lenient, remote)
    if remote == cast.HELD:
        wait_for_wave(lenient)
    lenient.set_viewport_size({"width": size[0], "height": size[1]})
    assert (axe_violations(lenient), no_sideways_scrolling(lenient)) == ([], True)


def test_a_page_that_is_not_there_says_so(watched: Watched) -> None:
    watched.expected = ("404",)
    response = watched.page.goto("/nowhere/")
    assert response is not None
    assert response.status == 404
    assert watched.page.get_by_role("heading", level=1).inner_text() == "There is nothing here"


def test_the_theme_is_set_by_the_server_and_stays(page: Page) -> None:
    look_at(page, "/recordings/", WIDE)
    page.locator(".cv-user > summary").click()
    page.get_by_role("button", name="Dark").first.click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    look_at(page, "/recordings/", WIDE)
    page.locator(".cv-user > summary").click()
    page.get_by_role("button", name="As the system").first.click()
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", "dark")


def test_the_first_tab_leads_to_the_content(page: Page) -> None:
    look_at(page, "/recordings/", WIDE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_help_on_keys_opens_and_closes(page: Page) -> None:
    look_at(page, "/recordings/", WIDE)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_a_wrong_password_is_told_beside_the_form(chromium: Browser, portal: str) -> None:
    context: BrowserContext = chromium.new_context(base_url=portal)
    watched = watch(context.new_page())
    watched.page.goto("/sign-in/")
    watched.page.get_by_label("User name or e-mail").fill("nobody")
    watched.page.get_by_label("Password", exact=True).fill("not the one")
    watched.page.get_by_role("button", name="Sign in").click()
    expect(watched.page.get_by_role("alert")).to_contain_text("is not right")
    context.close()
    assert watched.complaints == []


@pytest.mark.parametrize("address", ["/nowhere/", "/people/new", "/settings/trunks/new"])
def test_axe_finds_nothing_on_forms_and_errors(lenient: Page, address: str) -> None:
    lenient.goto(address)
    assert axe_violations(lenient) == []


def test_axe_finds_nothing_in_the_help_on_keys(lenient: Page) -> None:
    look_at(lenient, "/recordings/", WIDE)
    lenient.keyboard.press("?")
    assert axe_violations(lenient) == []


def test_a_password_can_be_shown(chromium: Browser, portal: str) -> None:
    context = chromium.new_context(base_url=portal)
    page = context.new_page()
    page.goto("/sign-in/")
    field = page.get_by_label("Password", exact=True)
    field.fill("visible")
    page.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")
    context.close()


def test_someone_without_rights_sees_only_what_exists_for_them(
    chromium: Browser, portal: str
) -> None:
    context = chromium.new_context(base_url=portal)
    page = context.new_page()
    sign_in(page, "ann.keller")
    labels = page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
    context.close()
    assert [label.strip() for label in labels] == ["My recordings", "Live calls"]


def test_a_trial_that_takes_long_says_what_it_does(page: Page) -> None:
    look_at(page, "/settings/filters/", WIDE)
    told = page.get_by_text("Reading past calls")
    expect(told).to_be_hidden()
    # The page stays as it is while it waits; Playwright would wait with it.
    page.route("**/settings/filters/", lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="Try on past calls").click()
    expect(told).to_be_visible()
    expect(page.locator("[data-cv-seconds]")).to_have_text("2")
