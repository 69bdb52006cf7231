"""Signing in as people do: an app's code, a passkey, and the provider of the organisation."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect
from tools.demo_portal import cast

from tests.browser.looking import Watched, axe_violations, sign_in, watch
from tests.portal.access import glewlwyd

pytestmark = [pytest.mark.browser, pytest.mark.flow]


@pytest.fixture
def home(portal: str) -> str:
    """The portal under a name: passkeys want one."""
    return portal.replace("127.0.0.1", "localhost")


@pytest.fixture
def window(chromium: Browser, home: str) -> Iterator[Watched]:
    """A window in which nobody is signed in."""
    context = chromium.new_context(base_url=home)
    watched = watch(context.new_page())
    yield watched
    context.close()
    assert watched.complaints == []


def sign_out(page: Page) -> None:
    page.goto("/sign-out/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/**")


def with_password(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("User name or e-mail").fill(name)
    page.get_by_label("Password", exact=True).fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def code_of(secret: str, step: int) -> str:
    return str(format_hotp_value(hotp_value(secret, step)))


def test_an_app_is_set_up_and_asked_for(window: Watched) -> None:
    page = window.page
    sign_in(page, "priya.nair")
    page.goto("/account/")
    page.get_by_role("link", name="Set up a second factor").click()
    page.get_by_role("link", name="Set up an app").click()
    expect(page.get_by_role("img", name="QR code with the key")).to_be_visible()
    secret = page.locator("#totp-key").inner_text().replace(" ", "")
    step = int(time.time()) // 30
    page.get_by_label("Code that the app shows").fill(code_of(secret, step - 1))
    page.get_by_role("button", name="Set up the app").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    codes = page.locator("#recovery-codes li").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).read_text().split("\n")[:10] == codes
    page.get_by_role("link", name="I have kept them").click()
    sign_out(page)
    with_password(page, "priya.nair")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.keyboard.type(codes[0])  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**/recordings/**")


def test_a_passkey_is_added_and_signs_in_alone(window: Watched) -> None:
    page = window.page
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    sign_in(page, "mei.tanaka")
    page.goto("/account/second-factor/passkeys/new")
    page.get_by_label("Name").fill("Office laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Passkey, also without a password, at localhost")).to_be_visible()

    sign_out(page)  # alone
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/recordings/**")

    sign_out(page)  # after the password
    with_password(page, "mei.tanaka")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/recordings/**")

    page.goto("/account/second-factor/")
    page.get_by_role("link", name="Rename Office laptop").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Remove Old laptop").click()
    expect(page.get_by_role("heading", name="Old laptop")).to_have_count(0)
    sign_out(page)
    with_password(page, "mei.tanaka")
    page.wait_for_url("**/recordings/**")


def test_rules_of_a_password_are_judged_while_it_is_typed(window: Watched) -> None:
    page = window.page
    sign_in(page, "grace.oyelaran")
    page.goto("/password/")
    page.get_by_label("New password", exact=True).fill("grace.oyelaran")
    expect(page.locator("#password-rules .cv-green")).to_have_count(2)
    page.get_by_label("New password", exact=True).fill("nine slow barges")
    expect(page.locator("#password-rules .cv-green")).to_have_count(3)


def test_single_keys_are_switched_off(window: Watched) -> None:
    page = window.page
    sign_in(page, "lukas.brandt")
    page.goto("/account/")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#cv-keys")).not_to_be_visible()


def test_people_come_in_by_the_provider(
    window: Watched, home: str, tmp_path: Path, chromium: Browser
) -> None:
    if not glewlwyd.PROGRAM.exists():
        pytest.skip("no /usr/bin/glewlwyd: apt-get install glewlwyd")
    page = window.page
    back = f"{home}/sign-in/provider/back"
    with glewlwyd.running(tmp_path, redirect_uri=back) as issuer:
        sign_in(page)
        page.goto("/settings/sign-in/provider")
        page.get_by_label("People may sign in with this provider").check()
        page.get_by_label("Name of the provider").fill("Northgate account")
        page.get_by_label("Issuer").fill(issuer)
        page.get_by_label("Client ID").fill(glewlwyd.CLIENT_ID)
        page.get_by_label("Client secret").fill(glewlwyd.CLIENT_SECRET)
        page.get_by_label("Create people who are not known yet").check()
        page.get_by_role("button", name="Save changes").click()
        page.get_by_role("button", name="Test the provider that is saved").click()
        expect(page.get_by_text("1 of its 1 keys can be used to check tokens.")).to_be_visible()
        sign_out(page)
        assert window.complaints == []
        page.get_by_role("link", name="Continue with Northgate account").click()
        page.wait_for_url(re.compile(r"login\.html"))
        page.wait_for_load_state("networkidle")
        address = page.url  # the provider's own page is not ours to test: answered as it would
        there = glewlwyd.sign_in_there(callback_of(address), "iris")
        page.goto(there)
        window.complaints.clear()  # of the provider's page
        page.wait_for_url("**/recordings/mine/**")
        sign_out(page)
        expect(page.get_by_text("Northgate account still knows you")).to_be_visible()
        assert axe_violations_of(chromium, home) == []
        sign_in(page)
        page.goto("/settings/sign-in/provider")
        page.get_by_label("People may sign in with this provider").uncheck()
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_text("Saved. In force now.")).to_be_visible()


def callback_of(address: str) -> str:
    """Return the question that the provider's page will go on with, once somebody signed in."""
    return parse_qs(urlsplit(address).query)["callback_url"][0]


def axe_violations_of(chromium: Browser, home: str) -> list[str]:
    """Ask axe about the sign-in page with every way in."""
    context = chromium.new_context(base_url=home, bypass_csp=True)
    page = context.new_page()
    page.goto("/sign-in/")
    found = axe_violations(page)
    context.close()
    return found
