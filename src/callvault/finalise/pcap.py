"""Received packets as a pcap file, so that plain tools open the evidence.

Link type RAW: an IP and a UDP header are put before each datagram. Where it came from and when is
as received; the destination is a documentation address, since the recorder's own says nothing.
"""

import struct
from collections.abc import Mapping

from callvault.spool import Packet, PacketsBlock, Source
from callvault.vault import Writable

_FILE_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65575, 101)  # ns times, LINKTYPE_RAW
_RECORD = struct.Struct("<IIII")
_UDP = struct.Struct("!HHHH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_UDP_PROTOCOL, _HOPS = 17, 64
_TO_IPV4 = bytes((192, 0, 2, 1))
_TO_IPV6 = bytes.fromhex("20010db8000000000000000000000001")
_UNKNOWN_PORT = 10000


class PcapWriter:
    """Writes the packets of some streams."""

    def __init__(self, file: Writable, ports: Mapping[int, int]) -> None:
        """`ports`: the recorder's RTP port of each stream that is wanted; 0 if unknown."""
        self._file = file
        self._ports = ports
        file.write(_FILE_HEADER)

    def add(self, block: PacketsBlock) -> None:
        """Write a block's packets of the wanted streams."""
        for packet in block.packets:
            if packet.stream in self._ports:
                self._write(packet, block.sources[packet.stream, packet.source])

    def _write(self, packet: Packet, source: Source) -> None:
        port = (self._ports[packet.stream] or _UNKNOWN_PORT) + (1 if packet.is_rtcp else 0)
        size = _UDP.size + len(packet.datagram)
        udp = _UDP.pack(source.port, port, size, 0) + packet.datagram
        framed = _ip_header(source, size) + udp
        seconds, nanoseconds = divmod(packet.arrival_ns, 1_000_000_000)
        record = _RECORD.pack(seconds & 0xFFFFFFFF, nanoseconds, len(framed), len(framed))
        self._file.write(record + framed)


def _ip_header(source: Source, size: int) -> bytes:
    address = source.address.packed
    if source.address.version == 4:
        total = _IPV4.size + size
        return _IPV4.pack(0x45, 0, total, 0, 0, _HOPS, _UDP_PROTOCOL, 0, address, _TO_IPV4)
    return _IPV6.pack(6 << 28, size, _UDP_PROTOCOL, _HOPS, address, _TO_IPV6)
