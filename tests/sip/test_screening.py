"""What is refused before anybody acts on it."""

import pytest

from callvault.sip import Request, parse_message
from callvault.sip.screening import screen, screen_body, screen_interval, takes_info
from tests.sip.harness import raw_request


def request(method: str = "INVITE", **parts: str) -> Request:
    message = parse_message(raw_request(method, **parts))
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("method", ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO"])
def test_what_we_do_is_let_through(method: str) -> None:
    assert screen(request(method, extra="Require: siprec, TIMER, 100rel\r\n")) is None


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"call_id": ""}, 400),
        ({"to": ""}, 400),
        ({"from_": ""}, 400),
        ({"cseq": "x"}, 400),
        ({"cseq": "1 BYE"}, 400),
        ({"uri": "http://example.com"}, 416),
        ({"uri": "sip192.0.2.1"}, None),
        ({"uri": "tel:+390212"}, None),
        ({"extra": "Require: a\r\nRequire: siprec, b\r\n"}, 420),
    ],
)
def test_what_is_wrong_is_refused_by_the_book(parts: dict[str, str], status: int | None) -> None:
    refusal = screen(request(**parts))
    assert (refusal.status if refusal else None) == status


def test_all_unknown_extensions_are_named() -> None:
    refusal = screen(request(extra="Require: a\r\nRequire: siprec, b\r\n"))
    assert refusal is not None
    assert refusal.headers == (("Unsupported", "a, b"),)


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "BYE"])
def test_require_is_passed_over_where_refusing_does_harm(method: str) -> None:
    assert screen(request(method, extra="Require: teleport\r\n")) is None


@pytest.mark.parametrize(
    ("extra", "body", "status"),
    [
        ("Content-Type: application/sdp\r\n", "v=0", None),
        ("Content-Type: multipart/related;boundary=x\r\n", "--x--", None),
        ("Content-Type: application/rs-metadata\r\n", "<r/>", None),
        ("", "v=0", None),
        ("Content-Type: text/plain\r\n", "", None),
        ("Content-Type: text/plain\r\n", "x", 415),
        ("Content-Type: text/plain\r\nContent-Disposition: x;handling=optional\r\n", "x", None),
        ("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", "x", 415),
    ],
)
def test_bodies_are_judged_by_type_and_handling(extra: str, body: str, status: int | None) -> None:
    refusal = screen_body(request(extra=extra, body=body))
    assert (refusal.status if refusal else None) == status


@pytest.mark.parametrize(
    ("extra", "refused"),
    [
        ("Supported: timer\r\nSession-Expires: 89\r\n", True),
        ("Require: timer\r\nx: 89\r\n", True),
        ("Supported: timer\r\nSession-Expires: 90\r\n", False),
        ("Session-Expires: 89\r\n", False),
        ("Supported: timer\r\n", False),
    ],
)
def test_short_intervals_are_refused_to_peers_that_understand(extra: str, *, refused: bool) -> None:
    refusal = screen_interval(request(extra=extra), minimum_s=90)
    assert (refusal is not None) is refused
    assert refusal is None or refusal.headers == (("Min-SE", "90"),)


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        ("application/media_control+xml", True),
        ("application/dtmf-relay", True),
        ("application/x-broadworks-recording", True),
        ("application/json", False),
    ],
)
def test_info_bodies_of_recording_clients_are_taken(content_type: str, *, taken: bool) -> None:
    info = request("INFO", extra=f"Content-Type: {content_type}\r\n", body="x")
    assert takes_info(info) is taken
    assert takes_info(request("INFO"))
