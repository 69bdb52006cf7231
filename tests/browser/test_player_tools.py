"""What stands around the player: repeating a part, links to a moment, neighbours, copies."""

import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import soundfile
from playwright.sync_api import BrowserContext, Locator, Page, expect
from tools.demo_portal import cast

from tests.browser.looking import axe_violations, eventually, open_recording, wait_for_wave

pytestmark = [pytest.mark.browser, pytest.mark.flow]

SHOWN = "document.querySelector('[data-cv-part=now]').textContent"


def open_held(page: Page) -> None:
    """Open the recording with a hold, a pause and a loss, its waveform drawn."""
    open_recording(page, cast.HELD)
    wait_for_wave(page)


def note(page: Page) -> Locator:
    """What the player says under its controls."""
    return page.locator("[data-cv-part=note]")


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def drag(page: Page, first: float, last: float) -> None:
    """Draw over the waveform, from and to a share of its width."""
    strip = page.locator("[data-cv-part=wave]").bounding_box()
    assert strip is not None
    page.mouse.move(strip["x"] + strip["width"] * first, strip["y"] + 120)
    page.mouse.down()
    page.mouse.move(strip["x"] + strip["width"] * last, strip["y"] + 120, steps=6)
    page.mouse.up()


def test_a_part_marked_by_keys_is_repeated_until_the_third_press(page: Page) -> None:
    open_held(page)
    press(page, "ArrowRight", "l")
    expect(note(page)).to_contain_text("Repeating from 0:05")
    page.get_by_role("slider", name="Position").focus()
    page.evaluate("document.querySelector('[data-cv-part=seek]').step = 1")
    press(page, "ArrowRight", "ArrowRight", "l")
    expect(note(page)).to_contain_text("Repeating 0:05 to 0:07")
    press(page, "Tab")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("""() => {
      const seen = (window.cvSeen = []);
      const now = document.querySelector("[data-cv-part=now]");
      new MutationObserver(() => seen.push(now.textContent)).observe(now, { childList: true });
    }""")
    press(page, "Space")
    turned = "(() => { const at = window.cvSeen.indexOf('0:06');"
    turned += " return at >= 0 && window.cvSeen.lastIndexOf('0:05') > at; })()"
    eventually(page, turned)
    press(page, "Space", "l")
    expect(note(page)).to_contain_text("No more repeating")


def test_a_part_drawn_with_the_pointer_is_repeated(page: Page) -> None:
    open_held(page)
    drag(page, 0.02, 0.2)
    expect(page.get_by_role("button", name="Repeat a part")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(note(page)).to_contain_text("Repeating 0:0")
    page.get_by_role("button", name="Repeat a part").click()
    expect(note(page)).to_contain_text("No more repeating")


def test_a_link_to_the_moment_is_copied_and_opens_there(
    page: Page, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_held(page)
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "c")
    expect(page.locator("#cv-toasts")).to_contain_text("Link to 0:15 copied")
    link = str(page.evaluate("navigator.clipboard.readText()"))
    assert link.endswith("/?t=15")
    page.goto(link)
    wait_for_wave(page)
    eventually(page, f"{SHOWN} === '0:15'")


def test_one_party_alone_is_heard_and_both_again(page: Page) -> None:
    open_held(page)
    press(page, "3")
    only = page.get_by_role("button", name="Only Ann Keller")
    expect(only).to_have_attribute("aria-pressed", "true")
    press(page, "4")
    expect(only).to_have_attribute("aria-pressed", "false")
    press(page, "4")
    expect(page.locator("[data-cv-part=solo-remote]")).to_have_attribute("aria-pressed", "false")


def test_a_note_on_the_waveform_leads_to_its_moment(page: Page) -> None:
    open_held(page)
    page.locator("[data-cv-part=wave] [part~=cv-marker--note]").click(force=True)
    eventually(page, f"{SHOWN} === '4:30'")


def wait_for_keys(page: Page) -> None:
    """Wait until the page hears `J` and `K`; a locked recording has no waveform to wait for."""
    page.wait_for_selector("[data-cv-neighbours][data-cv-ready]")


def test_neighbours_keep_the_search_and_say_where_it_ends(page: Page) -> None:
    page.goto("/recordings/?direction=in&sort=start")
    page.locator("tbody tr a.cv-name").first.click()
    expect(page.locator(".cv-above__place")).to_contain_text("1 of ")
    wait_for_keys(page)
    told = page.locator(".cv-above__place").inner_text()
    count = int(told.split(" of ")[1])
    press(page, "k")
    expect(page.locator("#cv-toasts")).to_contain_text("first recording of the search")
    for place in range(2, count + 1):
        press(page, "j")
        expect(page.locator(".cv-above__place")).to_have_text(f"{place} of {count}")
        wait_for_keys(page)
    press(page, "j")
    expect(page.locator("#cv-toasts")).to_contain_text("last recording of the search")
    carried = parse_qs(urlsplit(page.url).query)["in"]
    assert carried == ["all?direction=in&sort=start"]
    page.reload()
    expect(page.locator(".cv-above__place")).to_have_text(f"{count} of {count}")
    wait_for_keys(page)
    press(page, "Escape")
    page.wait_for_url("**/recordings/?direction=in&sort=start")


def downloaded(page: Page, name: str, nth: int = 0) -> tuple[str, bytes]:
    """Press one of the other forms to download; return the name and the content."""
    page.get_by_label("Other forms to download").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name, exact=True).nth(nth).click()
    path = Path(waiting.value.path())
    return waiting.value.suggested_filename, path.read_bytes()


def test_wav_flac_and_mix_hold_the_sound_of_the_mp3(page: Page) -> None:
    open_held(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download MP3").click()
    mp3, rate_hz = soundfile.read(Path(waiting.value.path()), dtype="int16")
    stem = waiting.value.suggested_filename.removesuffix(".mp3")
    for name, suffix, expected in (
        ("WAV", "wav", mp3),
        ("FLAC", "flac", mp3),
        ("WAV, mono", "wav", mp3.sum(axis=1, dtype=np.int32) // 2),
    ):
        file_name, content = downloaded(page, name)
        assert file_name == f"{stem}.{suffix}"
        found, found_hz = soundfile.read(io.BytesIO(content), dtype="int16")
        assert found_hz == rate_hz
        np.testing.assert_allclose(found, expected, atol=1)


def test_a_listener_needs_no_pointer(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/recordings/")
    page.locator("tbody tr a.cv-name").first.focus()
    press(page, "Enter")
    wait_for_wave(page)
    press(page, "?")
    expect(page.get_by_role("dialog")).to_contain_text("Repeat a part")
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    press(page, "Space")
    eventually(page, f"{SHOWN} >= '0:01'")
    press(page, "Space", "]", "3", "l", "c", "j")
    page.wait_for_url("**/recordings/*/*")
    wait_for_wave(page)
    press(page, "k")
    wait_for_wave(page)


def test_the_player_with_its_tools_in_use_is_accessible(lenient: Page) -> None:
    open_held(lenient)
    press(lenient, "3", "l", "ArrowRight", "l")
    lenient.get_by_label("Other forms to download").click()
    assert axe_violations(lenient) == []


def test_sound_that_breaks_off_on_a_changed_file_says_so(
    context: BrowserContext, portal: str
) -> None:
    page = context.new_page()
    page.route("**/audio", lambda route: route.abort())
    page.route("**/integrity", lambda route: route.fulfill(status=409, json={"changed": True}))
    open_recording(page, cast.HELD)
    expect(page.locator("[data-cv-part=changed]")).to_be_visible()
    page.unroute("**/integrity")
    page.reload()
    expect(page.locator("[data-cv-part=failure]")).to_be_visible()
    expect(page.locator("[data-cv-part=changed]")).to_be_hidden()
