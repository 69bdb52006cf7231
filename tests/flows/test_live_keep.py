"""Live keep from a real call to the catalogue: one call kept whole, one destroyed and told of."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace as with_
from pathlib import Path

import pytest
from msgspec.structs import replace

from callvault import clock
from callvault.clock import Instant
from callvault.finalise.awaiting import MARGIN_NS
from callvault.finalise.benches import Benches
from callvault.finalise.worker import Worker
from callvault.policy.modes import Keeping, Modes, RecordingMode
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.decisions.models import Call
from callvault.portal.recordings.permissions import recordings_in_catalogue
from tests.finalise.bench import Node
from tests.flows.recorder_node import SNAPSHOT, RunningRecorder, Src, media_ports, send_rtp
from tests.flows.test_recorder_control import asked, door_of
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = [pytest.mark.flow, pytest.mark.django_db]
CALL = both(sdp(address="127.0.0.1"), metadata(ANN, REMOTE))
WITHIN_S = 60
LIVE_KEEP = replace(
    SNAPSHOT,
    people=tuple(replace(one, mode=RecordingMode.LIVE_KEEP) for one in SNAPSHOT.people),
    modes=Modes(keeping=Keeping(WITHIN_S)),
)


async def _two_calls(recorder: RunningRecorder) -> None:
    """Have two calls; the second is kept a moment after its end."""
    async with Src(recorder) as src:
        for _ in range(2):
            dialog_id, answer = await src.call(CALL, MULTIPART)
            send_rtp(media_ports(answer.body), 10)
            await asyncio.sleep(0.1)
            await src.hang_up(dialog_id)
        door = door_of(recorder)
        last, _first = (await asked(door, "/ended"))[1]["calls"]
        path = f"/calls/{last['call_id']}/keep"
        assert await asked(door, path, {"who": "Ann Keller"}) == (200, {"code": "done"})


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[tuple[RunningRecorder, Worker]]:
    """A recorder whose calls are over, and a worker on its spool."""
    with RunningRecorder(tmp_path / "recorder", LIVE_KEEP) as recorder:
        asyncio.run(_two_calls(recorder))
        recorder.stop()
        node = tmp_path / "node"
        node.mkdir()
        bench = with_(Node(node).bench(), unwrap=recorder.key_of)
        made = Worker(recorder.spool_folder, "node-1", DjangoCatalogue(), bench, Benches(bench, 1))
        yield recorder, made
        made.close()


def test_one_call_is_kept_whole_and_the_other_destroyed_and_told_of(
    worker: tuple[RunningRecorder, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, finishing = worker
    first, second = sorted(recorder.journals(), key=lambda one: one.header.opened_at_ns)
    assert finishing.run_once(now_s=0) == 1  # what is kept is not waited for
    (recording,) = recordings_in_catalogue()
    assert recording.journal_ids == [second.header.journal_id.hex]
    assert recording.quality["owner"]["packets"] == recording.quality["remote"]["packets"] == 10
    assert [one.header.journal_id for one in recorder.journals()] == [first.header.journal_id]
    later_ns = clock.read().realtime_ns + WITHIN_S * 1_000_000_000 + MARGIN_NS
    monkeypatch.setattr(clock, "read", lambda: Instant(later_ns, later_ns))
    assert finishing.run_once(now_s=1) == 1
    assert recorder.journals() == []
    assert not [one for one in recorder.spool_folder.iterdir() if one.suffix in (".cvj", ".marks")]
    assert recordings_in_catalogue().count() == 1
    call = Call.objects.get(event_id=first.header.journal_id)
    assert call.verdict == "not_kept"
    entry = AuditEntry.objects.get(action=Action.CALL_DESTROYED)
    assert (entry.object_id, entry.actor) == (str(first.header.journal_id), None)
    assert entry.detail["not_marked_by"] == [LIVE_KEEP.people[0].username]
    assert len(entry.detail["sha256"]) == 64
