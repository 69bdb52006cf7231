"""Who calls, behind proxies and without them."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from callvault.config.sections import Config, WebConfig
from callvault.portal.proxies import ProxyMiddleware, client_behind, read_address

TRUSTED = [ip_network("192.0.2.0/28"), ip_network("::1")]


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("203.0.113.1, 198.51.100.9", "198.51.100.9"),  # what stands left was sent along
        ("198.51.100.9, 192.0.2.4", "198.51.100.9"),  # two proxies of ours
        ("198.51.100.9:40000", "198.51.100.9"),
        ('"><script>', "192.0.2.7"),
        ("198.51.100.9, unknown", "192.0.2.7"),
        ("", "192.0.2.7"),
        ("[2001:db8::9]:443", "2001:db8::9"),
        ("192.0.2.4", "192.0.2.4"),  # a proxy that asks for itself
    ],
)
def test_the_client_is_who_the_last_trusted_proxy_names(chain: str, client: str) -> None:
    assert str(client_behind(ip_address("192.0.2.7"), chain, TRUSTED)) == client


def test_an_ipv4_client_of_an_ipv6_socket_is_an_ipv4_client() -> None:
    assert str(read_address("::ffff:198.51.100.9")) == "198.51.100.9"


def seen(request: HttpRequest) -> HttpResponse:
    """Tell what the views see."""
    told = f"{request.scheme} {request.get_host()} {request.META['REMOTE_ADDR']}"
    return HttpResponse(told)


@pytest.fixture
def behind(settings: Settings) -> ProxyMiddleware:
    """The middleware where 192.0.2.7 is a trusted proxy."""
    settings.ALLOWED_HOSTS = ["calls.example.com", "testserver"]
    settings.USE_X_FORWARDED_HOST = True
    web = WebConfig(bind_address="0.0.0.0", trusted_proxies=("192.0.2.7",))
    settings.CALLVAULT = replace(Config(), web=web)
    return ProxyMiddleware(seen)


FORWARDED = {
    "X-Forwarded-For": "198.51.100.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "calls.example.com",
}


def answer(behind: ProxyMiddleware, peer: str) -> tuple[int, str]:
    request = RequestFactory().get("/", headers=FORWARDED, REMOTE_ADDR=peer)
    response = behind(request)
    return response.status_code, response.content.decode()


def test_a_trusted_proxy_is_believed(behind: ProxyMiddleware) -> None:
    assert answer(behind, "192.0.2.7") == (200, "https calls.example.com 198.51.100.9")


def test_this_machine_is_not_believed_unless_it_is_a_trusted_proxy(
    behind: ProxyMiddleware,
) -> None:
    assert answer(behind, "127.0.0.1") == (200, "http testserver 127.0.0.1")


def test_a_stranger_past_the_proxy_gets_no_plain_http(behind: ProxyMiddleware) -> None:
    status, told = answer(behind, "192.0.2.8")
    assert status == 403
    assert "Use HTTPS" in told
