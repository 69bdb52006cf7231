"""A demo portal in a process of its own, and Debian's Chromium to look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tools.demo_portal.server import serving

from tests.browser.looking import Watched, sign_in, watch
from tests.browser.portals import Portals

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",  # the tests run as root in CI, and open only our own pages
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(scope="session")
def portals(tmp_path_factory: pytest.TempPathFactory) -> Portals:
    """Data folders of demo portals, each with a system of its own that a test may change."""
    return Portals(tmp_path_factory)


@pytest.fixture(scope="session")
def portal(portals: Portals) -> Iterator[str]:
    """Address of a portal with four recordings that play and one that is locked."""
    with serving(portals.folder("portal")) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in_state(
    chromium: Browser, portal: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Cookies of an administrator, so that not each test signs in anew."""
    path = tmp_path_factory.mktemp("state") / "rita.json"
    context = chromium.new_context(base_url=portal)
    sign_in(context.new_page())
    context.storage_state(path=path)
    context.close()
    return path


@pytest.fixture
def context(chromium: Browser, portal: str, signed_in_state: Path) -> Iterator[BrowserContext]:
    """A window of the administrator."""
    context = chromium.new_context(base_url=portal, storage_state=signed_in_state)
    yield context
    context.close()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    """A page whose console must stay silent: no error, no refusal by the security policy."""
    watched = watch(context.new_page())
    yield watched
    assert watched.complaints == []


@pytest.fixture
def page(watched: Watched) -> Page:
    """The page of `watched`."""
    return watched.page


@pytest.fixture
def lenient(chromium: Browser, portal: str, signed_in_state: Path) -> Iterator[Page]:
    """A page of the administrator without the security policy, for axe."""
    context = chromium.new_context(base_url=portal, storage_state=signed_in_state, bypass_csp=True)
    yield context.new_page()
    context.close()
