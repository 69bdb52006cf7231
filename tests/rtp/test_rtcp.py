import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import RtpHeaderError
from callvault.rtp import rtcp

BLOCK = rtcp.ReportBlock(7, 64, -2, 0x12345, 30, 0xAABBCCDD, 65536)
PACKETS: list[rtcp.RtcpPacket] = [
    rtcp.SenderReport(1, 0xE9C2_0000_8000_0000, 8000, 50, 8000, (BLOCK,)),
    rtcp.ReceiverReport(2, (BLOCK, BLOCK)),
    rtcp.SourceDescription(1, ((rtcp.CNAME, b"pbx@192.0.2.14"), (2, b"abc"))),
    rtcp.Goodbye((1, 2), b"done"),
    rtcp.OtherRtcp(204, 0, b"\0\0\0\1name"),
]


def test_a_compound_packet_is_read_part_by_part() -> None:
    assert rtcp.parse_compound(b"".join(map(bytes, PACKETS))) == tuple(PACKETS)


def test_padding_of_the_last_packet_is_taken_away() -> None:
    datagram = bytes.fromhex("a1 cb 0002 00000001 00000004")
    assert rtcp.parse_compound(datagram) == (rtcp.Goodbye((1,)),)


@pytest.mark.parametrize(
    ("datagram", "offset"),
    [
        (b"", 0),
        (b"\x80\xc8", 2),
        (b"\x40\xc8\x00\x00", 0),
        (b"\x80\xc8\x00\x06" + bytes(8), 12),
        (b"\x81\xc9\x00\x01" + bytes(4), 0),  # says one report, holds none
        (b"\xa0\xcb\x00\x00", 3),  # padding without a byte of it
    ],
)
def test_what_is_cut_is_refused_at_its_offset(datagram: bytes, offset: int) -> None:
    with pytest.raises(RtpHeaderError) as caught:
        rtcp.parse_compound(datagram)
    assert caught.value.offset == offset


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused_and_never_crash(datagram: bytes) -> None:
    try:
        assert rtcp.parse_compound(datagram)
    except RtpHeaderError:
        return


@given(st.integers(200, 204), st.integers(0, 31), st.binary(max_size=80))
def test_framed_garbage_is_read_or_refused(kind: int, count: int, body: bytes) -> None:
    body += bytes(-len(body) % 4)
    head = bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big")
    try:
        rtcp.parse_compound(head + body)
    except RtpHeaderError:
        return
