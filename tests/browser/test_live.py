"""The page of live calls: it renews itself, keeps its place and the focus, pauses and resumes."""

from itertools import pairwise

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


PLAYED = """
window.played = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at) {
  const peaks = [0, 1].map((side) => Math.max(...this.buffer.getChannelData(side)));
  window.played.push({ at, length: this.buffer.duration, rate: this.buffer.sampleRate, peaks });
  return start.call(this, at);
};
"""


def test_a_supervisor_listens_and_stops(page: Page) -> None:
    page.add_init_script(PLAYED)
    page.goto("/live/")
    bar = page.get_by_role("region", name="Listening")
    expect(bar).to_be_hidden()
    button = page.get_by_role("button", name="Listen to the call of Ann Keller")
    button.focus()
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("You hear the call as it is recorded.")
    expect(bar).to_contain_text("Ann Keller")
    for _ in range(8):
        with page.expect_response("**/live/heard"):
            pass
    expect(button).to_have_attribute("aria-pressed", "true")
    played = page.evaluate("window.played")
    assert {one["rate"] for one in played} == {8000}
    near, far = played[-1]["peaks"]
    assert abs(near - 9000 / 32768) < 0.01
    assert abs(far - 3000 / 32768) < 0.01
    for one, other in pairwise(played):
        assert other["at"] >= one["at"] + one["length"] - 0.001  # one after the other
    with page.expect_response("**/live/table"):  # by itself
        pass
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    with page.expect_request("**/live/leave"):
        bar.get_by_role("button", name="Stop listening").click()
    expect(bar).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "false")
