"""RTP and RTCP as they come to a media port."""

from contextlib import suppress

from callvault.errors import RtpHeaderError
from callvault.rtp import RtpPacket, parse_batch
from callvault.rtp.rtcp import parse_compound


def packets(data: bytes) -> None:
    """Datagrams, each behind its length: both readers must agree, and RTCP is read or refused."""
    datagrams: list[bytes] = []
    while data and len(datagrams) < 200:
        datagrams.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    batch = parse_batch(datagrams, list(range(len(datagrams))))
    singly = []
    for datagram in datagrams:
        with suppress(RtpHeaderError):
            packet = RtpPacket.parse(datagram)
            assert bytes(packet) == datagram or packet.padding_bytes
            singly.append(packet.payload)
        with suppress(RtpHeaderError):
            parse_compound(datagram)
    assert [batch.payload(row) for row in range(len(batch))] == singly
