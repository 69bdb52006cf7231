"""In a flood a clean call is recorded whole: each packet, and its sound, bit for bit.

The floods come from strangers and from a trunk that has gone mad, over everything that is open.
"""

import asyncio
import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from callvault.audio import Encoding, PayloadTable
from callvault.audio.g711 import Octets, Samples, decode_alaw, encode_alaw
from callvault.errors import RtpHeaderError
from callvault.rtp import RtpPacket
from callvault.sip.tls_context import TlsFiles
from tests.audio.wire import Arrival, heard, speech
from tests.flows.authority import Authority
from tests.flows.flooding import FLOODS
from tests.flows.node import environment
from tests.flows.recorder_node import Src, media_ports
from tests.flows.recorder_process import FRIEND, RecorderProcess
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

CALL = both(sdp(), metadata(ANN, REMOTE))
SECONDS = 3
PACKET_S = 0.02
LEAD_NS = 500_000_000  # of silence before the voice
TABLE = PayloadTable([Encoding(8, "PCMA", 8000)])
MAX_NEW_MB = 150
"""What a flood may make the recorder hold: the bounded tables, full."""


@pytest.mark.parametrize("flood", FLOODS)
def test_a_clean_call_is_recorded_whole_in_a_flood(tmp_path: Path, flood: str) -> None:
    with RecorderProcess(tmp_path) as recorder:
        before_mb = recorder.resident_mb()
        assert recorder.addresses is not None
        assert recorder.addresses.tls is not None
        transport = "tls" if flood.startswith("tls") else "udp"
        tls = _trusting(tmp_path) if transport == "tls" else None
        with _flooding(flood, getattr(recorder.addresses, transport)[1]):
            call_id, sent = asyncio.run(_clean_call(recorder, transport, tls))
            assert recorder.resident_mb() - before_mb < MAX_NEW_MB
        packets = recorder.packets(call_id)
    for stream, octets in enumerate(sent):
        of_stream = [(arrived, data) for at, _, arrived, data in packets if at == stream]
        ours = [data for _, data in of_stream if data[8:12] == _ssrc(stream)]
        assert ours == list(_datagrams(stream, octets))
        # Where it begins is known to a millisecond; from there on it is the same to the sample.
        assert decode_alaw(octets).tobytes() in _recorded(_at_pace(of_stream)).tobytes()


@contextmanager
def _flooding(name: str, port: int) -> Iterator[None]:
    """Flood from a second before until the end."""
    command = [sys.executable, "-m", "tests.flows.flooding", name, str(port)]
    with subprocess.Popen(command, env=environment()) as flooder:
        try:
            time.sleep(2)
            assert flooder.poll() is None
            yield
            assert flooder.poll() is None
        finally:
            flooder.kill()


def _trusting(folder: Path) -> TlsFiles:
    """Return files of our own, and the recorder's certificate as the one that we trust."""
    own = Authority(folder / "authority").issue("src", addresses=(FRIEND,))
    return replace(own, peers=folder / "keys" / "sip-tls.crt")


async def _clean_call(
    recorder: RecorderProcess, transport: str, tls: TlsFiles | None
) -> tuple[str, list[Octets]]:
    """Place a call, speak on both of its lines, hang up; return its Call-ID and what was said."""
    sent = [encode_alaw(speech(SECONDS, seed=seed)) for seed in (1, 2)]
    async with Src(recorder, transport, tls=tls) as src:
        dialog_id, answer = await src.call(CALL, MULTIPART)
        assert answer.status == 200
        await asyncio.to_thread(_speak, media_ports(answer.body), sent)
        await src.hang_up(dialog_id)
    return answer.call_id, sent


def _speak(ports: list[int], sent: list[Octets]) -> None:
    """Send all lines at the pace of speech, as far as this machine lets us."""
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((FRIEND, 0))
        pairs = zip(*(_datagrams(at, octets) for at, octets in enumerate(sent)), strict=True)
        for number, datagrams in enumerate(pairs):
            time.sleep(max(0.0, began + PACKET_S * number - time.monotonic()))
            for port, datagram in zip(ports, datagrams, strict=True):
                sender.sendto(datagram, (FRIEND, port))


def _ssrc(stream: int) -> bytes:
    return b"clr" + bytes([stream])


def _datagrams(stream: int, octets: Octets) -> Iterator[bytes]:
    content = octets.tobytes()
    for at in range(0, len(content), 160):
        yield bytes(
            RtpPacket(
                payload_type=8,
                sequence_number=at // 160,
                timestamp=at,
                ssrc=int.from_bytes(_ssrc(stream)),
                payload=content[at : at + 160],
            )
        )


def _at_pace(packets: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Put our own packets where a phone had sent them: what comes late is put late, rightly."""
    began = next(arrived for arrived, data in packets if data[8:11] == b"clr")
    count = itertools.count()
    return [
        (began + int(next(count) * PACKET_S * 1e9) if data[8:11] == b"clr" else arrived, data)
        for arrived, data in packets
    ]


def _recorded(packets: list[tuple[int, bytes]]) -> Samples:
    """Let finalise choose the voice among all senders and put it on the timeline, as samples."""
    began = next(arrived for arrived, data in packets if data[8:11] == b"clr") - LEAD_NS
    arrivals = []
    for arrived, data in packets:
        with suppress(RtpHeaderError):
            arrivals.append(Arrival(arrived - began, RtpPacket.parse(data)))
    return heard({FRIEND: arrivals}, seconds=SECONDS + 1, table=TABLE)
