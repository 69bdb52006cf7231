"""Digest authentication: known answers, replay, expiry, bounds, and garbage."""

import hashlib
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.sip import CredentialsRefused, Request, Response, parse_message
from callvault.sip.digest import (
    MAX_NONCES,
    NONCE_LIFETIME_S,
    REPLAY_WINDOW,
    Authenticator,
    Credentials,
    Outcome,
    _Answer,
)
from callvault.sip.headers import parse_parameters, split_list
from tests.sip.harness import Conversation, raw_request

NOW = 1000.0


def ha1(algorithm: str, user: str = "sbc") -> str:
    digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]
    return digest(f"{user}:callvault:open sesame".encode()).hexdigest()


WANTED = Credentials("sbc", "callvault", ha1("MD5"), ha1("SHA-256"))


def parts(challenge: str) -> dict[str, str]:
    scheme, _, rest = challenge.partition(" ")
    assert scheme == "Digest"
    return dict(parse_parameters(";".join(split_list(rest))))


def answer(
    challenge: str, *, method: str = "INVITE", count: int = 1, hashed: str = "", **changes: str
) -> str:
    """What a client of ours would put into Authorization; written apart from the server's code."""
    asked = parts(challenge)
    digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[asked["algorithm"]]

    def h(text: str) -> str:
        return digest(text.encode()).hexdigest()

    secret = hashed or ha1(asked["algorithm"])
    nonce, nc, cnonce, uri = asked["nonce"], f"{count:08x}", "0a4f113b", "sip:srs@192.0.2.200"
    ha2 = h(f"{method}:{uri}")
    said = {
        "username": '"sbc"',
        "realm": '"callvault"',
        "nonce": f'"{nonce}"',
        "uri": f'"{uri}"',
        "response": f'"{h(f"{secret}:{nonce}:{nc}:{cnonce}:auth:{ha2}")}"',
        "algorithm": asked["algorithm"],
        "cnonce": f'"{cnonce}"',
        "qop": "auth",
        "nc": nc,
    }
    said.update(changes)
    return "Digest " + ", ".join(f"{name}={value}" for name, value in said.items() if value)


def request(*answers: str, method: str = "INVITE") -> Request:
    extra = "".join(f"Authorization: {one}\r\n" for one in answers)
    message = parse_message(raw_request(method, extra=extra))
    assert isinstance(message, Request)
    return message


def challenge(judge: Authenticator, algorithm: str = "SHA-256", *, now: float = NOW) -> str:
    found = [value for _, value in judge.challenges(WANTED, now=now)]
    return next(value for value in found if f"algorithm={algorithm}," in value)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616_is_right(algorithm: str, response: str) -> None:
    """Section 3.9.1: Mufasa's password, and what a browser made of it."""
    digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]
    secret = digest(b"Mufasa:http-auth@example.org:Circle of Life").hexdigest()
    one = _Answer(
        user="Mufasa",
        realm="http-auth@example.org",
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        uri="/dir/index.html",
        response=response,
        algorithm=algorithm,
        count="00000001",
        client_nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        protection="auth",
    )
    assert one.is_right("GET", secret)
    assert not one.is_right("POST", secret)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_a_right_answer_is_good_once(algorithm: str) -> None:
    judge = Authenticator()
    right = request(answer(challenge(judge, algorithm)))
    assert judge.judge(right, WANTED, NOW) is Outcome.PROVEN
    assert judge.judge(right, WANTED, NOW) is Outcome.STALE


def test_sha_256_is_offered_first_and_only_what_there_is_a_hash_for() -> None:
    judge = Authenticator()
    both = [value for _, value in judge.challenges(WANTED, now=NOW)]
    assert [parts(value)["algorithm"] for value in both] == ["SHA-256", "MD5"]
    only = judge.challenges(replace(WANTED, ha1_md5=""), now=NOW)
    assert [parts(value)["algorithm"] for _, value in only] == ["SHA-256"]
    assert judge.challenges(replace(WANTED, ha1_md5="", ha1_sha256=""), now=NOW) == ()


def test_counts_may_overtake_each_other_but_none_comes_twice() -> None:
    judge = Authenticator()
    asked = challenge(judge)
    outcomes = {
        count: judge.judge(request(answer(asked, count=count)), WANTED, NOW)
        for count in (3, 1, 2, REPLAY_WINDOW + 10, 10, 11, 9)
    }
    stale = {count for count, outcome in outcomes.items() if outcome is Outcome.STALE}
    assert stale == {9}  # too far back to know
    for count in (1, 2, 3, 10, 11, REPLAY_WINDOW + 10):
        assert judge.judge(request(answer(asked, count=count)), WANTED, NOW) is Outcome.STALE


def test_a_count_may_jump_as_far_as_it_can() -> None:
    judge = Authenticator()
    asked = challenge(judge)
    last = 0xFFFFFFFF
    tracemalloc.start()
    outcomes = [
        judge.judge(request(answer(asked, count=count)), WANTED, NOW)
        for count in (7, last, 7, last - REPLAY_WINDOW, last - REPLAY_WINDOW - 1, last)
    ]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    proven, stale = Outcome.PROVEN, Outcome.STALE
    assert outcomes == [proven, proven, stale, proven, stale, stale]
    assert peak_bytes < 1_000_000


def test_a_nonce_lives_five_minutes_and_is_then_stale() -> None:
    judge = Authenticator()
    late = request(answer(challenge(judge)))
    assert judge.judge(late, WANTED, NOW + NONCE_LIFETIME_S + 1) is Outcome.STALE
    again = judge.challenges(WANTED, now=NOW, stale=True)
    assert all(value.endswith(", stale=true") for _, value in again)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"hashed": "0" * 64}, Outcome.WRONG),
        ({"username": '"other"'}, Outcome.WRONG),
        ({"nonce": '"made-up"'}, Outcome.WRONG),
        ({"qop": ""}, Outcome.WRONG),
        ({"nc": ""}, Outcome.WRONG),
        ({"nc": "1"}, Outcome.WRONG),
        ({"cnonce": ""}, Outcome.WRONG),
        ({"algorithm": "SHA-512-256"}, Outcome.WRONG),
        ({"response": '"é"'}, Outcome.WRONG),
        ({"realm": '"elsewhere"'}, Outcome.ABSENT),
    ],
)
def test_what_is_not_right_is_wrong(changes: dict[str, str], outcome: Outcome) -> None:
    judge = Authenticator()
    given = answer(challenge(judge), **changes)  # type: ignore[arg-type]
    assert judge.judge(request(given), WANTED, NOW) is outcome


def test_an_answer_is_good_for_its_method_and_its_trunk_only() -> None:
    judge = Authenticator()
    options = answer(challenge(judge), method="OPTIONS")
    assert judge.judge(request(options), WANTED, NOW) is Outcome.WRONG
    elsewhere = replace(WANTED, user="sbc2", ha1_sha256=ha1("SHA-256", "sbc2"))
    assert judge.judge(request(options, method="OPTIONS"), elsewhere, NOW) is Outcome.WRONG


def test_nonces_of_a_process_before_are_stale_and_not_wrong() -> None:
    before, after = Authenticator(), Authenticator()
    assert after.judge(request(answer(challenge(before))), WANTED, NOW) is Outcome.STALE


def test_what_is_kept_is_bounded_and_forgetting_lets_nobody_replay() -> None:
    judge = Authenticator()
    first = request(answer(challenge(judge)))
    assert judge.judge(first, WANTED, NOW) is Outcome.PROVEN
    for number in range(MAX_NONCES + 10):
        now = NOW + number / 1000
        one = request(answer(challenge(judge, now=now)))
        assert judge.judge(one, WANTED, now) in (Outcome.PROVEN, Outcome.STALE)
    assert len(judge._used) <= MAX_NONCES
    assert judge.judge(first, WANTED, NOW + 5) is Outcome.STALE


@given(st.text(max_size=200))
def test_no_header_upsets_it(text: str) -> None:
    judge = Authenticator()
    line = "".join(text.splitlines())
    assert judge.judge(request(f"Digest {line}"), WANTED, NOW) is not Outcome.PROVEN


# --- in the agent


def conversation() -> Conversation:
    return Conversation(credentials=WANTED)


def challenged(talk: Conversation, method: str, **parts: str) -> Response:
    response = talk.ask(method, **parts)
    assert response.status == 401
    return response


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_what_begins_something_is_challenged_and_then_served(method: str) -> None:
    talk = conversation()
    asked = challenged(talk, method).headers.all("www-authenticate")
    assert len(asked) == 2
    assert talk.seen == []
    proof = f"Authorization: {answer(asked[0], method=method)}\r\n"
    answers = talk.send_raw(
        raw_request(method, extra=proof, branch="z9hG4bKtwo", cseq=f"8 {method}")
    )
    assert [one.status for one in answers if isinstance(one, Response)][-1] == 200


def test_nothing_inside_the_dialog_is_challenged_again() -> None:
    talk = conversation()
    [asked, _] = challenged(talk, "INVITE").headers.all("www-authenticate")
    proof = f"Authorization: {answer(asked)}\r\n"
    answers = talk.send_raw(
        raw_request("INVITE", extra=proof, branch="z9hG4bKtwo", cseq="8 INVITE")
    )
    ok = answers[-1]
    to = ok.headers.first("to") or ""
    for number, method in enumerate(("OPTIONS", "UPDATE", "BYE"), start=9):
        branch, cseq = f"z9hG4bK{method}", f"{number} {method}"
        assert talk.ask(method, to=to, branch=branch, cseq=cseq).status == 200


def test_wrong_credentials_are_told_of_without_what_was_sent_and_seldom() -> None:
    talk = conversation()
    [asked, _] = challenged(talk, "INVITE").headers.all("www-authenticate")
    wrong = f"Authorization: {answer(asked, hashed='0' * 64)}\r\n"
    for number in range(5):
        challenged(talk, "INVITE", extra=wrong, branch=f"z9hG4bK{number}", cseq=f"{number} INVITE")
    assert talk.seen == [CredentialsRefused(talk.server_flow, "INVITE", "", 1)]


def test_a_trunk_that_no_password_opens_is_closed() -> None:
    talk = Conversation(credentials=Credentials("sbc", "callvault"))
    assert talk.ask("INVITE").status == 403
