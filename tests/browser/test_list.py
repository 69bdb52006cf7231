"""The list of recordings, used without a mouse, and with htmx."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.looking import Watched, eventually

pytestmark = [pytest.mark.browser, pytest.mark.flow]

CURRENT = "[data-cv-row][data-cv-current]"


@pytest.fixture(autouse=True)
def recordings(page: Page) -> None:
    """Open the list of all recordings."""
    page.goto("/recordings/")
    page.wait_for_load_state("networkidle")


def current_owner(page: Page) -> str:
    """Name in the row that the keys have come to."""
    return page.locator(f"{CURRENT} a.cv-name").inner_text()


def test_j_and_k_move_through_the_rows_and_enter_opens(page: Page) -> None:
    for key in ("j", "ArrowDown", "k"):
        page.keyboard.press(key)
    assert current_owner(page) == "Bruno Castellani"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("to Ann Keller")


def test_coming_back_from_a_recording_finds_the_same_row(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator(CURRENT)
    address = row.get_attribute("data-cv-open") or ""
    row.dblclick()
    page.wait_for_url(f"**{address}")
    page.keyboard.press("Escape")
    page.wait_for_url("**/recordings/")
    expect(page.locator(CURRENT)).to_have_attribute("data-cv-open", address)


def test_slash_goes_to_the_search_and_letters_then_are_letters(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("jk?")
    search = page.get_by_role("searchbox", name="Number, name or note")
    expect(search).to_have_value("jk?")
    assert page.locator(CURRENT).count() == 0


def test_a_recording_plays_in_its_row(page: Page) -> None:
    button = page.locator("[data-cv-play]").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_recording_that_cannot_be_played_leads_to_the_page_that_says_why(
    watched: Watched,
) -> None:
    watched.expected = ("409",)
    page = watched.page
    page.locator("tbody tr", has_text="Elena Ferri").locator("[data-cv-play]").click()
    expect(
        page.get_by_role("heading", name="This recording cannot be opened here yet")
    ).to_be_visible()


def test_a_search_replaces_the_list_and_keeps_its_address(page: Page) -> None:
    page.get_by_role("searchbox", name="Number, name or note").fill("Elena")
    page.keyboard.press("Enter")
    expect(page.locator(".cv-page-sub")).to_contain_text("1 recording")
    eventually(page, "location.search.includes('q=Elena')")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.locator("tbody tr").count() == 1


@pytest.mark.parametrize("refusal", ["abort", "fulfil"])
def test_a_search_that_gets_no_list_keeps_the_one_of_before_and_says_so(
    watched: Watched, refusal: str
) -> None:
    watched.expected = ("503", "ERR_FAILED", "htmx:error")
    page = watched.page

    def refuse(route: Route) -> None:
        if refusal == "abort":
            route.abort()
        else:
            route.fulfill(status=503, body="<h1>Something failed on our side</h1>")

    page.route("**/recordings/?q=*", refuse)
    page.get_by_role("searchbox", name="Number, name or note").fill("Elena")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("gave no list for this search")
    expect(page.get_by_role("heading", level=1)).to_have_text("All recordings")
    page.unroute("**/recordings/?q=*")
    page.keyboard.press("Enter")
    expect(page.locator(".cv-page-sub")).to_contain_text("1 recording")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_back_and_forward_walk_through_the_searches(page: Page) -> None:
    search = page.get_by_role("searchbox", name="Number, name or note")
    for name, told in (("Elena", "1 recording"), ("Bruno", "2 recordings")):
        search.fill(name)
        page.keyboard.press("Enter")
        expect(page.locator(".cv-page-sub")).to_contain_text(told)
    page.go_back()
    expect(search).to_have_value("Elena")
    expect(page.locator(".cv-page-sub")).to_contain_text("1 recording")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.go_forward()
    expect(search).to_have_value("Bruno")


def test_f_opens_the_filters_and_a_chip_can_be_removed(page: Page) -> None:
    page.keyboard.press("f")
    page.get_by_label("Out", exact=True).check()
    page.get_by_role("button", name="Apply").last.click()
    expect(page.locator(".cv-chip")).to_contain_text("Direction")
    page.get_by_role("link", name="Remove Direction").click()
    expect(page.locator(".cv-chip")).to_have_count(0)


def test_a_number_is_copied_as_it_is_dialled(page: Page) -> None:
    copied = page.evaluate(
        """() => {
             const shown = document.querySelector("[data-cv-copy]");
             document.getSelection().selectAllChildren(shown);
             const event = new ClipboardEvent("copy", {
               bubbles: true, cancelable: true, clipboardData: new DataTransfer() });
             shown.dispatchEvent(event);
             return event.clipboardData.getData("text/plain");
           }"""
    )
    assert copied == "+15550142"


def test_on_the_phone_more_leads_to_the_other_pages(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="More").click()
    page.get_by_role("dialog", name="All pages").get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")


def test_a_search_is_saved_opened_and_deleted_by_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("Elena")
    page.keyboard.press("Enter")
    expect(page.locator(".cv-page-sub")).to_contain_text("1 recording")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    page.get_by_role("link", name="Save this search…").press("Enter")
    name = page.get_by_label("Name", exact=True)
    name.press_sequentially("About Elena")
    name.press("Enter")
    expect(page.locator("[data-cv-searches] summary")).to_contain_text("About Elena")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/recordings/")
    page.keyboard.press("s")
    expect(page.get_by_role("link", name="About Elena")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**saved=*")
    page.goto("/searches/")
    page.get_by_role("button", name="Delete About Elena").press("Enter")
    expect(page.get_by_role("heading", name="No saved search yet")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("link", name="About Elena", exact=True)).to_be_visible()
    page.get_by_role("button", name="Delete About Elena").press("Enter")


def test_a_range_of_days_is_one_press(page: Page) -> None:
    page.keyboard.press("f")
    page.get_by_role("link", name="Today").press("Enter")
    page.wait_for_url("**first=*last=*")
    expect(page.locator(".cv-chip")).to_contain_text("Start")
