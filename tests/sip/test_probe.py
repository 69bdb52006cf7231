"""Probes of a node to itself: known by their signature, for a minute, and for OPTIONS only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.sip.probe import VALID_S, ProbeKey, probe_request
from tests.sip.harness import Conversation

KEY = ProbeKey(bytes(32))
NOW_S = 1_800_000_000


def probe(*, token: str = "", at_s: int = NOW_S) -> bytes:
    there, here = ("192.0.2.200", 5060), ("192.0.2.200", 40000)
    return probe_request(there, here, "udp", token=token or KEY.token(at_s), unique="u1")


def test_a_probe_is_vouched_for_within_a_minute() -> None:
    assert KEY.vouches(probe(), NOW_S)
    assert KEY.vouches(probe(), NOW_S + VALID_S)
    assert not KEY.vouches(probe(), NOW_S + VALID_S + 1)
    assert not KEY.vouches(probe(), NOW_S - VALID_S - 1)


@pytest.mark.parametrize(
    "data",
    [
        probe(token=ProbeKey(bytes([1]) * 32).token(NOW_S)),
        probe(token="x.y"),
        probe().replace(b"OPTIONS ", b"INVITE "),
        probe() + bytes(4000),
        b"OPTIONS x-callvault-probe",
        b"",
    ],
)
def test_nothing_else_is(data: bytes) -> None:
    assert not KEY.vouches(data, NOW_S)


@given(st.binary(max_size=100))
def test_no_token_upsets_it(token: bytes) -> None:
    assert not KEY.vouches(probe(token="t").replace(b": t\r\n", b": " + token + b"\r\n"), NOW_S)


def test_a_probe_is_answered_as_any_options() -> None:
    talk = Conversation()
    [answer] = talk.send_raw(probe())
    assert answer.start_line == "SIP/2.0 200 OK"
