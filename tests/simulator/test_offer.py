"""Offers, and what a strict SRC says to answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.simulator.offer import (
    AnsweredStream,
    OfferedStream,
    body_of,
    build,
    faults_of,
    read_answer,
)
from callvault.simulator.script import Codec

OFFERED = (OfferedStream(40000, "1"), OfferedStream(40002, "2"))
ANSWER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=recvonly\r\na=label:1\r\n"
    b"m=audio 20002 RTP/AVP 8\r\nc=IN IP4 192.0.2.201\r\na=recvonly\r\na=label:2\r\n"
)


def offer(codec: Codec = Codec.PCMU, *, held: bool = False, address: str = "192.0.2.1") -> str:
    sdp = build(OFFERED, address=address, session_id=7, version=1, codec=codec, held=held)
    return sdp.decode("ascii")


@pytest.mark.parametrize(
    ("codec", "formats"), [("pcmu", "0 8 9"), ("pcma", "8 0 9"), ("g722", "9 0 8")]
)
def test_the_codec_of_the_call_is_offered_first(codec: str, formats: str) -> None:
    assert f"m=audio 40000 RTP/AVP {formats}\r\n" in offer(Codec(codec))


def test_an_offer_ends_with_a_line_end_and_labels_each_stream() -> None:
    text = offer()
    assert text.endswith("a=label:2\r\n")
    assert text.count("a=sendonly") == 2


def test_a_hold_makes_every_stream_inactive() -> None:
    assert offer(held=True).count("a=inactive") == 2
    assert "a=sendonly" not in offer(held=True)


def test_an_ipv6_address_is_named_as_such() -> None:
    assert "c=IN IP6 2001:db8::1\r\n" in offer(address="2001:db8::1")


def test_an_answer_is_read_with_its_addresses_and_labels() -> None:
    assert read_answer(ANSWER) == (
        AnsweredStream(20000, "192.0.2.200", (8,), "recvonly", "1"),
        AnsweredStream(20002, "192.0.2.201", (8,), "recvonly", "2"),
    )


def test_a_right_answer_has_no_faults() -> None:
    assert faults_of(read_answer(ANSWER), OFFERED, held=False) == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ((b"a=label:2", b"a=label:9"), "label '9' answered for '2'"),
        ((b"m=audio 20002", b"m=audio 0"), "stream 2 was refused"),
        ((b"a=recvonly", b"a=sendrecv"), "direction sendrecv answered, not recvonly"),
        ((b"20002 RTP/AVP 8", b"20002 RTP/AVP 18"), "payload types (18,) answered"),
    ],
)
def test_a_wrong_answer_is_told(change: tuple[bytes, bytes], fault: str) -> None:
    answer = read_answer(ANSWER.replace(*change))
    assert any(told.startswith(fault) for told in faults_of(answer, OFFERED, held=False))


def test_a_missing_m_line_is_told() -> None:
    answer = read_answer(ANSWER)[:1]
    assert faults_of(answer, OFFERED, held=False) == ("1 m-lines answered for 2",)


def test_a_held_stream_must_be_answered_inactive() -> None:
    assert len(faults_of(read_answer(ANSWER), OFFERED, held=True)) == 2


def test_a_body_carries_both_parts_between_boundaries() -> None:
    content_type, body = body_of(b"v=0\r\n", b"<recording/>")
    boundary = content_type.split("boundary=")[1].encode()
    _, sdp, metadata, end = body.split(b"--" + boundary)
    assert sdp.endswith(b"\r\n\r\nv=0\r\n\r\n")
    assert b"Content-Disposition: recording-session\r\n\r\n<recording/>" in metadata
    assert end == b"--\r\n"


@given(st.binary(max_size=200))
def test_no_answer_makes_the_reader_fail_otherwise_than_it_says(body: bytes) -> None:
    try:
        read_answer(body)
    except ValueError:
        return


SEALED = tuple(
    OfferedStream(one.port, one.label, f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:key{one.label}")
    for one in OFFERED
)
SEALED_ANSWER = ANSWER.replace(
    b"a=recvonly\r\n", b"a=recvonly\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:own\r\n"
)


def test_streams_with_keys_are_offered_as_srtp() -> None:
    text = build(SEALED, address="192.0.2.1", session_id=7, version=1, codec=Codec.PCMU).decode()
    assert text.count("RTP/SAVP") == 2
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:key2\r\n" in text


def test_an_answer_must_name_the_key_that_was_chosen() -> None:
    assert faults_of(read_answer(SEALED_ANSWER), SEALED, held=False) == ()
    chosen = "'1 AES_CM_128_HMAC_SHA1_80'"
    assert faults_of(read_answer(ANSWER), SEALED, held=False) == (
        (f"crypto '' answered for {chosen}",) * 2
    )
    assert faults_of(read_answer(SEALED_ANSWER), OFFERED, held=False) == (
        (f"crypto {chosen} answered for ''",) * 2
    )
