"""A sender of RTP that listens for the reports on what it sends."""

import re
import select
import socket

from callvault.capture import Stream
from callvault.rtp.rtcp import CNAME, ReceiverReport, ReportBlock, SourceDescription, parse_compound
from tests.capture.media import rtp

SSRC = 0x5EED
PEER = "127.0.0.1"


class Sender:
    """An RTP port and the RTCP port above it."""

    def __init__(self, address: str = PEER) -> None:
        self.rtp, self.rtcp = pair(address)

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *error: object) -> None:
        self.rtp.close()
        self.rtcp.close()

    def send(self, stream: Stream | int, *numbers: int) -> None:
        """Send packets to a stream, or a port."""
        port = stream if isinstance(stream, int) else stream.rtp_port
        for number in numbers:
            self.rtp.sendto(rtp(number, ssrc=SSRC), (PEER, port))


def pair(address: str) -> tuple[socket.socket, socket.socket]:
    """Bind two ports in a row."""
    while True:
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        try:
            first.bind((address, 0))
            second.bind((address, first.getsockname()[1] + 1))
        except (OSError, OverflowError):
            first.close()
            second.close()
        else:
            return first, second


def told(port: socket.socket, *, within_s: float = 5.0) -> tuple[bytes, int] | None:
    """Wait for a datagram; return it and the port that it came from."""
    if not select.select([port], [], [], within_s)[0]:
        return None
    datagram, sender = port.recvfrom(2048)
    return datagram, sender[1]


def reported(port: socket.socket) -> tuple[ReportBlock, int]:
    """Read a report that must come and be whole; return its block and the port it came from."""
    came = told(port)
    assert came is not None
    datagram, from_port = came
    report, name = parse_compound(datagram)
    assert isinstance(report, ReceiverReport)
    assert isinstance(name, SourceDescription)
    assert bytes(report) + bytes(name) == datagram
    assert report.ssrc == name.ssrc
    [(kind, text)] = name.items
    assert kind == CNAME
    assert re.fullmatch(rb"[0-9a-f]{24}", text)
    [block] = report.reports
    return block, from_port
