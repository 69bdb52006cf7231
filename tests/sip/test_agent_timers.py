"""Session timers of an agent: refreshed by the peer, by us, refused, run out (RFC 4028)."""

import pytest

from callvault.sip import AgentSettings, Response, SessionExpired
from tests.sip.harness import ANSWER, INVITATION, OFFER, Conversation, LossyWire, with_headers


def expiries(talk: Conversation) -> int:
    return sum(isinstance(event, SessionExpired) for event in talk.seen)


def sent_methods(talk: Conversation) -> list[str]:
    return [m.cseq.method for m in talk.sent_by_server if not isinstance(m, Response)]


def test_a_session_that_nobody_refreshes_expires_a_little_early() -> None:
    """A third of the interval, at most 32 s, before its end (RFC 4028, section 10)."""
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="1800"))
    talk.wait(1767.9)
    assert expiries(talk) == 0
    talk.wait(0.1)
    assert expiries(talk) == 1
    talk.wait(10_000)
    assert (expiries(talk), talk.server.dialog_count) == (1, 1)


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_refresh_by_the_peer_starts_the_session_anew(method: str) -> None:
    talk = Conversation()
    call = talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uac"))
    for _ in range(5):
        talk.wait(45)
        timer = (("Supported", "timer"), ("Session-Expires", "90;refresher=uac"))
        talk.client.request(call, method, headers=timer, now=talk.now)
        talk.settle()
    assert expiries(talk) == 0
    talk.wait(60)
    assert expiries(talk) == 1


def test_an_interval_below_ours_is_refused_with_ours() -> None:
    talk = Conversation(settings=AgentSettings(min_session_expires_s=120))
    talk.invite(with_headers(INVITATION, Session_Expires="90"))
    answer = talk.sent_by_server[-1]
    assert talk.statuses("INVITE") == [422]
    assert answer.headers.first("min-se") == "120"


def test_an_interval_below_ours_is_raised_for_a_peer_without_timers() -> None:
    """A proxy asked for it; the peer would not understand a 422."""
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="60", Supported=""))
    assert talk.sent_by_server[-1].headers.first("session-expires") == "90;refresher=uas"


def test_we_refresh_by_update_where_the_peer_asks_us_to() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas"))
    assert "Require" not in dict(talk.sent_by_server[-1].headers)
    talk.wait(45)
    update = talk.sent_by_server[-1]
    assert sent_methods(talk) == ["UPDATE"]
    assert update.headers.first("session-expires") == "90;refresher=uac"
    assert update.body == b""


def test_we_refresh_by_reinvite_with_the_same_sdp_where_update_is_not_taken() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas", Allow="INVITE, ACK"))
    talk.wait(45)
    assert sent_methods(talk) == ["INVITE", "ACK"]
    reinvite = next(m for m in talk.sent_by_server if m.cseq.method == "INVITE" and m.body)
    assert reinvite.body == ANSWER


def test_a_repeated_200_to_our_reinvite_repeats_only_the_ack() -> None:
    talk = Conversation()
    call = talk.invite(
        with_headers(INVITATION, Session_Expires="90;refresher=uas", Allow="INVITE, ACK")
    )
    talk.to_server = LossyWire(doubles=True)
    talk.wait(45)
    assert sent_methods(talk) == ["INVITE", "ACK", "ACK"]
    talk.client.request(call, "INVITE", content_type="application/sdp", body=OFFER, now=talk.now)
    talk.settle()
    assert talk.statuses("INVITE")[-1] == 200, "no offer of ours is taken for open"


def test_our_refreshes_go_on_as_long_as_the_answers_say_so() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas"))
    agree_to_refresh(talk)
    talk.wait(45 * 4)
    assert sent_methods(talk) == ["UPDATE"] * 4
    assert expiries(talk) == 0


def test_a_refresh_without_any_answer_is_an_expired_session() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas"))
    talk.to_client = LossyWire([True] * 100)
    talk.wait(60)
    assert expiries(talk) == 1
    talk.wait(1000)
    assert expiries(talk) == 1


@pytest.mark.parametrize(("status", "expected"), [(481, 1), (405, 0)])
def test_a_refused_refresh_ends_the_session_or_only_the_refreshing(
    status: int, expected: int
) -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas"))
    answer_refreshes(talk, status)
    talk.wait(2000)
    assert expiries(talk) == expected
    assert sent_methods(talk) == ["UPDATE"]


def test_a_refresh_that_crosses_an_offer_comes_again_a_second_later() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas"))
    answer_refreshes(talk, 491)
    talk.wait(47)
    assert sent_methods(talk) == ["UPDATE"] * 3


def test_a_refresh_found_too_short_comes_again_with_the_peers_interval() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="90;refresher=uas"))
    answer_refreshes(talk, 422, "Min-SE: 300\r\n")
    talk.wait(47)
    updates = [m for m in talk.sent_by_server if m.cseq.method == "UPDATE"]
    assert updates[-1].headers.first("session-expires") == "300;refresher=uac"


def agree_to_refresh(talk: Conversation) -> None:
    answer_refreshes(talk, 200, "Session-Expires: 90;refresher=uac\r\n")


def answer_refreshes(talk: Conversation, status: int, extra: str = "") -> None:
    """Let the wire turn the client's answers to UPDATE into others."""
    carry = talk.to_server.carry

    def changed(messages: list[bytes]) -> list[bytes]:
        return carry([_reworded(message, status, extra) for message in messages])

    talk.to_server.carry = changed  # type: ignore[method-assign]


def _reworded(message: bytes, status: int, extra: str) -> bytes:
    if not message.startswith(b"SIP/2.0 200") or b" UPDATE\r\n" not in message:
        return message
    return message.replace(b"SIP/2.0 200 OK\r\n", f"SIP/2.0 {status} Other\r\n{extra}".encode())
