"""Who refreshes a session and when (RFC 4028, section 9, table 2)."""

import pytest

from callvault.sip import Request, Response, SessionExpires, parse_message
from callvault.sip.session_timer import SessionTimer, agree, timer_of_answer, timer_of_refresh
from tests.sip.harness import raw_request


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", None),
        ("Supported: timer\r\n", SessionExpires(1800, "uac")),
        ("Supported: timer\r\nMin-SE: 3600\r\n", SessionExpires(3600, "uac")),
        ("Supported: timer\r\nSession-Expires: 600\r\n", SessionExpires(600, "uac")),
        ("Supported: timer\r\nx: 600;refresher=uas\r\n", SessionExpires(600, "uas")),
        ("Require: timer\r\nx: 600;refresher=uac\r\n", SessionExpires(600, "uac")),
        ("Session-Expires: 600\r\n", SessionExpires(600, "uas")),
        ("Session-Expires: 30\r\n", SessionExpires(90, "uas")),
        ("Supported: timer\r\nSession-Expires: whenever\r\n", SessionExpires(1800, "uac")),
    ],
)
def test_the_peer_refreshes_wherever_it_can(extra: str, expected: SessionExpires | None) -> None:
    request = parse_message(raw_request("INVITE", extra=extra))
    assert isinstance(request, Request)
    assert agree(request, minimum_s=90, proposal_s=1800) == expected


@pytest.mark.parametrize(
    ("interval_s", "refresh_s", "expires_s"), [(1800, 900, 1768), (90, 45, 60), (96, 48, 64)]
)
def test_a_timer_counts_in_halves_and_thirds(
    interval_s: int, refresh_s: float, expires_s: float
) -> None:
    timer = SessionTimer(interval_s, we_refresh=True)
    assert (timer.refresh_after_s, timer.expires_after_s) == (refresh_s, expires_s)


def test_roles_are_seen_from_who_sent_the_request() -> None:
    assert timer_of_answer(SessionExpires(90, "uas")) == SessionTimer(90, we_refresh=True)
    assert timer_of_answer(SessionExpires(90, "uac")) == SessionTimer(90, we_refresh=False)
    assert timer_of_answer(None) is None
    answers = ("x: 90;refresher=uac\r\n", "x: 90;refresher=uas\r\n", "x: 90\r\n", "")
    timers = [timer_of_refresh(_response(extra)) for extra in answers]
    assert [timer and timer.we_refresh for timer in timers] == [True, False, True, None]


def _response(extra: str) -> Response:
    message = parse_message(f"SIP/2.0 200 OK\r\n{extra}\r\n".encode())
    assert isinstance(message, Response)
    return message
