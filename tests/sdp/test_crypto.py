"""`a=crypto` lines: what is read, refused and written, and that keys go nowhere else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault import sdp
from callvault.sdp.crypto import MAX_LINE, Crypto, answer_to, own_lines
from callvault.srtp import SUITES, Context, MasterKey

SUITE = "AES_CM_128_HMAC_SHA1_80"
SECRET = bytes(range(30))
KEY = base64.b64encode(SECRET).decode()
OTHER = base64.b64encode(SECRET[::-1]).decode()


def crypto(*keys: MasterKey, tag: int = 1, suite: str = SUITE) -> Crypto:
    return Crypto(tag, Context(suite, keys or (MasterKey(SECRET),)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"1 {SUITE} inline:{KEY}", crypto()),
        (f"  07  aes_cm_128_hmac_sha1_80\tINLINE:{KEY}  ", crypto(tag=7)),
        (f"1 {SUITE} inline:{KEY}|2^48", crypto()),
        (f"1 {SUITE} inline:{KEY}|65536|1:4", crypto(MasterKey(SECRET, b"\0\0\0\1"))),
        (f"1 {SUITE} inline:{KEY}|258:2", crypto(MasterKey(SECRET, b"\1\2"))),
        (
            f"1 {SUITE} inline:{KEY}|2^20|1:1;inline:{OTHER}|2^20|2:1",
            crypto(MasterKey(SECRET, b"\1"), MasterKey(SECRET[::-1], b"\2")),
        ),
        (f"1 {SUITE} inline:{KEY} WSH=128 -UNKNOWN=x", crypto()),
    ],
)
def test_a_line_is_read_as_it_is_meant(text: str, expected: Crypto) -> None:
    assert sdp.read_crypto(text) == expected


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_may_lack_its_padding_but_no_byte(suite: str) -> None:
    secret = bytes(SUITES[suite].master_bytes)
    text = base64.b64encode(secret).decode().rstrip("=")
    assert sdp.read_crypto(f"1 {suite} inline:{text}") == crypto(MasterKey(secret), suite=suite)
    short = base64.b64encode(secret[1:]).decode()
    assert sdp.read_crypto(f"1 {suite} inline:{short}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"1 {SUITE}",
        f"-1 {SUITE} inline:{KEY}",
        f"1234567890 {SUITE} inline:{KEY}",
        f"1 {SUITE} uri:{KEY}",
        f"1 {SUITE} inline:{KEY}|2^49",
        f"1 {SUITE} inline:{KEY}|0",
        f"1 {SUITE} inline:{KEY}|1:0",
        f"1 {SUITE} inline:{KEY}|1:129",
        f"1 {SUITE} inline:{KEY}|256:1",
        f"1 {SUITE} inline:{KEY}|2^20|1:1;inline:{OTHER}|2^20|1:1",
        f"1 {SUITE} inline:{KEY}|1:1;inline:{OTHER}|2:2",
        f"1 {SUITE} inline:{KEY};" * 40,
        f"1 {SUITE} inline:{KEY} UNENCRYPTED_SRTP",
        f"1 {SUITE} inline:{KEY} WSH=64 UNENCRYPTED_SRTCP",
        f"1 {SUITE} inline:{KEY} UNAUTHENTICATED_SRTP",
        f"1 {SUITE} inline:{KEY} KDR=1",
        f"1 {SUITE} inline:{KEY} FEC_KEY=inline:{OTHER}",
        f"1 {SUITE} inline:{KEY} WHATEVER",
        f"1 {SUITE} inline:{KEY}" + " -X" * MAX_LINE,
    ],
)
def test_what_cannot_be_honoured_is_as_if_it_were_not_there(text: str) -> None:
    assert sdp.read_crypto(text) is None


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    assert sdp.read_crypto(text) is None
    sdp.read_crypto(f"1 {SUITE} inline:{text}")


def test_an_answer_keeps_its_key_while_tag_and_suite_stay() -> None:
    keys = iter([b"\1" * 30, b"\2" * 30, b"\3" * 30])
    first = answer_to(crypto(), (), lambda _: next(keys))
    assert first == crypto(MasterKey(b"\1" * 30))
    assert answer_to(crypto(), (first,), lambda _: next(keys)) is first
    assert answer_to(crypto(tag=2), (first,), lambda _: next(keys)).context.keys[0].secret[0] == 2


def test_each_line_of_our_offer_reads_back_and_has_a_key_of_its_own() -> None:
    numbers = iter(range(1, 99))
    lines = own_lines(lambda size: bytes([next(numbers)]) * size)
    assert tuple(sdp.read_crypto(one.line().partition(":")[2]) for one in lines) == lines
    assert len({one.context.keys[0].secret[:1] for one in lines}) == len(lines)


MESSAGE = (
    b"INVITE sip:a SIP/2.0\r\nSubject: a\r\n%b\r\nv=0\r\nm=audio 1 RTP/SAVP 0\r\n%b\r\na=label:1"
)


@pytest.mark.parametrize(
    "line",
    [
        b"a=crypto:1 %b inline:%b",
        b"A=CRYPTO : 1 %b inline:%b",
        b" \ta=\xc2\xa0crypto:1 %b inline:%b",
        b"a=cry\0pto:1 %b inline:%b",
        b"a=key-mgmt:mikey %b %b",
        b"k=base64:%b%b",
    ],
)
def test_no_disguise_brings_a_key_past_without_keys(line: bytes) -> None:
    told = line % (SUITE.encode(), KEY.encode())
    cleaned = sdp.without_keys(MESSAGE % (b"", told))
    assert KEY.encode() not in cleaned
    assert cleaned.startswith(b"INVITE sip:a SIP/2.0\r\nSubject: a\r\n\r\nv=0\r\n")
    assert cleaned.endswith(b"removed\r\na=label:1")


@pytest.mark.parametrize("encoding", [b"base64", b"Quoted-Printable"])
def test_an_encoded_body_is_taken_out_as_a_whole(encoding: bytes) -> None:
    head = b"Content-Transfer-Encoding: %b\r\n" % encoding
    hidden = base64.b64encode(b"a=crypto:1 " + KEY.encode())
    cleaned = sdp.without_keys(MESSAGE % (head, hidden))
    assert cleaned == b"INVITE sip:a SIP/2.0\r\nSubject: a\r\n" + head + b"\r\nremoved"


def test_a_line_that_only_speaks_of_keys_stays() -> None:
    text = b"Subject: k=v is no key\r\nX-Note: a=crypto:1 is one elsewhere\r\na=label:crypto\r\n"
    assert sdp.without_keys(text) == text
