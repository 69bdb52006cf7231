"""Plain HTTP beside HTTPS leads to our own names only."""

import pytest

from callvault.commands.web_redirect import https_address
from callvault.config.sections import WebConfig

WEB = WebConfig(
    bind_address="::", port=8443, redirect_port=8080, host_names=("calls.example.com", "[::1]")
)


@pytest.mark.parametrize(
    ("host", "path", "place"),
    [
        ("calls.example.com:8080", "/people/?q=a", "https://calls.example.com:8443/people/?q=a"),
        ("CALLS.example.com", "/", "https://calls.example.com:8443/"),
        ("[::1]:8080", "/", "https://[::1]:8443/"),
        ("evil.example.com", "/", None),
        ("", "/", None),
        ("calls.example.com", "//evil.example.com/", "https://calls.example.com:8443//evil.example.com/"),
        ("calls.example.com", "http://evil.example.com/", None),
        ("calls.example.com", "/a\r\nSet-Cookie: b=c", None),
        ("calls.example.com", "/" + "a" * 2000, None),
    ],
)  # fmt: skip
def test_where_a_request_is_led(host: str, path: str, place: str | None) -> None:
    assert https_address(WEB, host, path) == place


def test_the_usual_port_is_left_out() -> None:
    web = WebConfig(bind_address="::", port=443, host_names=(".example.com",))
    assert https_address(web, "calls.example.com", "/") == "https://calls.example.com/"
    assert https_address(web, "notexample.com", "/") is None
