"""The reader takes anything in bounded time, and keeps no key."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault import sdp
from callvault.errors import OfferRefused
from callvault.sdp import Codec, Direction, MediaLine

HEAD = b"v=0\r\no=- 1 1 IN IP4 192.0.2.14\r\ns=-\r\nt=0 0\r\n"


def test_a_line_is_read_whole() -> None:
    text = HEAD + (
        b"c=IN IP4 192.0.2.14/127\r\na=inactive\r\n"
        b"m=audio 30000/2 rtp/avp 9 101 77\r\na=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-16\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\na=label: 1 \r\n"
    )
    assert sdp.parse_offer(text).media == (
        MediaLine(
            media="audio",
            port=30000,
            protocol="RTP/AVP",
            formats=("9", "101", "77"),
            codecs=(Codec(9, "G722", 8000), Codec(101, "TELEPHONE-EVENT", 8000, 1, "0-16")),
            label="1",
            direction=Direction.INACTIVE,
            address="192.0.2.14",
            has_crypto=True,
        ),
    )


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (b"a=sendonly\r\n", False),
        (b"", False),
        (b"a=inactive\r\n", True),
        (b"a=recvonly\r\n", True),
        (b"c=IN IP4 0.0.0.0\r\na=sendonly\r\n", True),
        (b"c=IN IP6 ::\r\n", True),
    ],
)
def test_a_line_is_on_hold_when_it_cannot_bring_media(lines: bytes, held: bool) -> None:
    offer = sdp.parse_offer(HEAD + b"m=audio 30000 RTP/AVP 0\r\n" + lines)
    assert offer.media[0].is_on_hold is held


def test_what_the_recorded_are_told_and_wish_is_read() -> None:
    text = b"a=recordpref:NoPreference\r\nm=audio 1 RTP/AVP 0\r\na=record: paused \r\n"
    (line,) = sdp.parse_offer(HEAD + text).media
    assert (line.record, line.record_preference) == ("paused", "nopreference")


def test_keys_are_taken_out_of_a_message_and_nothing_else() -> None:
    head = b"INVITE sip:a SIP/2.0\r\n\r\nm=audio 1 RTP/SAVP 0\r\n"
    message = head + b"a=crypto:1 X inline:secret\r\na=label:1\nk=clear:secret"
    cleaned = head + b"a=crypto:removed\r\na=label:1\nk=removed"
    assert sdp.without_keys(message) == cleaned


def test_answers_to_challenges_are_taken_out_with_their_folded_lines() -> None:
    answer = b'Digest username="sbc", nonce="n1",\r\n\t response="secret"'
    message = b"INVITE sip:a SIP/2.0\r\nauthorization : %s\r\nProxy-Authorization:%s\nTo: a\r\n\r\n"
    cleaned = message.replace(b":%s", b": removed").replace(b": %s", b": removed")
    assert sdp.without_keys(message % (answer, answer)) == cleaned
    blanks = b"authorization" + b" " * 200_000
    assert sdp.without_keys(blanks) == blanks


def test_of_a_flood_of_keys_none_is_kept() -> None:
    assert sdp.without_keys(b"k=secret\n" * 20_000) == b"k=removed\n" * 4095 + b"k=removed"
    assert sdp.without_keys(b"x" * 262_143 + b"\nk=secret") == b"x" * 262_143 + b"\n"


@pytest.mark.parametrize(
    "text",
    [b"a" * 1_000_000, HEAD + b"m=audio 1 RTP/AVP 0\r\n" * 65],
    ids=["one megabyte", "65 media lines"],
)
def test_too_much_is_refused(text: bytes) -> None:
    with pytest.raises(OfferRefused):
        sdp.parse_offer(text)


@pytest.mark.parametrize(
    "line",
    [
        b"a=rtpmap:0 x/8" + b"a " * 30000,
        b"a=fmtp:0 " + b" " * 60000 + b"x",
        b"m=audio 1 RTP/AVP " + b"7 " * 30000,
        b"a=" * 30000,
    ],
)
def test_hostile_lines_cost_little(line: bytes) -> None:
    started = time.thread_time()
    sdp.parse_offer(HEAD + b"m=audio 1 RTP/AVP 0\r\n" + line)
    assert time.thread_time() - started < 0.05


LINES = st.one_of(
    st.sampled_from(
        [
            "m=audio 30000 RTP/AVP 0 8 101",
            "m=audio 0 RTP/AVP 0",
            "m=video 3 RTP/AVP 97",
            "m=",
            "m=audio x y z",
            "a=rtpmap:101 telephone-event/8000",
            "a=rtpmap:8 \u00b2/0",
            "a=fmtp:101 0-15\x85",
            "a=inactive",
            "a=label:\u2028x",
            "c=IN IP4",
            "c=IN IP4 0.0.0.0",
        ]
    ),
    st.text(max_size=40),
)


@given(st.lists(LINES, max_size=30), st.sampled_from(["\r\n", "\n", "\r"]))
def test_any_text_is_answered_line_by_line_or_refused(lines: list[str], end: str) -> None:
    try:
        offer = sdp.parse_offer(end.join(lines).encode("utf-8", "surrogatepass"))
        plans = sdp.plan(offer)
    except OfferRefused:
        return
    ports = {index: 40000 for index, one in enumerate(plans) if one.is_accepted}
    local = sdp.answer(offer, plans, ports, address="192.0.2.200", session_id=1)
    again = sdp.parse_offer(bytes(local))
    assert [media.label for media in again.media] == [line.label for line in offer.media]
    assert bytes(local).endswith(b"\r\n")


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    with contextlib.suppress(OfferRefused):
        assert sdp.parse_offer(text).media != ()
