"""What each level sees and does, without a mouse; and the pages of the administrator."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal import cast

from tests.browser.looking import Watched, axe_violations, sign_in, wait_for_wave, watch

pytestmark = [pytest.mark.browser, pytest.mark.flow]

OVERSIGHT = ["Call decisions", "Completeness", "Audit log", "Data subjects", "Legal holds"]
ADMINISTRATION = ["People", "Global settings", "Storage calculator", "Service and nodes"]
LISTS = ["My recordings", "All recordings", "Live calls"]
SIDEBARS = {
    cast.RECORDED_ONLY: ["Live calls"],
    "ann.keller": ["My recordings", "Live calls"],
    cast.SUPERVISOR: ["Dashboard", *LISTS],
    "rita.marsh": ["Dashboard", *LISTS, *OVERSIGHT, *ADMINISTRATION],
}
WIDTHS = (1440, 800, 390, 320)
PAGES = (
    *("/people/?level=20", "/people/import", "/subjects/", "/api/"),
    *("/account/tokens", "/account/tokens/new"),
    *("/settings/", "/settings/permissions", "/settings/tokens", "/settings/mail"),
    *("/settings/directory/", "/settings/directory/new/active_directory"),
    "/settings/directory/new/webex",
)


@pytest.fixture
def window(chromium: Browser, portal: str) -> Iterator[Watched]:
    """A window in which nobody is signed in."""
    context = chromium.new_context(base_url=portal)
    watched = watch(context.new_page())
    yield watched
    context.close()
    assert watched.complaints == []


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus, and that can be seen."""
    focused = page.locator(":focus-visible")
    for _step in range(80):
        page.keyboard.press("Tab")
        if focused.count() and re.fullmatch(name, focused.inner_text().strip()):
            assert focused.evaluate("(element) => getComputedStyle(element).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {name}")


@pytest.mark.parametrize("username", SIDEBARS)
def test_the_sidebar_has_what_the_level_may_open(window: Watched, username: str) -> None:
    page = window.page
    sign_in(page, username)
    labels = page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
    assert [label.strip() for label in labels] == SIDEBARS[username]


def test_who_is_only_recorded_is_told_why_there_is_no_list(window: Watched) -> None:
    page = window.page
    window.expected = ("403", "404")
    sign_in(page, cast.RECORDED_ONLY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Live calls")
    page.goto("/recordings/mine/")
    expect(page.get_by_role("heading", name="your level shows no recordings")).to_be_visible()
    expect(page.locator("[data-cv-row]")).to_have_count(0)
    for address in ("/people/", "/audit/", "/settings/permissions", "/settings/directory/"):
        response = page.goto(address)
        assert response is not None
        assert response.status in (403, 404)
        expect(page.get_by_role("link").last).to_be_visible()  # the way out
    page.goto("/account/tokens")
    expect(page.get_by_text("there is nothing that a token could be used for")).to_be_visible()


def test_a_base_user_goes_from_the_list_to_a_note_and_back_by_keys(window: Watched) -> None:
    page = window.page
    sign_in(page, "bruno.castellani")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("button", name="Delete…")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    wait_for_wave(page)
    expect(page.get_by_role("button", name="Delete…")).to_have_count(0)
    page.keyboard.press("n")
    page.keyboard.type("Call back on Monday.")
    tab_to(page, "Add note")
    page.keyboard.press("Enter")
    expect(page.locator(".cv-note__text").last).to_contain_text("Call back on Monday.")
    page.keyboard.press("Escape")
    page.wait_for_url("**/recordings/**")
    expect(page.locator("[data-cv-row][data-cv-current]")).to_have_count(1)


def test_a_supervisor_deletes_once_the_permissions_say_so(
    window: Watched, page: Page, portal: str
) -> None:
    choose(page, "Group supervisors")
    try:
        sign_in(window.page, cast.SUPERVISOR)
        window.page.wait_for_load_state("networkidle")
        window.page.keyboard.press("j")
        window.page.keyboard.press("Delete")
        heading = window.page.get_by_role("heading", level=1)
        expect(heading).to_have_text("Delete this recording?")
        tab_to(window.page, "Keep")
        window.page.keyboard.press("Enter")
        expect(heading).to_have_text("All recordings")
    finally:
        choose(page, "Administrators")


def choose(page: Page, who: str) -> None:
    """Say by keys who may delete."""
    page.goto("/settings/permissions")
    group = page.get_by_role("group", name="Who may delete")
    group.locator("input:checked").focus()
    page.keyboard.press("ArrowUp" if who == "Group supervisors" else "ArrowDown")
    expect(group.get_by_role("radio", name=re.compile(f"^{who}"))).to_be_checked()
    tab_to(page, "Save changes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").last).to_contain_text("Saved")


def test_an_administrator_walks_the_settings_by_keys(page: Page) -> None:
    page.goto("/settings/general")
    menu = page.get_by_role("navigation", name="Settings")
    names = [name.strip() for name in menu.get_by_role("link").all_inner_texts()]
    assert names[:2] == ["Overview", "General"]
    assert names[-6:] == [
        *("Permissions", "Sign-in", "Directory sync", "API tokens"),
        *("Mail server (SMTP)", "Mail about recordings"),
    ]
    titles = []
    for name in names:
        tab_to(page, re.escape(name))
        page.keyboard.press("Enter")
        current = menu.locator("[aria-current=page]")
        expect(current).to_have_text(name)
        titles.append(page.title())
    assert titles == [f"{name}, Callvault" for name in names]


def test_enter_saves_a_form_that_can_also_be_tried(page: Page) -> None:
    page.goto("/settings/numbering-plan")
    field = page.locator("#id_national_prefix")
    before = field.input_value()
    try:
        field.fill("8")
        field.press("Enter")
        expect(page.get_by_role("status").last).to_contain_text("Saved")
        expect(field).to_have_value("8")
    finally:
        field.fill(before)
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_role("status").last).to_contain_text("Saved")


def test_people_are_selected_as_recordings_are(page: Page) -> None:
    page.goto("/people/")
    page.wait_for_load_state("networkidle")
    bar = page.locator("[data-cv-bulk]")
    for key in ("j", "p", "Delete"):  # deeds of recordings, not of people
        page.keyboard.press(key)
    expect(bar).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(bar).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.keyboard.press("x")
    bar.get_by_role("button", name="Deactivate…").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Deactivate 1 person?")
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("People")


def test_on_a_phone_the_setting_that_is_open_is_in_sight(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/settings/mail")
    current = page.get_by_role("navigation", name="Settings").locator("[aria-current=page]")
    expect(current).to_be_in_viewport(ratio=1)


def fits_and_is_accessible(page: Page) -> list[object]:
    """Return what is wrong with the page, in each theme and at each width."""
    found: list[object] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(width)
    forms: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1440, "light"), (390, "dark"))
    for width, theme in forms:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # no colour on its way
        found.extend(axe_violations(page))
    return found


@pytest.mark.parametrize("address", PAGES)
def test_the_page_fits_and_is_accessible(lenient: Page, address: str) -> None:
    lenient.goto(address)
    lenient.wait_for_load_state("networkidle")
    assert fits_and_is_accessible(lenient) == []


def test_a_directory_and_its_runs_fit_and_are_accessible(lenient: Page) -> None:
    lenient.goto("/settings/directory/")
    lenient.get_by_role("link", name=cast.DIRECTORY, exact=True).click()
    lenient.wait_for_selector("#source")
    assert fits_and_is_accessible(lenient) == []
    addresses = [
        link.get_attribute("href") or "" for link in lenient.locator("#source a.cv-name").all()
    ]
    assert len(addresses) == 3
    for address in addresses:
        lenient.goto(address)
        assert fits_and_is_accessible(lenient) == []
