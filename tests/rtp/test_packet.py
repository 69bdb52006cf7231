import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import RtpHeaderError
from callvault.rtp import HeaderExtension, RtpPacket

PLAIN = bytes.fromhex("80 88 1234 00000140 cafebabe") + b"\xd5" * 160

extensions = st.builds(
    HeaderExtension,
    profile=st.integers(0, 0xFFFF),
    data=st.integers(0, 8).flatmap(lambda words: st.binary(min_size=4 * words, max_size=4 * words)),
)
packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127).filter(lambda value: not 64 <= value < 96),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    marker=st.booleans(),
    csrc=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    extension=st.none() | extensions,
    payload=st.binary(max_size=40),
    padding_bytes=st.integers(0, 255),
)


def test_a_plain_packet_is_read_whole() -> None:
    assert RtpPacket.parse(PLAIN) == RtpPacket(
        payload_type=8,
        sequence_number=0x1234,
        timestamp=320,
        ssrc=0xCAFEBABE,
        marker=True,
        payload=b"\xd5" * 160,
    )


def test_contributing_sources_extension_and_padding_are_told_from_the_payload() -> None:
    datagram = bytes.fromhex("b2 00 0001 00000002 00000003 0000000a 0000000b bede 0001 01020304")
    packet = RtpPacket.parse(datagram + b"audio" + b"\0\0\x03")
    assert packet.csrc == (10, 11)
    assert packet.extension == HeaderExtension(0xBEDE, b"\1\2\3\4")
    assert packet.payload == b"audio"
    assert packet.padding_bytes == 3


@pytest.mark.parametrize(
    ("datagram", "offset"),
    [
        (b"", 0),
        (PLAIN[:11], 11),
        (b"\x00\x01\x00\x08" + PLAIN[4:], 0),  # a STUN request
        (b"\x80\xc8" + PLAIN[2:], 1),  # a sender report on the RTP port
        (b"\x8f" + PLAIN[1:16], 16),
        (b"\x90" + PLAIN[1:14], 14),
        (b"\x90" + PLAIN[1:12] + b"\xbe\xde\x00\x02" + bytes(4), 20),
        (b"\xa0" + PLAIN[1:12] + b"\x00", 12),
        (b"\xa0" + PLAIN[1:12] + b"\x01\x03", 13),
        (b"\xa0" + PLAIN[1:12], 11),
    ],
)
def test_what_is_not_rtp_is_refused_at_its_offset(datagram: bytes, offset: int) -> None:
    with pytest.raises(RtpHeaderError) as caught:
        RtpPacket.parse(datagram)
    assert caught.value.offset == offset


@given(packets)
def test_writing_and_reading_give_the_same_packet(packet: RtpPacket) -> None:
    assert RtpPacket.parse(bytes(packet)) == packet


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused_and_never_crash(datagram: bytes) -> None:
    try:
        packet = RtpPacket.parse(datagram)
    except RtpHeaderError:
        return
    assert len(bytes(packet)) == len(datagram)
