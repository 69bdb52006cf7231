"""The page of live calls: it renews itself, keeps its place and the focus, pauses and resumes."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.flow]


def test_a_call_is_paused_and_resumed_without_a_reload_and_without_a_jump(page: Page) -> None:
    page.goto("/live/")
    page.evaluate("window.isTheSamePage = true")
    before = page.locator("#live").bounding_box()
    row = page.get_by_role("row", name="Ann Keller")
    row.get_by_role("button", name="Pause the recording of Ann Keller").click()
    resume = row.get_by_role("button", name="Resume the recording of Ann Keller")
    expect(resume).to_be_focused()
    expect(row).to_contain_text("Rita Marsh")
    seen = row.inner_text()
    with page.expect_response("**/live/table"):  # by itself
        pass
    expect(row).not_to_have_text(seen)  # time goes on
    expect(resume).to_be_focused()
    assert page.locator("#live").bounding_box() == before
    resume.click()
    expect(row.get_by_role("button", name="Pause the recording of Ann Keller")).to_be_focused()
    assert page.evaluate("window.isTheSamePage")
