"""A call longer than a recording may be: two journals, one dialog, the same ports, nothing lost."""

import asyncio
from pathlib import Path

import pytest

from callvault.config.sections import SipConfig
from callvault.spool.entries import DialogEnded, MetadataSeen, NodeEvent, StreamsChanged
from tests.flows.recorder_node import RunningRecorder, Src, media_ports, send_rtp, wait_until
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow


def test_an_overlong_call_goes_on_in_a_journal_of_its_own(tmp_path: Path) -> None:
    settings = SipConfig(bind_address="127.0.0.1", port=0, tls=False, max_call_s=1)

    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder) as src:
            dialog_id, answer = await src.call(both(sdp(), metadata(ANN, REMOTE)), MULTIPART)
            ports = media_ports(answer.body)
            sent.append(send_rtp(ports, 20))
            # The ports are bound again when the second journal speaks of its streams.
            while sum(bool(one.of(StreamsChanged)) for one in recorder.journals()) < 2:
                await asyncio.sleep(0.05)
            sent.append(send_rtp(ports, 20, first=20))
            src.request(dialog_id, "INVITE", sdp(), "application/sdp")
            again = await src.final(dialog_id)
            assert (again.status, media_ports(again.body)) == (200, ports)
            await src.hang_up(dialog_id)

    sent: list[set[tuple[int, bytes]]] = []
    with RunningRecorder(tmp_path, sip=settings, keeps_calls=True) as recorder:
        asyncio.run(asyncio.wait_for(call(recorder), 60))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        journals = sorted(recorder.journals(), key=lambda one: one.header.opened_at_ns)
        assert set(journals[0].packets) == sent[0]
        # It may be split once more before the hanging up.
        assert {packet for one in journals[1:] for packet in one.packets} == sent[1]
        reasons = [getattr(one.of(DialogEnded)[0], "reason", "") for one in journals]
        assert (reasons[0], reasons[-1]) == ("max_length", "bye")
        assert {one.header.continues for one in journals} == {None}
        assert {one.header.rest_of for one in journals[1:]} == {journals[0].header.journal_id}
        assert all(one.of(MetadataSeen) for one in journals)
        problems = [one for one in recorder.node_events() if isinstance(one, NodeEvent)]
        assert [one.kind for one in problems if one.severity != "info"] == []
