"""Messages cut out of streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.sip.framing import PING, StreamFramer
from tests.sip.harness import raw_request

OPTIONS = raw_request("OPTIONS")
INVITE = raw_request("INVITE", extra="Content-Type: application/sdp\r\n", body="v=0\r\ns=-\r\n")


def frames_of(*pieces: bytes) -> list[bytes]:
    framer = StreamFramer()
    return [frame for piece in pieces for frame in framer.receive(piece)]


def test_messages_in_one_piece_are_cut_apart() -> None:
    assert frames_of(INVITE + OPTIONS + INVITE) == [INVITE, OPTIONS, INVITE]


@given(st.lists(st.integers(1, 200), max_size=40))
def test_any_pieces_give_the_same_messages(sizes: list[int]) -> None:
    stream = INVITE + b"\r\n\r\n" + OPTIONS + b"\r\n" + INVITE
    pieces = []
    rest = stream
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert frames_of(*pieces, rest) == [INVITE, PING, OPTIONS, INVITE]


def test_byte_by_byte_is_the_same() -> None:
    stream = INVITE + OPTIONS
    assert frames_of(*(bytes([byte]) for byte in stream)) == [INVITE, OPTIONS]


def test_a_keep_alive_is_not_part_of_a_message() -> None:
    framer = StreamFramer()
    assert framer.receive(b"\r\n\r\n") == [PING]
    assert framer.receive(b"\r\n") == []
    assert not framer.is_mid_message
    assert framer.receive(b"OPT") == []
    assert framer.is_mid_message


def test_a_body_may_begin_with_line_ends_and_hold_anything() -> None:
    raw = raw_request("UPDATE", extra="Content-Type: text/plain\r\n", body="\r\n\r\nBYE sip:x")
    assert frames_of(raw + OPTIONS) == [raw, OPTIONS]


@pytest.mark.parametrize(
    "header", ["l:5", "Content-length :  5 ", "CONTENT-LENGTH:\r\n 5", "l: 5\r\nContent-Length: 5"]
)
def test_the_length_is_read_in_all_its_spellings(header: str) -> None:
    raw = f"BYE sip:x SIP/2.0\r\n{header}\r\nCall-ID: a\r\n\r\n12345".encode()
    assert frames_of(raw + OPTIONS) == [raw, OPTIONS]


def test_bare_line_feeds_frame_as_well() -> None:
    raw = b"BYE sip:x SIP/2.0\nCall-ID: a\nContent-Length: 2\n\nok"
    assert frames_of(raw + OPTIONS) == [raw, OPTIONS]


def test_a_request_without_body_may_leave_the_length_out() -> None:
    raw = b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\n\r\n"
    assert frames_of(raw + OPTIONS) == [raw, OPTIONS]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\nc: text/plain\r\n\r\nhi", 400),
        (b"SIP/2.0 200 OK\r\nCall-ID: a\r\n\r\n", 400),
        (b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\nl: five\r\n\r\n", 400),
        (b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\nl: -5\r\n\r\n", 400),
        (b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\nl: 5\r\nl: 6\r\n\r\n", 400),
        (b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\nl: 1048577\r\n\r\n", 413),
        (b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\n" + b"X: 0123456789\r\n" * 5000, 513),
    ],
)
def test_a_stream_whose_next_message_is_nowhere_is_broken(raw: bytes, status: int) -> None:
    framer = StreamFramer()
    assert framer.receive(OPTIONS + raw) == [OPTIONS], "what was whole is still a message"
    assert framer.error is not None
    assert framer.error.sip_status == status
    assert framer.receive(OPTIONS) == []


def test_the_headers_of_a_broken_message_are_there_for_the_answer() -> None:
    framer = StreamFramer()
    framer.receive(b"BYE sip:x SIP/2.0\r\nCall-ID: a\r\nl: five\r\n\r\n")
    assert framer.error is not None
    assert framer.error.headers.first("call-id") == "a"


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_no_bytes_upset_the_framer(pieces: list[bytes]) -> None:
    assert sum(len(frame) for frame in frames_of(*pieces)) <= sum(map(len, pieces))


@pytest.mark.parametrize("times", [2, 3, 100_000])
def test_keep_alives_that_come_together_are_one(times: int) -> None:
    assert frames_of(PING * times + OPTIONS) == [PING, OPTIONS]


@pytest.mark.parametrize("noise", [b"\n", b"\r", b"\r\r\n"])
def test_line_ends_that_are_no_keep_alive_are_passed_over(noise: bytes) -> None:
    framer = StreamFramer()
    assert framer.receive(noise * 100_000) == []
    assert not framer.is_mid_message
    assert framer.receive(OPTIONS) == [OPTIONS]


def test_a_keep_alive_in_pieces_is_one() -> None:
    assert frames_of(b"\n\r", b"\n\r", b"\n", OPTIONS) == [PING, OPTIONS]
