"""Whatever was received on a port: finishing ends with a file of the call's length."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callvault.finalise.journal import finalise_journal
from callvault.rtp import RtpPacket
from callvault.spool import journal_path
from tests.audio.wire import MS, Arrival, Sender, speech
from tests.finalise.bench import Node, RecordedCall, assignment

SECONDS = 14.0


def voice() -> list[Arrival]:
    sender = Sender()
    sender.say(speech(SECONDS))
    return sender.arrivals


VOICE = voice()

odd_packets = st.builds(
    RtpPacket,
    payload_type=st.sampled_from([0, 8, 9, 13, 18, 19, 101, 127]),
    sequence_number=st.sampled_from([0, 1, 2, 1100, 1101, 32_768, 65_535]) | st.integers(0, 65_535),
    timestamp=st.sampled_from([0, 160, 50_000, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1),
    ssrc=st.sampled_from([0x1234, 0x22, 0xBAD]),
    payload=st.sampled_from([b"", b"\x00", b"\xff" * 160, b"\x55" * 1400]),
)
odd_arrivals = st.lists(
    st.builds(
        Arrival, ns=st.integers(0, int(SECONDS * 1000)).map(lambda ms: ms * MS), packet=odd_packets
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def shared_node() -> Iterator[Node]:
    with tempfile.TemporaryDirectory() as folder:
        yield Node(Path(folder))


@settings(max_examples=15)
@given(odd=odd_arrivals, also_voice=st.booleans())
def test_odd_packets_never_stop_a_recording(
    shared_node: Node, odd: list[Arrival], *, also_voice: bool
) -> None:
    arrivals = sorted([*(VOICE if also_voice else []), *odd], key=lambda one: one.ns)
    journal_id = uuid4()
    call = RecordedCall({0: arrivals, 1: odd}, (assignment(),), SECONDS)
    call.write(shared_node.journal(journal_id))
    finished = finalise_journal(journal_path(shared_node.spool, journal_id), shared_node.bench())
    (recording,) = finished.recordings
    assert recording.duration_ms == SECONDS * 1000
    assert finished.call.recording_ids == (recording.assignment.recording_id,)
