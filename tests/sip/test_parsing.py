"""From bytes to messages: tolerance, bounds, and no error but ours."""

from contextlib import suppress
from functools import cached_property

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import RemoteProtocolError
from callvault.sip import MalformedMessage, Request, Response, parse_message
from callvault.sip.headers import Address
from callvault.sip.message import build_headers
from tests.sip.harness import raw_request

INVITE = raw_request("INVITE", extra="X-Note: one\r\n two\r\n", body="v=0\r\n")


def as_request(raw: bytes) -> Request:
    message = parse_message(raw)
    assert isinstance(message, Request)
    return message


def test_a_request_is_read_whole() -> None:
    message = as_request(INVITE)
    assert (message.method, message.uri, message.body) == (
        "INVITE",
        "sip:srs@192.0.2.200",
        b"v=0\r\n",
    )
    assert message.headers.first("x-note") == "one two"
    assert bytes(message) == INVITE


def test_a_response_is_read_whole() -> None:
    message = parse_message(b"SIP/2.0 488 Not Acceptable Here\r\nl: 0\r\n\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.body) == (488, "Not Acceptable Here", b"")


def test_a_response_without_reason_is_one() -> None:
    message = parse_message(b"SIP/2.0 200\r\n\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (200, "")


def test_header_spellings_are_accepted() -> None:
    message = as_request(
        b"INVITE sip:x SIP/2.0\r\nf:<sip:a@b>;tag=1\r\nCall-ID  :\tid\r\nv: SIP/2.0/UDP h\r\n"
        b"X-Folded:\r\n   one\r\n\ttwo\r\nno colon here\r\nx-UPPER:\xff\r\n\r\n"
    )
    assert message.call_id == "id"
    assert message.from_address == Address.parse("<sip:a@b>;tag=1")
    assert message.headers.first("X-Folded") == "one two"
    assert message.headers.first("x-upper") == "\udcff"
    assert message.via.host == "h"


def test_bare_line_feeds_end_lines_and_leave_the_body_alone() -> None:
    message = as_request(b"BYE sip:x SIP/2.0\nCall-ID: a\n\nline\nline\r\n\r\n")
    assert message.call_id == "a"
    assert message.body == b"line\nline\r\n\r\n"


def test_a_lone_carriage_return_begins_no_header() -> None:
    message = as_request(b"BYE sip:x SIP/2.0\r\nX-A: 1\rVia: 2\r\n\r\n")
    assert message.headers.fields == (("X-A", "1 Via: 2"),)


@pytest.mark.parametrize(
    ("declared", "body"), [("2", b"v="), ("99", b"v=0"), ("no", b"v=0"), ("-1", b"v=0")]
)
def test_a_datagram_is_cut_to_its_length_or_taken_as_it_is(declared: str, body: bytes) -> None:
    raw = f"BYE sip:x SIP/2.0\r\nContent-Length: {declared}\r\n\r\nv=0".encode()
    assert as_request(raw).body == body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"hello", 400),
        (b"INVITE sip:x\r\n\r\n", 400),
        (b"INVITE sip:x y z SIP/2.0\r\n\r\n", 400),
        (b"INVITE sip:x SIP/3.0\r\n\r\n", 505),
        (b"SIP/2.0 20 OK\r\n\r\n", 400),
        (b"SIP/2.0 999 OK\r\n\r\n", 400),
        (b"BYE sip:x SIP/2.0\r\nX: " + b"v" * 8192 + b"\r\n\r\n", 513),
        (b"BYE sip:x SIP/2.0\r\n" + b"X: v\r\n" * 257 + b"\r\n", 513),
        (b"BYE sip:x SIP/2.0\r\nX-A: v\r\n" + b" f\r\n" * 1100 + b"\r\n", 513),
        (b"BYE sip:x SIP/2.0\r\n" + b"X: 0123456789\r\n" * 5000 + b"\r\n", 513),
        (b"BYE sip:x SIP/2.0\r\n\r\n" + b"v" * 1_048_577, 413),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_status(raw: bytes, status: int) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(raw)
    assert caught.value.sip_status == status


def test_256_headers_and_lines_of_8_kib_are_fine() -> None:
    assert len(as_request(b"BYE sip:x SIP/2.0\r\n" + b"X: v\r\n" * 256 + b"\r\n").headers.fields)
    assert as_request(b"BYE sip:x SIP/2.0\r\nX: " + b"v" * 8189 + b"\r\n\r\n").headers.first(
        "session-expires"
    )


def test_the_headers_of_a_refused_message_are_there_for_the_answer() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(INVITE.replace(b" SIP/2.0\r\n", b" SIP\r\n", 1))
    assert caught.value.headers.first("call-id") == "raw-call"


TYPED = tuple(
    name
    for kind in (Request, Response)
    for name in dir(kind)
    if isinstance(getattr(kind, name), property | cached_property)
)


def ask_everything(message: Request | Response) -> None:
    """Use each typed accessor; only our error may come."""
    for name in TYPED:
        with suppress(RemoteProtocolError):
            getattr(message, name, None)
    message.kept_headers()
    message.addresses("route")


@given(st.binary(max_size=600))
def test_no_bytes_raise_anything_but_our_error(raw: bytes) -> None:
    with suppress(MalformedMessage):
        message = parse_message(raw)
        ask_everything(message)
        assert bytes(message) == raw


@given(st.lists(st.tuples(st.integers(0, len(INVITE) - 1), st.integers(0, 255)), max_size=8))
def test_no_changed_bytes_raise_anything_but_our_error(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(INVITE)
    for place, value in changes:
        raw[place] = value
    with suppress(MalformedMessage):
        ask_everything(parse_message(bytes(raw)))


def test_every_truncation_is_read_or_refused() -> None:
    for end in range(len(INVITE)):
        with suppress(MalformedMessage):
            message = parse_message(INVITE[:end])
            ask_everything(message)
            assert bytes(message) == INVITE[:end]


@given(
    st.lists(st.tuples(st.from_regex(r"\A[A-Za-z-]{1,12}\Z"), st.text("ab ;=<>é", max_size=20))),
    st.binary(max_size=40),
)
def test_what_we_write_reads_back_the_same(fields: list[tuple[str, str]], body: bytes) -> None:
    skipped = ("content-length", "l")
    headers = build_headers((n, v.strip()) for n, v in fields if n.lower() not in skipped)
    sent = Request(headers, body, b"", "UPDATE", "sip:a@b")
    read = as_request(bytes(sent))
    length = ("Content-Length", str(len(body)))
    assert (read.headers.fields, read.body) == ((*headers.fields, length), body)
