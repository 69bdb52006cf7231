"""Take the pictures that the documentation shows, of a demo portal: `python -m tools.screenshots`.

Usage: screenshots.py [--all] [FOLDER]. By default the few that the docs use go to docs/images;
with --all each page goes to FOLDER, wide and on a phone, light and dark, to be looked at beside
the design's pictures.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.demo_portal import cast, strained
from tools.demo_portal.server import running

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
MAX_BYTES = 300_000
SIZES = {"wide": (1440, 900), "phone": (390, 844)}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the page, in which window and theme."""

    name: str
    address: str  # or "recording:NUMBER", of the call with this remote party, or "trunk:NAME";
    # "ADDRESS > NAME" follows the link of that name
    size: str = "wide"
    theme: str = "light"

    @property
    def file_name(self) -> str:
        """Return the name of its file."""
        marks = [mark for mark in (self.size, self.theme) if mark not in ("wide", "light")]
        return "-".join((self.name, *marks)) + ".png"


DOCUMENTED = (
    Picture("recordings", "/recordings/"),
    Picture("recording", f"recording:{cast.HELD}"),
)
PAGES = {
    "sign-in": "/sign-in/",
    "recordings": "/recordings/",
    "my-recordings": "/recordings/mine/",
    "none-match": "/recordings/?q=nobody",
    "recording": f"recording:{cast.HELD}",
    "locked": f"recording:{cast.LOCKED}",
    "spoilt": f"recording:{strained.SPOILT}",
    "interaction": f"recording:{strained.WALKED}",
    "live-calls": "/live/",
    "call-decisions": "/decisions/",
    "audit-log": "/audit/",
    "subjects": "/subjects/",
    "subject": "/subjects/?q=%2B15550142",
    "subject-erase": "/subjects/erase?q=%2B15550142",
    "people": "/people/",
    "people-filtered": "/people/?level=20",
    "people-none": "/people/?q=nobody",
    "people-import": "/people/import",
    "person-new": "/people/new",
    "person": "/people/?q=keller > Ann Keller",
    "person-delete": "/people/?q=keller > Ann Keller > Delete…",
    "settings": "/settings/",
    "permissions": "/settings/permissions",
    "modes": "/settings/modes",
    "trunks": "/settings/trunks/",
    "trunk": "trunk:Branch CUBE",
    "trunk-strained": f"trunk:{strained.TRUNK['name']}",
    "trunk-new": "/settings/trunks/new",
    "guide": "/settings/trunks/guides/opensips",
    "directories": "/settings/directory/",
    "directory": f"/settings/directory/ > {cast.DIRECTORY}",
    "directory-preview": "/settings/directory/ > Preview",
    "directory-stopped": "/settings/directory/ > Review and apply…",
    "directory-new": "/settings/directory/new/active_directory",
    "directory-webex": "/settings/directory/new/webex",
    "sign-in-settings": "/settings/sign-in",
    "provider": "/settings/sign-in/provider",
    "tokens-of-all": "/settings/tokens",
    "mail": "/settings/mail",
    "nodes": "/nodes/",
    "account": "/account/",
    "second-factor": "/account/second-factor/",
    "authenticator-app": "/account/second-factor/app",
    "confirm": "/account/confirm",
    "tokens": "/account/tokens",
    "token-new": "/account/tokens/new",
    "api-reference": "/api/",
    "password": "/password/",
    "not-there": "/nowhere/",
}


def main() -> None:
    """Take the pictures asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="each page in each form")
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    pictures = list(_all_forms()) if chosen.all else DOCUMENTED
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), calls=len(cast.CALLS), is_strained=chosen.all) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        state = Path(folder) / "state.json"
        _sign_in(browser, address, state)
        for picture in pictures:
            _take(browser, address, state, picture, chosen.folder)
        browser.close()


def _all_forms() -> Iterator[Picture]:
    for name, address in PAGES.items():
        for size in SIZES:
            for theme in ("light", "dark"):
                yield Picture(name, address, size, theme)


def _sign_in(browser: Browser, address: str, state: Path) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/sign-in/")
    page.get_by_label("User name or e-mail").fill("rita.marsh")
    page.get_by_label("Password", exact=True).fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/recordings/")
    context.storage_state(path=state)
    context.close()


def _take(browser: Browser, address: str, state: Path, picture: Picture, folder: Path) -> None:
    width, height = SIZES[picture.size]
    context = browser.new_context(
        base_url=address,
        storage_state=None if picture.name == "sign-in" else state,
        viewport={"width": width, "height": height},
        color_scheme="dark" if picture.theme == "dark" else "light",
    )
    page = context.new_page()
    _open(page, picture.address)
    target = folder / picture.file_name
    page.screenshot(path=target)
    context.close()
    size = target.stat().st_size
    print(f"{target.name}: {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        raise SystemExit(f"{target.name} has {size} bytes, allowed: {MAX_BYTES}")


def _open(page: Page, address: str) -> None:
    if address.startswith("trunk:"):
        page.goto("/settings/trunks/")
        page.get_by_role("link", name=address.removeprefix("trunk:")).click()
    elif not address.startswith("recording:"):
        first, *links = address.split(" > ")
        page.goto(first)
        for name in links:
            page.get_by_role("main").get_by_role("link", name=name).first.click()
    else:
        number = address.removeprefix("recording:")
        page.goto("/recordings/?q=" + number.replace("+", "%2B"))
        row = page.locator("tbody tr", has=page.locator(f'[data-cv-copy="{number}"]'))
        link = row.last.locator("a.cv-name").get_attribute("href") or ""
        page.goto(link + ("?t=167" if number == cast.HELD else ""))
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)  # fonts and the waveform's last stroke


if __name__ == "__main__":
    main()
