"""A recorder that is stopped for a restart: the next one goes on with its calls."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from callvault.spool import continuation_of
from callvault.spool.entries import Decided, DialogEnded, TimelineEvent
from tests.flows.recorder_node import (
    Journal,
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, METADATA, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

CALL = both(sdp(address="127.0.0.1"), metadata(ANN, REMOTE))


class Restarted:
    """One node, two recorders after each other on the same ports; the second knows all keys."""

    def __init__(self, folder: Path) -> None:
        self.first = RunningRecorder(folder, keeps_calls=True)
        self.second = RunningRecorder(folder, _keys=self.first._keys)

    def restart(self) -> None:
        """Stop the first one as SIGTERM does, and start the second."""
        assert self.first.addresses is not None
        self.second.port = self.first.addresses.udp[1]
        self.first.stop()
        self.second.__enter__()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Restarted]:
    both = Restarted(tmp_path)
    with both.first:
        yield both
    both.second.stop()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_goes_on_in_the_next_recorder(node: Restarted, transport: str) -> None:
    sent = []

    async def call() -> None:
        async with Src(node.first, transport) as src:
            dialog_id, answer = await src.call(CALL, MULTIPART)
            ports = media_ports(answer.body)
            sent.append(send_rtp(ports, 20))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(node.restart)
            sent.append(send_rtp(ports, 20, first=100))
            src.request(dialog_id, "INVITE", sdp("inactive", "inactive"), "application/sdp")
            assert (await src.final(dialog_id)).status == 200
            await src.hang_up(dialog_id)

    asyncio.run(call())
    wait_until(lambda: all(one.ended or not one.header.continues for one in calls(node)))
    first, second = sorted(calls(node), key=lambda one: one.header.opened_at_ns)
    assert (set(first.packets), set(second.packets)) == tuple(sent)
    assert second.header.continues == first.header.journal_id
    assert second.header.journal_id == continuation_of(first.header.journal_id)
    assert not first.ended
    reasons = [one.reason for one in second.events if isinstance(one, DialogEnded)]
    kinds = [one.kind for one in second.events if isinstance(one, TimelineEvent)]
    assert (reasons, kinds) == (["bye"], ["answered", "held", "ended"])
    wait_until(lambda: not list(node.second.spool_folder.glob("*.ckpt")))


SERVES_SNAPSHOTS = ("Accept", "application/sdp, application/rs-metadata-request")


def test_a_restarted_recorder_asks_for_all_metadata_and_takes_what_comes(node: Restarted) -> None:
    """What changed while nobody was there is known again (RFC 7866)."""

    async def call() -> None:
        async with Src(node.first) as src:
            dialog_id, _ = await src.call(CALL, MULTIPART, headers=(SERVES_SNAPSHOTS,))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(node.restart)
            asked = await src.peer_request(dialog_id)
            assert (asked.method, asked.content_type.value) == (
                "UPDATE",
                "application/rs-metadata-request",
            )
            assert asked.headers.first("content-disposition") == "recording-session"
            assert asked.body == b"the recording server was restarted"
            src.request(dialog_id, "UPDATE", metadata(ANN, "sip:+15550142777@h"), METADATA)
            assert (await src.final(dialog_id, "UPDATE")).status == 200
            await src.hang_up(dialog_id)

    asyncio.run(call())
    wait_until(lambda: all(one.ended or not one.header.continues for one in calls(node)))
    _, second = sorted(calls(node), key=lambda one: one.header.opened_at_ns)
    decided = [one for one in second.events if isinstance(one, Decided)][-1]
    assert [one.remote.number for one in decided.decision.assignments] == ["+15550142777"]


def calls(node: Restarted) -> list[Journal]:
    return node.second.journals()
