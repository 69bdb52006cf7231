from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import RtpHeaderError
from callvault.rtp import PacketBatch, RtpPacket, parse_batch
from tests.rtp.test_packet import PLAIN, packets


def row_of(batch: PacketBatch, row: int) -> tuple[int, ...]:
    columns = (batch.payload_type, batch.marker, batch.sequence_number, batch.timestamp, batch.ssrc)
    return tuple(int(column[row]) for column in columns)


def fields_of(packet: RtpPacket) -> tuple[int, ...]:
    return (
        packet.payload_type,
        int(packet.marker),
        packet.sequence_number,
        packet.timestamp,
        packet.ssrc,
    )


def read_one_by_one(datagrams: list[bytes]) -> list[tuple[int, RtpPacket]]:
    found = []
    for index, datagram in enumerate(datagrams):
        try:
            found.append((index, RtpPacket.parse(datagram)))
        except RtpHeaderError:
            continue
    return found


@given(st.lists(packets.map(bytes) | st.binary(max_size=60), max_size=12))
def test_columns_hold_what_the_packet_reader_reads(datagrams: list[bytes]) -> None:
    batch = parse_batch(datagrams, list(range(len(datagrams))))
    expected = read_one_by_one(datagrams)
    assert batch.arrival_ns.tolist() == [index for index, _ in expected]
    assert [row_of(batch, row) for row in range(len(batch))] == [
        fields_of(packet) for _, packet in expected
    ]
    assert batch.payloads().tobytes() == b"".join(packet.payload for _, packet in expected)


@given(st.binary(min_size=12, max_size=60).map(lambda tail: bytes([0x80 | tail[0]]) + tail[1:]))
def test_headers_full_of_flags_are_read_alike(datagram: bytes) -> None:
    batch = parse_batch([datagram], [7])
    assert len(batch) == len(read_one_by_one([datagram]))


def test_rows_can_be_taken_in_any_order() -> None:
    second = PLAIN[:3] + b"\x35" + PLAIN[4:12] + b"late"
    batch = parse_batch([PLAIN, second], [1, 2]).take(parse_batch([], []).arrival_ns)
    assert len(batch) == 0
    both = parse_batch([PLAIN, second], [1, 2])
    assert both.payload(1) == b"late"
    assert both.take(both.sequence_number == 0x1235).payloads().tobytes() == b"late"
