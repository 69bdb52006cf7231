"""Notes, preserve and delete without a mouse, at each level; in a portal of their own."""

import re
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal import cast
from tools.demo_portal.server import serving

from tests.browser.looking import (
    Watched,
    axe_violations,
    open_recording,
    sign_in,
    wait_for_wave,
    watch,
)
from tests.browser.portals import Portals

pytestmark = [pytest.mark.browser, pytest.mark.flow]

BAR = "[data-cv-bulk]"


@pytest.fixture(scope="module")
def address(portals: Portals) -> Iterator[str]:
    with serving(portals.folder("deeds")) as address:
        yield address


@pytest.fixture
def signed_in(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the person whom the test names, with the list of their recordings open."""
    context = chromium.new_context(base_url=address)
    watched: Watched = watch(context.new_page())
    sign_in(watched.page, request.param)
    if request.param == "rita.marsh":  # whose home is the dashboard
        watched.page.goto("/recordings/")
    watched.page.wait_for_load_state("networkidle")
    yield watched.page
    assert watched.complaints == []
    context.close()


ann = pytest.mark.parametrize("signed_in", ["ann.keller"], indirect=True)
hannah = pytest.mark.parametrize("signed_in", [cast.SUPERVISOR], indirect=True)
rita = pytest.mark.parametrize("signed_in", ["rita.marsh"], indirect=True)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@ann
def test_a_base_user_releases_preserves_and_undoes(signed_in: Page) -> None:
    page = signed_in
    press(page, "j", "x")
    bar = page.locator(BAR)
    expect(bar).to_contain_text("1 selected")
    expect(bar.get_by_role("button")).to_have_count(6)  # all but delete
    bar.get_by_role("button", name="Release").click()
    expect(page.get_by_role("status").last).to_contain_text("1 recording is released.")
    press(page, "j", "p")
    expect(page.locator(".cv-toast")).to_contain_text("1 recording is preserved.")
    expect(page.locator("tbody")).to_contain_text("Preserved")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".cv-toast")).to_contain_text("1 recording is released.")
    expect(page.locator("tbody")).not_to_contain_text("Preserved")


@ann
def test_n_writes_a_note_about_the_moment_that_is_heard(signed_in: Page) -> None:
    page = signed_in
    page.locator("tbody a.cv-name").first.click()
    wait_for_wave(page)
    press(page, "ArrowRight", "ArrowRight", "n")
    expect(page.get_by_label("About the moment 0:10")).to_be_checked()
    page.keyboard.type("p and n are letters here")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".cv-note").last).to_contain_text("0:10 p and n are letters here")
    expect(page.locator("[data-cv-timeline]")).to_contain_text("Note p and n are letters here")


@hannah
def test_a_supervisor_writes_one_note_for_several(signed_in: Page) -> None:
    page = signed_in
    press(page, "j", "Shift+ArrowDown")
    expect(page.locator("[data-cv-row][aria-selected=true]")).to_have_count(2)
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a note to 2 recordings")
    page.keyboard.type("For the review.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".cv-toast")).to_contain_text("Note added to 2 recordings.")
    expect(page.locator("tbody tr", has_text="1 note")).to_have_count(1)


@hannah
def test_what_an_administrator_preserved_is_told_of_and_stays(signed_in: Page) -> None:
    page = signed_in
    expect(page.locator(BAR)).to_be_hidden()
    page.keyboard.press("Delete")  # not a supervisor's right here: nothing happens
    expect(page.get_by_role("heading", level=1)).to_have_text("All recordings")


@ann
def test_the_selected_are_downloaded_as_one_zip_by_key_and_again_by_button(
    signed_in: Page,
) -> None:
    page = signed_in
    press(page, "j", "x")
    with page.expect_download() as by_key:
        press(page, "d")
    with zipfile.ZipFile(by_key.value.path()) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2
    page.wait_for_timeout(3200)  # so long a second press is taken for a double click
    with page.expect_download() as by_button:
        page.locator(BAR).get_by_role("button", name="Download ZIP").click()
    assert re.fullmatch(r"recordings-\d{4}-\d\d-\d\d\.zip", by_button.value.suggested_filename)
    expect(page.locator(BAR)).to_contain_text("1 selected")


@pytest.mark.parametrize("width", [1440, 390])
def test_what_stays_out_of_a_zip_is_asked_about(
    chromium: Browser, address: str, width: int
) -> None:
    context = chromium.new_context(
        base_url=address, bypass_csp=True, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    sign_in(page)
    page.goto("/recordings/")
    if width < 600:
        page.get_by_role("button", name="Select", exact=True).click()
    for box in page.locator("[data-cv-select]").all():
        box.check()
    page.locator(BAR).get_by_role("button", name="Download ZIP").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("recordings?")
    expect(page.locator(".cv-chosen")).to_contain_text("This recording cannot be opened here yet")
    assert axe_violations(page) == []
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download ZIP").click()
    with zipfile.ZipFile(downloaded.value.path()) as archive:
        assert b"cannot be opened here yet" in archive.read("manifest.csv")
    context.close()


@rita
def test_an_administrator_selects_by_range_and_deletes_after_a_question(signed_in: Page) -> None:
    page = signed_in
    boxes = page.locator("[data-cv-select]")
    before = boxes.count()
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator(BAR)).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator(BAR)).to_be_hidden()
    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(page.locator(BAR)).to_contain_text(f"{before} selected")
    page.keyboard.press("Escape")
    press(page, "k", "Delete")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete this recording?")
    page.get_by_role("link", name="Keep").click()
    expect(boxes).to_have_count(before)
    boxes.nth(before - 1).check()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete this recording").click()
    expect(page.locator(".cv-toast")).to_contain_text("1 recording is deleted.")
    expect(boxes).to_have_count(before - 1)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_new_pages_are_accessible(chromium: Browser, address: str, width: int) -> None:
    context = chromium.new_context(
        base_url=address,
        bypass_csp=True,
        viewport={"width": width, "height": 2600},  # high: nothing lies half under the bottom bar
    )
    page = context.new_page()
    sign_in(page)
    page.goto("/recordings/")
    if width < 600:
        page.get_by_role("button", name="Select", exact=True).click()
    page.locator("[data-cv-select]").first.check()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Delete…").click()
    page.wait_for_load_state()
    assert axe_violations(page) == []
    open_recording(page, cast.HELD)
    page.keyboard.press("n")
    assert axe_violations(page) == []
    page.locator(".cv-note__by a").first.click()
    page.wait_for_load_state()
    assert axe_violations(page) == []
    page.goto("/settings/permissions")
    page.locator('input[name=delete][value="90"]').check()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Save changes").click()
    page.get_by_label("Type “Nobody may ever delete” to confirm").fill("no")
    assert axe_violations(page) == []
    context.close()
