"""IPv6: calls by it, media by it while SIP goes by IPv4, and both on one socket."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from callvault.config.sections import CaptureConfig, SipConfig
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.sip.sockets import has_ipv6
from tests.flows.recorder_node import (
    ANN as ANN_KELLER,
)
from tests.flows.recorder_node import (
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6"),
]

TRUNK = Trunk(UUID(int=2), "Both", ("127.0.0.1", "::1"), media_networks=("127.0.0.0/8", "::1"))
SNAPSHOT = Snapshot(revision=1, people=(ANN_KELLER,), trunks=(TRUNK,))
OFFER = sdp()
OFFER_IPV6 = OFFER.replace(b"IN IP4 192.0.2.14", b"IN IP6 ::1")


def both_families(folder: Path) -> RunningRecorder:
    """A recorder on all addresses, as by default."""
    capture = CaptureConfig(sweep_ms=20, socket_buffer_bytes=131_072)
    return RunningRecorder(folder, SNAPSHOT, capture=capture, sip=SipConfig(port=0, tls=False))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("host", "offer", "media_host", "connection"),
    [
        ("::1", OFFER_IPV6, "::1", b"c=IN IP6 ::1"),
        ("127.0.0.1", OFFER, "127.0.0.1", b"c=IN IP4 127.0.0.1"),
        ("127.0.0.1", OFFER_IPV6, "::1", b"c=IN IP6 ::1"),
    ],
)
def test_a_call_is_recorded_over_either_family(
    tmp_path: Path, transport: str, host: str, offer: bytes, media_host: str, connection: bytes
) -> None:
    async def call(recorder: RunningRecorder) -> set[tuple[int, bytes]]:
        async with Src(recorder, transport, host=host) as src:
            dialog_id, answer = await src.call(both(offer, metadata(ANN, REMOTE)), MULTIPART)
            assert answer.status == 200
            assert connection in answer.body
            contact = answer.headers.first("contact") or ""
            assert ("[::1]:" in contact) is (host == "::1")
            sent = send_rtp(media_ports(answer.body), 20, host=media_host)
            await src.hang_up(dialog_id)
            return sent

    with both_families(tmp_path) as recorder:
        sent = asyncio.run(call(recorder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        [journal] = recorder.journals()
        assert set(journal.packets) == sent
        expected = "[::1]:" if host == "::1" else "127.0.0.1:"
        assert journal.header.peer.startswith(expected)


def test_media_of_ipv6_are_refused_where_only_ipv4_is_listened_to(tmp_path: Path) -> None:
    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder) as src:
            _, answer = await src.call(both(OFFER_IPV6, metadata(ANN, REMOTE)), MULTIPART)
            assert answer.status == 488
            assert "IPv6" in (answer.headers.first("warning") or "")

    with RunningRecorder(tmp_path, SNAPSHOT) as recorder:
        asyncio.run(call(recorder))
