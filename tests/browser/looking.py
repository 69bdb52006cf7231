"""What the browser tests share: signing in, listening to the console, asking axe."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page
from tools.demo_portal import cast

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
PATIENCE_S = 45.0  # of a machine that does other things besides
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Watched:
    """A page and what its console complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # parts of complaints that a test provokes

    def hear(self, message: ConsoleMessage) -> None:
        """Keep an error or a warning, unless the test provoked it."""
        if message.type in ("error", "warning") and not self._is_expected(message.text):
            self.complaints.append(f"{message.type}: {message.text}")

    def _is_expected(self, text: str) -> bool:
        return any(part in text for part in self.expected)


def watch(page: Page) -> Watched:
    """Listen to a page's console and to errors that its scripts do not catch."""
    watched = Watched(page)
    page.on("console", watched.hear)
    page.on("pageerror", lambda error: watched.complaints.append(f"uncaught: {error}"))
    return watched


def sign_in(page: Page, username: str = "rita.marsh") -> None:
    """Sign in with the form, as people do."""
    page.goto("/sign-in/")
    page.get_by_label("User name or e-mail").fill(username)
    page.get_by_label("Password", exact=True).fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/(dashboard|recordings|live)/"))


@contextmanager
def administrator(chromium: Browser, address: str) -> Iterator[Page]:
    """A page of an administrator, lenient for axe, that complains of nothing until the end."""
    context = chromium.new_context(base_url=address, bypass_csp=True)
    watched = watch(context.new_page())
    sign_in(watched.page)
    yield watched.page
    assert watched.complaints == []
    context.close()


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


def axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds on the page as it stands, each with the elements concerned.

    axe sets style attributes for a moment, which our policy refuses: give it a lenient page.
    """
    page.evaluate(_axe_source())
    found = page.evaluate(
        """async (tags) => (await axe.run(document, { runOnly: tags })).violations.map(
             (one) => one.id + ": " + one.nodes.map((node) => node.html).join(" | "))""",
        WCAG_22_AA,
    )
    return [str(violation) for violation in found]


def eventually(page: Page, expression: str) -> None:
    """Ask until the expression holds; Playwright's own waiting needs eval, which we forbid."""
    deadline = time.monotonic() + PATIENCE_S
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{expression} did not hold within {PATIENCE_S:.0f} s")
        page.wait_for_timeout(50)


def open_recording(page: Page, remote: str) -> None:
    """Open the page of the demo call with this remote number, and wait for its waveform."""
    page.goto("/recordings/")
    row = page.locator("tbody tr", has=page.locator(f'[data-cv-copy="{remote}"]'))
    row.last.locator("a.cv-name").click()
    page.wait_for_selector("h1")


def wait_for_wave(page: Page) -> None:
    """Wait until the player has drawn the waveform."""
    page.wait_for_selector("[data-cv-player][data-cv-ready]")
