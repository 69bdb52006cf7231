"""Opens the packets of one stream: finds key and roll-over counter of each, source by source.

A packet carries the low 16 bits of its index alone. Who listens from the first packet counts the
roll-overs (RFC 3711, section 3.3.1); a recorder that joins late must guess, and the authentication
tag says which guess is right. Guessing is bounded: senders of packets that no key opens cost less
and less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from callvault.srtp.protection import Protection
from callvault.srtp.suites import SUITES, Context

MAX_ROLL_OVERS = 256
"""Guesses for the roll-over counter: three and a half days at 50 packets a second."""
WINDOW = 1024
"""Packets older than the newest by so much are taken for replayed ones (RFC 3711, 3.3.2)."""
_MAX_SOURCES = 512
_MAX_SEARCHES = 1000  # without success, about a second of processor time
_RTP_HEADER_BYTES = 12
_VERSION_MASK, _VERSION = 0xC0, 0x80


@dataclass(slots=True)
class _Source:
    """What is known of one SSRC under these keys."""

    highest: int = -1  # index of its newest authentic packet; -1: none yet
    failures: int = 0
    searches: int = 0


class Receiver:
    """Opens what was sent under one context."""

    def __init__(self, context: Context, indexes: dict[int, int] | None = None) -> None:
        """`indexes`: newest index by SSRC, shared with the context before and the one after.

        The counter goes on when the key changes (RFC 3711, section 3.3.1). Raises KeyError for a
        suite that is not in SUITES.
        """
        self._suite = SUITES[context.suite]
        self._mki_bytes = len(context.keys[0].mki)
        self._by_mki = {
            one.mki: Protection(self._suite, one.secret) for one in reversed(context.keys)
        }
        self._indexes = {} if indexes is None else indexes
        self._sources: dict[int, _Source] = {}
        self._searches_left = _MAX_SEARCHES

    def open(self, datagram: bytes) -> bytes | None:
        """Return the plain RTP packet; None if no key and no counter open it, or if it is old."""
        is_plain_head = datagram[:1] == b"\x80" and len(datagram) >= _RTP_HEADER_BYTES
        header_bytes = _RTP_HEADER_BYTES if is_plain_head else _header_bytes(datagram)
        packet, protection = self._without_mki(datagram, self._suite.tag_bytes)
        if header_bytes < 0 or protection is None:
            return None
        ssrc, sequence_number = int.from_bytes(packet[8:12]), int.from_bytes(packet[2:4])
        source = self._source(ssrc)
        if source.highest >= 0:
            index = _estimate(source.highest, sequence_number)
            opened = protection.open_rtp(packet, header_bytes, index)
            if opened is not None:
                is_old = index <= source.highest - WINDOW
                source.highest = self._indexes[ssrc] = max(source.highest, index)
                return None if is_old else opened
        return self._search(source, packet, header_bytes, protection)

    def open_rtcp(self, datagram: bytes) -> bytes | None:
        """Return the plain RTCP packet; None if no key opens it."""
        packet, protection = self._without_mki(datagram, self._suite.rtcp_tag_bytes)
        return None if protection is None else protection.open_rtcp(packet)

    def _without_mki(self, datagram: bytes, tag_bytes: int) -> tuple[bytes, Protection | None]:
        """Take out the MKI, which stands before the tag, or last where the tag is the cipher's."""
        if not self._mki_bytes:
            return datagram, self._by_mki[b""]
        end = len(datagram) - (0 if self._suite.is_aead else tag_bytes)
        start = max(end - self._mki_bytes, 0)
        return datagram[:start] + datagram[end:], self._by_mki.get(datagram[start:end])

    def _source(self, ssrc: int) -> _Source:
        found = self._sources.get(ssrc)
        if found is None:
            if len(self._sources) >= _MAX_SOURCES:
                self._forget_strangers()
            found = self._sources[ssrc] = _Source()
        return found

    def _forget_strangers(self) -> None:
        """Make room: first those of whom no packet was authentic, then the oldest."""
        known = [item for item in self._sources.items() if item[1].highest >= 0]
        self._sources = dict(known[-_MAX_SOURCES // 2 :])

    def _search(
        self, source: _Source, packet: bytes, header_bytes: int, protection: Protection
    ) -> bytes | None:
        """Try the counters that may be, likely ones first."""
        ssrc, sequence_number = int.from_bytes(packet[8:12]), int.from_bytes(packet[2:4])
        for roll_overs in self._guesses(source, ssrc, sequence_number):
            index = roll_overs << 16 | sequence_number
            if index <= source.highest:  # the counter of a known source never goes back
                continue
            opened = protection.open_rtp(packet, header_bytes, index)
            if opened is not None:
                source.highest = self._indexes[ssrc] = index
                return opened
        return None

    def _guesses(self, source: _Source, ssrc: int, sequence_number: int) -> Sequence[int]:
        """Return counters to try: all of them for the 1st, 2nd, 4th, 8th … packet that fails."""
        likely = [0, 1] if source.highest < 0 else []
        if ssrc in self._indexes:
            before = _estimate(self._indexes[ssrc], sequence_number) >> 16
            likely = list(dict.fromkeys((before, before + 1, *likely)))
        source.failures += 1
        if source.failures < 1 << source.searches or not self._searches_left:
            return likely
        source.searches += 1
        self._searches_left -= 1
        return [*likely, *(one for one in range(MAX_ROLL_OVERS) if one not in likely)]


def _estimate(highest: int, sequence_number: int) -> int:
    """Return the index nearest to the highest so far (RFC 3711, appendix A)."""
    step = (sequence_number - highest + 0x8000) % 0x10000 - 0x8000
    index = highest + step
    return index if index >= 0 else index + 0x10000


def _header_bytes(datagram: bytes) -> int:
    """Return where the payload begins; -1 if this is no RTP header (RFC 3550, section 5.1)."""
    if len(datagram) < _RTP_HEADER_BYTES or datagram[0] & _VERSION_MASK != _VERSION:
        return -1
    end = _RTP_HEADER_BYTES + 4 * (datagram[0] & 0x0F)
    if datagram[0] & 0x10:
        end += 4 + 4 * int.from_bytes(datagram[end + 2 : end + 4])
    return end if end <= len(datagram) else -1
