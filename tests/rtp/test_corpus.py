"""Datagrams as they come: each file says what it is and what is expected of it."""

import re
from pathlib import Path

import pytest

from callvault.errors import RtpHeaderError
from callvault.rtp import RtpPacket, parse_batch

FILES = sorted((Path(__file__).parent.parent / "corpus" / "rtp").glob("*.hex"))
EXPECTED = re.compile(r"# expected: PT (\d+) payload (\d+)( marker)?$", re.MULTILINE)


def datagram_of(text: str) -> bytes:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return bytes.fromhex("".join(lines))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_a_datagram_is_read_as_its_file_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    datagram, expected = datagram_of(text), EXPECTED.search(text)
    if expected is None:
        assert path.stem.endswith("_invalid")
        with pytest.raises(RtpHeaderError):
            RtpPacket.parse(datagram)
        assert len(parse_batch([datagram], [0])) == 0
        return
    packet = RtpPacket.parse(datagram)
    assert packet.payload_type == int(expected[1])
    assert len(packet.payload) == int(expected[2])
    assert packet.marker is bool(expected[3])
    assert bytes(packet) == datagram


def test_the_corpus_is_there() -> None:
    assert len(FILES) >= 15
