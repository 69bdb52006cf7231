"""The player, as a listener uses it: by pointer and by keys."""

import pytest
from playwright.sync_api import Locator, Page, expect
from tools.demo_portal import cast

from tests.browser.looking import eventually, open_recording, wait_for_wave

pytestmark = [pytest.mark.browser, pytest.mark.flow]


@pytest.fixture(autouse=True)
def player(page: Page) -> None:
    """The recording with a hold, a pause and a loss, its waveform drawn."""
    open_recording(page, cast.HELD)
    wait_for_wave(page)


SHOWN = "document.querySelector('[data-cv-part=now]').textContent"


def shown_time(page: Page) -> Locator:
    """The time under the waveform."""
    return page.locator("[data-cv-part=now]")


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def shadow(page: Page, part: str) -> list[dict[str, float]]:
    """Boxes of the waveform's parts of this name."""
    boxes = page.evaluate(
        """(part) => [...document.querySelector("[data-cv-part=wave]").firstElementChild.shadowRoot
             .querySelectorAll(`[part~=${part}]`)].map((one) => {
               const box = one.getBoundingClientRect();
               return { x: box.x, width: box.width, height: box.height };
             })""",
        part,
    )
    return list(boxes)


def test_playing_moves_on_and_pausing_stops(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    eventually(page, "document.querySelector('[data-cv-part=now]').textContent !== '0:00'")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_both_voices_are_drawn_in_strips_of_their_own(page: Page) -> None:
    canvases = shadow(page, "canvases") or shadow(page, "wrapper")
    assert canvases[0]["height"] >= 2 * 84


def test_hold_pause_and_loss_span_the_strips_where_they_were(page: Page) -> None:
    strip = page.locator("[data-cv-part=wave]").bounding_box()
    assert strip is not None
    starts = [
        round((box["x"] - strip["x"]) / strip["width"] * 372) for box in shadow(page, "region")
    ]
    assert starts == pytest.approx([102, 238, 300], abs=2)


def test_keys_go_back_and_forward(page: Page) -> None:
    press(page, "ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft")
    expect(shown_time(page)).to_have_text("0:35")


def test_brackets_go_from_event_to_event(page: Page) -> None:
    press(page, "]", "]")
    expect(shown_time(page)).to_have_text("2:31")
    press(page, "[")
    expect(shown_time(page)).to_have_text("1:42")


def test_a_press_on_the_waveform_leads_there(page: Page) -> None:
    strip = page.locator("[data-cv-part=wave]").bounding_box()
    assert strip is not None
    page.mouse.click(strip["x"] + strip["width"] / 2, strip["y"] + 60)
    expect(shown_time(page)).to_have_text("3:06")
    press(page, "ArrowLeft")
    expect(shown_time(page)).to_have_text("3:01")


def test_a_time_in_the_list_of_events_leads_there(page: Page) -> None:
    page.get_by_role("link", name="3:58").click()
    expect(shown_time(page)).to_have_text("3:58")
    assert page.url.endswith("?t=238")
    current = page.locator("[data-cv-timeline] [aria-current]")
    expect(current).to_contain_text("3:58")


def test_an_address_with_a_time_opens_there(page: Page) -> None:
    page.goto(page.url.split("?")[0] + "?t=167")
    wait_for_wave(page)
    expect(shown_time(page)).to_have_text("2:47")


def test_a_jump_fetches_a_part_and_not_the_whole(page: Page) -> None:
    asked: list[str] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.headers.get("range", "none"))
            if request.url.endswith("/audio")
            else None
        ),
    )
    page.reload()
    wait_for_wave(page)
    page.get_by_role("link", name="3:58").click()
    eventually(page, "document.querySelector('[data-cv-part=now]').textContent === '3:58'")
    assert asked
    assert all(header.startswith("bytes=") for header in asked)


def test_the_position_is_told_in_words(page: Page) -> None:
    page.get_by_role("link", name="2:31").click()
    slider = page.get_by_role("slider", name="Position")
    spoken = (slider.get_attribute("aria-valuetext") or "").replace("\u00a0", " ")
    assert spoken == "2 min 31 s of 6 min 12 s"


def test_speed_volume_and_skipping_are_remembered(page: Page) -> None:
    press(page, ".", ".", "s")
    page.get_by_role("slider", name="Volume of Ann Keller").fill("40")
    page.reload()
    wait_for_wave(page)
    assert page.get_by_label("Speed").input_value() == "1.5"
    assert page.get_by_role("slider", name="Volume of Ann Keller").input_value() == "40"
    expect(page.get_by_role("button", name="Skip silence")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_each_voice_can_be_muted_by_key(page: Page) -> None:
    press(page, "1", "2", "1")
    muted = [
        button.get_attribute("aria-pressed")
        for button in page.locator("[data-cv-part^=mute]").all()
    ]
    assert muted == ["false", "true"]


LISTEN = """
const build = AudioContext.prototype.createChannelMerger;
AudioContext.prototype.createChannelMerger = function (...given) {
  const merger = build.apply(this, given);
  const splitter = this.createChannelSplitter(2);
  merger.connect(splitter);
  window.cvMeters = [0, 1].map((channel) => {
    const meter = this.createAnalyser();
    splitter.connect(meter, channel);
    return meter;
  });
  return merger;
};
window.cvLoudest = [0, 0];
window.cvListen = () => window.cvMeters?.forEach((meter, channel) => {
  const samples = new Float32Array(meter.fftSize);
  meter.getFloatTimeDomainData(samples);
  window.cvLoudest[channel] = Math.max(window.cvLoudest[channel], ...samples.map(Math.abs));
});
setInterval(window.cvListen, 20);
"""


def test_muting_silences_only_its_own_channel(page: Page) -> None:
    page.add_init_script(LISTEN)
    page.reload()
    wait_for_wave(page)
    press(page, "1", "Space")
    eventually(page, "window.cvLoudest[1] > 0.05")
    eventually(page, f"{SHOWN} >= '0:04'")
    assert page.evaluate("window.cvLoudest[0]") < 0.001


def test_skipping_silence_says_when_it_passes_a_pause(page: Page) -> None:
    press(page, "s")
    page.get_by_role("link", name="3:58").click()
    page.keyboard.press("Space")
    note = page.locator("[data-cv-part=note]")
    expect(note).to_contain_text("Paused 0:24")
    eventually(page, f"{SHOWN} >= '4:21'")


def test_escape_goes_back_to_the_list(page: Page) -> None:
    page.keyboard.press("Escape")
    page.wait_for_url("**/recordings/")


def test_a_zoomed_waveform_is_wider_than_its_window(page: Page) -> None:
    page.get_by_role("button", name="Zoom in").click()
    width = page.locator("[data-cv-part=wave]").bounding_box()
    assert width is not None
    eventually(
        page,
        "document.querySelector('[data-cv-part=wave]').firstElementChild.shadowRoot"
        ".querySelector('[part~=wrapper]').scrollWidth > 1000",
    )
