"""Packets kept without a decoder become sound once there is one, and only the sound changes."""

from uuid import UUID

import msgspec
import numpy as np
import pytest

from callvault.audio import libav
from callvault.config.sections import FinaliseConfig
from callvault.errors import KeyUnavailable
from callvault.finalise import redecode
from callvault.finalise.catalogue import RecordingFacts
from callvault.finalise.redecode import DecodeOutcome, decode_again
from callvault.spool.entries import TimelineEvent
from callvault.vault import Keyring, ObjectKind
from tests.audio import encoders
from tests.audio.test_codecs import likeness
from tests.audio.test_render import event_packets
from tests.audio.wire import Sender, offset_samples, speech
from tests.finalise.bench import Node, RecordedCall, assignment
from tests.finalise.test_journal import at, audio, finish

pytest.importorskip("av")


@pytest.fixture
def recorded(node: Node, monkeypatch: pytest.MonkeyPatch) -> RecordingFacts:
    """A call of which one side spoke G.729, recorded where nothing decodes it."""
    owner, remote = Sender(), Sender(ssrc=0x22, payload_type=18)
    owner.say(speech(6))
    event_packets(owner, 5)
    frames = encoders.g729(encoders.spoken(8000))
    for pair in range(0, len(frames), 2):
        remote.send(b"".join(frames[pair : pair + 2]), ticks=160)
    held = (
        TimelineEvent(at(6.2), "held", streams=(1,)),
        TimelineEvent(at(6.5), "resumed", streams=(1,)),
    )
    call = RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (assignment(),), 7, events=held)
    with monkeypatch.context() as without_codecs:
        without_codecs.setattr(libav, "is_present", lambda: False)
        (recording,) = finish(node, call).recordings
    return recording


def identity(recording: RecordingFacts) -> UUID:
    return recording.assignment.recording_id


def decoded(node: Node, recording: RecordingFacts) -> redecode.Decoded:
    return decode_again(identity(recording), node.objects, node.keyring, FinaliseConfig())


def test_what_was_kept_is_heard_where_it_was_said(node: Node, recorded: RecordingFacts) -> None:
    assert recorded.quality.flags == ("one_way", "undecodable")
    assert recorded.quality.remote.silent
    before = audio(node, recorded)
    done = decoded(node, recorded)
    assert done.outcome is DecodeOutcome.DECODED
    assert done.facts is not None
    after, source = audio(node, recorded), encoders.spoken(8000)
    assert len(after) == len(before) == 7 * 8000
    late = offset_samples(after[:, 1], source, most=160)
    assert 0 <= late <= 160
    assert likeness(after[:, 1], source, late) > 0.75
    assert np.corrcoef(after[:, 0].astype(float), before[:, 0].astype(float))[0, 1] > 0.9
    assert done.facts.quality.flags == ()
    assert done.facts.quality.remote.undecodable_packets == 0


def test_all_else_stays_as_it_was(node: Node, recorded: RecordingFacts) -> None:
    kept = [
        node.read_object(identity(recorded), one) for one in (ObjectKind.RAW, ObjectKind.METADATA)
    ]
    facts = decoded(node, recorded).facts
    assert facts is not None
    plain = {"quality": recorded.quality, "objects": recorded.objects}
    assert msgspec.structs.replace(facts, **plain) == recorded
    assert [
        node.read_object(identity(recorded), one) for one in (ObjectKind.RAW, ObjectKind.METADATA)
    ] == kept
    unchanged = [one for one in recorded.objects if one.kind in ("raw", "metadata")]
    assert [one for one in facts.objects if one.kind in ("raw", "metadata")] == unchanged
    sidecar = node.objects.read_sidecar(identity(recorded), node.keyring)
    listed = msgspec.json.decode(sidecar, type=RecordingFacts)
    assert listed == msgspec.structs.replace(facts, objects=())


def test_a_second_run_finds_nothing_to_do(node: Node, recorded: RecordingFacts) -> None:
    first = decoded(node, recorded).facts
    assert first is not None
    again = decoded(node, recorded)
    assert again == redecode.Decoded(DecodeOutcome.NOTHING_NEW)
    sealed = node.objects.stored(identity(recorded))
    assert sealed is not None
    assert [one.sha256 for one in sealed.objects] == [one.sha256 for one in first.objects]


def test_without_a_decoder_nothing_is_touched(
    node: Node, recorded: RecordingFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node.objects.stored(identity(recorded))
    monkeypatch.setattr(libav, "is_present", lambda: False)
    assert decoded(node, recorded).outcome is DecodeOutcome.NOTHING_NEW
    assert node.objects.stored(identity(recorded)) == before


def test_a_run_that_dies_before_the_sidecar_is_done_again(
    node: Node, recorded: RecordingFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(redecode, "_facts", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            decoded(node, recorded)
    assert len(audio(node, recorded)) == 7 * 8000
    done = decoded(node, recorded)
    assert done.outcome is DecodeOutcome.DECODED
    assert done.facts is not None
    node.objects.verify(identity(recorded), node.objects.stored(identity(recorded)).objects)  # type: ignore[union-attr]


def test_a_missing_key_changes_nothing(node: Node, recorded: RecordingFacts) -> None:
    before = node.objects.stored(identity(recorded))
    with pytest.raises(KeyUnavailable):
        decode_again(identity(recorded), node.objects, Keyring([]), FinaliseConfig())
    assert node.objects.stored(identity(recorded)) == before
