"""The gadget in a page of another origin: embedded where that is allowed, and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal import cast

from callvault.monitoring.http_server import SmallServer
from tests.browser.looking import watch

pytestmark = [pytest.mark.browser, pytest.mark.flow]


@contextmanager
def desktop(portal: str) -> Iterator[str]:
    """Serve the page of another program with the gadget in a frame; give its address."""
    frame = f'<iframe src="{portal}/gadget/" width="320" height="500"></iframe>'
    page = f"<!doctype html><title>Desk</title>{frame}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = SmallServer(Handler, "127.0.0.1", 0, name="desktop")
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def test_an_agent_signs_in_from_the_frame_and_pauses_her_call(
    chromium: Browser, portal: str, page: Page
) -> None:
    with desktop(portal) as desk, desktop(portal) as stranger:
        page.goto("/settings/gadget/")
        page.get_by_label("Pages that may embed it").fill(desk)
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_text(f"{portal}/gadget/finesse.xml")).to_be_visible()

        agent = chromium.new_context(viewport={"width": 600, "height": 600})
        at_desk = agent.new_page()
        watched = watch(at_desk)
        at_desk.goto(desk)
        frame = at_desk.frame_locator("iframe")
        with agent.expect_page() as opened:
            frame.get_by_role("link", name="Sign in").click()
        window = opened.value
        window.get_by_label("User name or e-mail").fill("ann.keller")
        window.get_by_label("Password", exact=True).fill(cast.PASSWORD)
        window.get_by_role("button", name="Sign in").click()
        expect(window.get_by_role("heading", name="You are signed in")).to_be_visible()
        window.close()
        frame.get_by_role("button", name="Pause the recording of Ann Keller").click()
        resume = frame.get_by_role("button", name="Resume the recording of Ann Keller")
        expect(resume).to_be_focused()
        resume.click()
        expect(
            frame.get_by_role("button", name="Pause the recording of Ann Keller")
        ).to_be_visible()
        assert watched.complaints == []

        elsewhere = agent.new_page()
        elsewhere.goto(stranger)
        assert elsewhere.frames[1].url.startswith("chrome-error:")
        agent.close()
