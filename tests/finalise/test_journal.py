import io
from pathlib import Path
from uuid import uuid4

import msgspec
import numpy as np
import pytest
import soundfile as sf

from callvault.audio import Waveform
from callvault.audio.g711 import Samples
from callvault.errors import SpoolError
from callvault.finalise.catalogue import RecordingFacts
from callvault.finalise.journal import FinishedJournal, finalise_journal
from callvault.policy.decision import Assignment, Verdict
from callvault.spool import journal_path
from callvault.spool.entries import TimelineEvent
from callvault.vault import ObjectKind
from tests.audio import encoders
from tests.audio.test_render import event_packets
from tests.audio.wire import MS, START_NS, Arrival, Sender, offset_samples, speech, without
from tests.finalise.bench import TRUNK, Node, RecordedCall, Streams, assignment


def finish(
    node: Node, call: RecordedCall, *, whole: bool = True, **settings: object
) -> FinishedJournal:
    journal_id = uuid4()
    call.write(node.journal(journal_id), whole=whole)
    return finalise_journal(journal_path(node.spool, journal_id), node.bench(**settings))


def finish_one(
    node: Node,
    streams: Streams,
    seconds: float,
    *,
    events: tuple[TimelineEvent, ...] = (),
    one: Assignment | None = None,
) -> RecordingFacts:
    call = RecordedCall(streams, (one or assignment(),), seconds, events=events)
    (recording,) = finish(node, call).recordings
    return recording


def audio(node: Node, recording: RecordingFacts) -> Samples:
    mp3 = node.read_object(recording.assignment.recording_id, ObjectKind.AUDIO)
    samples: Samples = sf.read(io.BytesIO(mp3), dtype="int16", always_2d=True)[0]
    return samples


def at(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)


def two_voices(seconds: float) -> tuple[Sender, Sender]:
    owner, remote = Sender(), Sender(ssrc=0x22)
    owner.say(speech(seconds, seed=1))
    remote.say(speech(seconds, seed=2))
    return owner, remote


def test_a_call_becomes_a_file_as_long_as_the_call_with_the_owner_on_the_left(node: Node) -> None:
    owner, remote = two_voices(30)
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 30.5)
    file = audio(node, recording)
    assert recording.duration_ms == 30_500
    assert len(file) == 30_500 * 8
    for side, seed in ((0, 1), (1, 2)):
        said = speech(30, seed=seed)
        assert offset_samples(file[:240_000, side], said, most=4000) == 0
        assert np.corrcoef(file[:240_000, side], said)[0, 1] > 0.8
    assert recording.quality.flags == ()


def test_the_facts_say_whose_call_it_was_and_what_was_sealed(node: Node) -> None:
    owner, remote = two_voices(4)
    call = RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (assignment(),), 4)
    finished = finish(node, call)
    (recording,) = finished.recordings
    assert (recording.trunk, recording.node, recording.call_id) == (TRUNK, "callvault-1", "c1")
    assert (recording.started_at_ns, recording.ended_at_ns) == (at(0), at(4))
    assert [one.kind for one in recording.objects] == ["audio", "peaks", "metadata"]
    assert recording.quality.owner.codecs == ("PCMU",)
    assert recording.quality.owner.packets == 200
    assert (finished.call.caller, finished.call.callee) == ("5550142", "2014")
    assert finished.call.recording_ids == (recording.assignment.recording_id,)
    sidecar = node.objects.read_sidecar(recording.assignment.recording_id, node.keyring)
    listed = msgspec.json.decode(sidecar, type=RecordingFacts)
    assert msgspec.structs.replace(recording, objects=()) == listed


def test_the_waveform_has_both_channels_and_the_length_of_the_call(node: Node) -> None:
    owner = Sender()
    owner.say(speech(4))
    recording = finish_one(node, {0: owner.arrivals, 1: []}, 4)
    peaks = node.read_object(recording.assignment.recording_id, ObjectKind.PEAKS)
    waveform = msgspec.json.decode(peaks, type=Waveform)
    assert waveform.duration_s == 4.0
    assert [len(channel) for channel in waveform.channels] == [100, 100]
    assert max(waveform.channels[0]) > 0.3
    assert max(waveform.channels[1]) == 0


def test_a_call_between_two_users_gives_two_recordings_with_sides_exchanged(node: Node) -> None:
    owner, remote = two_voices(5)
    both = (assignment(), assignment(owner_streams=(1,), remote_streams=(0,)))
    call = RecordedCall({0: owner.arrivals, 1: remote.arrivals}, both, 5)
    first, second = finish(node, call).recordings
    assert first.interaction_id == second.interaction_id
    heard, mirrored = audio(node, first), audio(node, second)
    assert np.corrcoef(heard[:, 0], mirrored[:, 1])[0, 1] > 0.95


def test_a_mixed_stream_is_heard_on_both_channels(node: Node) -> None:
    owner, _ = two_voices(4)
    mixed = assignment(owner_streams=(0,), remote_streams=(0,), mixed=True)
    file = audio(node, finish_one(node, {0: owner.arrivals}, 4, one=mixed))
    assert np.corrcoef(file[:, 0], file[:, 1])[0, 1] > 0.95


def test_finishing_twice_gives_the_same_recording(node: Node) -> None:
    owner, remote = two_voices(3)
    journal_id = uuid4()
    RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (assignment(),), 3).write(
        node.journal(journal_id)
    )
    path = journal_path(node.spool, journal_id)
    assert finalise_journal(path, node.bench()) == finalise_journal(path, node.bench())


def test_loss_is_counted_flagged_and_listed_with_its_channel(node: Node) -> None:
    owner, remote = two_voices(20)
    received = without(remote.arrivals, lambda index: 500 <= index < 530 or index % 100 == 49)
    recording = finish_one(node, {0: owner.arrivals, 1: received}, 20)
    assert recording.quality.remote.lost == 30 + 10
    assert recording.quality.owner.lost == 0
    assert recording.quality.flags == ("loss",)
    (lost,) = [item for item in recording.timeline if item.kind == "lost"]
    assert (lost.offset_ms, lost.length_ms, lost.channel) == (10_000, 600, "remote")


def test_a_pause_is_silence_of_its_length_and_no_loss(node: Node) -> None:
    owner, remote = two_voices(20)
    paused = [without(one.arrivals, lambda n: 300 <= n < 600) for one in (owner, remote)]
    events = (
        TimelineEvent(at(6), "paused", "Ann Keller", "card number"),
        TimelineEvent(at(12), "unpaused"),
    )
    recording = finish_one(node, {0: paused[0], 1: paused[1]}, 20, events=events)
    file = audio(node, recording)
    assert recording.duration_ms == 20_000
    assert np.abs(file[6 * 8000 + 1200 : 12 * 8000 - 1200]).max() < 10
    assert offset_samples(file[100_000:, 0], speech(20)[100_000:], most=2000) == 0
    assert (recording.quality.owner.lost, recording.quality.flags) == (0, ())
    items = [(one.kind, one.offset_ms, one.length_ms) for one in recording.timeline]
    assert ("paused", 6000, 6000) in items
    assert ("unpaused", 12_000, 0) in items


def test_a_hold_keeps_its_length_and_is_listed_with_its_side(node: Node) -> None:
    owner, remote = Sender(), Sender(ssrc=0x22)
    owner.say(speech(20))
    remote.say(speech(5, seed=2))
    remote.at_ns, remote.ssrc, remote.sequence = 13_000 * MS, 0x33, 9
    remote.say(speech(7, seed=3))
    events = (
        TimelineEvent(at(5), "held", "5550142", streams=(1,)),
        TimelineEvent(at(13), "resumed", streams=(1,)),
    )
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 20, events=events)
    file = audio(node, recording)
    assert np.abs(file[5 * 8000 + 1200 : 13 * 8000 - 1200, 1]).max() < 10
    assert offset_samples(file[13 * 8000 :, 1], speech(7, seed=3), most=2000) == 0
    held = next(one for one in recording.timeline if one.kind == "held")
    assert (held.offset_ms, held.length_ms, held.channel) == (5000, 8000, "remote")
    assert recording.quality.flags == ()


def test_audio_that_was_held_for_half_a_minute_is_heard_from_its_beginning(node: Node) -> None:
    owner, remote = two_voices(40)
    streams = {0: owner.arrivals, 1: remote.arrivals}
    told = tuple(
        TimelineEvent(START_NS + second * 1_000_000_000, "party_joined", "Bob")
        for second in (3, 20, 29)
    )
    (recording,) = finish(
        node, RecordedCall(streams, (assignment(),), 40, events=told, held_s=30)
    ).recordings
    file = audio(node, recording)
    assert recording.duration_ms == pytest.approx(40_000, abs=40)
    said = speech(40)
    for begin, end in ((0, 80_000), (200_000, 300_000)):
        assert offset_samples(file[begin:end, 0], said[begin:end], most=2000) == 0
    assert recording.quality.flags == ()


def test_a_step_of_the_wall_clock_leaves_no_trace(node: Node) -> None:
    for step_ns in (7_000_000_000, -7_000_000_000):
        owner, remote = two_voices(30)
        call = RecordedCall(
            {0: owner.arrivals, 1: remote.arrivals},
            (assignment(),),
            30,
            clock_step=(14.5, step_ns),
        )
        (recording,) = finish(node, call).recordings
        file = audio(node, recording)
        assert recording.duration_ms == pytest.approx(30_000, abs=40)
        said = speech(30)[: len(file)]
        assert offset_samples(file[160_000:240_000, 0], said[160_000:], most=2000) == 0
        assert "loss" not in recording.quality.flags


@pytest.mark.parametrize("step_ns", [3_600_000_000_000, -3_600_000_000_000])
def test_an_hour_more_or_less_on_the_wall_clock_moves_nothing(node: Node, step_ns: int) -> None:
    owner, remote = two_voices(12)
    streams = {0: owner.arrivals, 1: remote.arrivals}
    call = RecordedCall(streams, (assignment(),), 12, clock_step=(6.5, step_ns))
    (recording,) = finish(node, call).recordings
    assert recording.duration_ms == pytest.approx(12_000, abs=40)
    file = audio(node, recording)
    assert offset_samples(file[64_000:90_000, 0], speech(12)[64_000:90_000], most=2000) == 0
    assert recording.quality.flags == ()


@pytest.mark.parametrize("step_ns", [3_600_000_000_000, -3_600_000_000_000])
def test_a_clock_set_in_a_hold_at_the_end_leaves_the_call_its_length(
    node: Node, step_ns: int
) -> None:
    owner, remote = two_voices(6)
    call = RecordedCall(
        {0: owner.arrivals, 1: remote.arrivals},
        (assignment(),),
        20,
        events=(TimelineEvent(at(6), "held"),),
        clock_step=(12.5, step_ns),
    )
    (recording,) = finish(node, call).recordings
    assert recording.duration_ms == pytest.approx(20_000, abs=40)
    (held,) = [item for item in recording.timeline if item.kind == "held"]
    assert held.offset_ms == 6_000
    assert held.length_ms == pytest.approx(14_000, abs=40)
    assert recording.quality.flags == ()


def test_a_clock_set_back_after_the_last_packet_costs_no_audio(node: Node) -> None:
    owner, remote = two_voices(6)
    streams = {0: owner.arrivals, 1: remote.arrivals}
    step = (7.5, -3_600_000_000_000)
    call = RecordedCall(streams, (assignment(),), 8, clock_step=step, tells_step=False)
    (recording,) = finish(node, call).recordings
    assert recording.duration_ms == pytest.approx(6_000, abs=40)
    assert np.abs(audio(node, recording)[5 * 8000 :, 0]).max() > 1000


def test_a_hundred_sources_are_heard_beside_a_thousand_strangers(node: Node) -> None:
    voice, noise = Sender(), Sender()
    for ssrc in range(100):
        voice.ssrc, voice.sequence = ssrc, 7 * ssrc
        voice.say(speech(0.2, seed=ssrc))
    for ssrc in range(1_000):  # strangers that say one packet each
        noise.ssrc = 10_000 + ssrc
        noise.send(bytes(8))
    streams: Streams = {0: {"192.0.2.7": voice.arrivals, "192.0.2.66": noise.arrivals}, 1: []}
    recording = finish_one(node, streams, 20)
    assert recording.quality.owner.packets == 1000
    assert np.abs(audio(node, recording)[-1600:, 0]).max() > 1000


def test_dropped_packets_of_one_sender_too_many_are_flagged(node: Node) -> None:
    owner, remote = two_voices(6)
    told = TimelineEvent(at(6), "sources", detail="12", streams=(1,))
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 6, events=(told,))
    assert recording.quality.flags == ("sources",)
    assert "sources" not in [item.kind for item in recording.timeline]


def test_dropped_packets_of_a_stream_that_is_not_ours_are_not_flagged(node: Node) -> None:
    owner, remote = two_voices(6)
    told = TimelineEvent(at(6), "sources", detail="12", streams=(5,))
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 6, events=(told,))
    assert recording.quality.flags == ()


def test_a_stream_that_was_told_to_bring_nothing_is_flagged_and_listed(node: Node) -> None:
    owner, _ = two_voices(7)
    told = (TimelineEvent(at(5), "no_media", streams=(1,)),)
    recording = finish_one(node, {0: owner.arrivals, 1: []}, 7, events=told)
    assert recording.quality.flags == ("one_way", "no_media")
    (line,) = [one for one in recording.timeline if one.kind == "no_media"]
    assert (line.offset_ms, line.channel) == (5_000, "remote")
    other = assignment(owner_streams=(0,), remote_streams=(0,), mixed=True)
    mixed = finish_one(node, {0: owner.arrivals, 1: []}, 7, events=told, one=other)
    assert "no_media" not in mixed.quality.flags


def test_one_way_audio_is_flagged(node: Node) -> None:
    owner, _ = two_voices(6)
    recording = finish_one(node, {0: owner.arrivals, 1: []}, 6)
    assert recording.quality.flags == ("one_way",)
    assert recording.quality.remote.silent
    assert recording.quality.remote.peak_dbfs == -120.0


def test_a_call_without_media_is_a_silent_file_of_its_length(node: Node) -> None:
    recording = finish_one(node, {0: [], 1: []}, 3)
    assert recording.quality.flags == ("silent",)
    assert recording.duration_ms == 3000
    assert not audio(node, recording).any()


def test_clipping_and_media_that_ends_early_are_flagged(node: Node) -> None:
    loud = (np.sign(speech(6).astype(np.int32)) * 32_700).astype(np.int16)
    owner, remote = Sender(), Sender(ssrc=0x22)
    owner.say(loud)
    remote.say(speech(6))
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 10)
    assert recording.quality.flags == ("clipped", "length")


def test_drift_is_measured_and_a_clock_far_off_is_flagged(node: Node) -> None:
    owner, remote = Sender(drift_ppm=400), Sender(ssrc=0x22, drift_ppm=-50)
    for sender in (owner, remote):
        sender.say(speech(130))
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 130)
    assert recording.quality.owner.drift_ppm == pytest.approx(400, abs=10)
    assert recording.quality.remote.drift_ppm == pytest.approx(-50, abs=10)
    assert "drift" in recording.quality.flags


def test_a_payload_that_cannot_be_decoded_keeps_the_packets_as_pcap(node: Node) -> None:
    owner, remote = two_voices(3)
    remote.payload_type = 98  # ISAC
    remote.clock_rate_hz = 16000
    for _ in range(50):
        remote.send(b"isac" * 5, ticks=320)
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 4)
    assert "undecodable" in recording.quality.flags
    assert recording.quality.remote.undecodable_packets == 50
    raw = node.read_object(recording.assignment.recording_id, ObjectKind.RAW)
    assert raw[:4] == bytes.fromhex("4d3cb2a1")
    assert raw.count(b"isac" * 5) == 50


def test_payloads_that_turn_out_to_be_no_sound_keep_the_packets_too(node: Node) -> None:
    pytest.importorskip("av")
    owner, remote = two_voices(3)
    remote.payload_type = 18
    for _ in range(50):
        remote.send(b"secret!", ticks=160)  # encrypted end to end, say
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 4)
    assert recording.quality.flags == ("undecodable",)
    assert recording.quality.remote.undecodable_packets == 50
    assert [one.kind for one in recording.objects] == ["audio", "peaks", "raw", "metadata"]
    raw = node.read_object(recording.assignment.recording_id, ObjectKind.RAW)
    assert raw.count(b"secret!") == 50
    assert all(bytes(one.packet) in raw for one in owner.arrivals)


@pytest.mark.parametrize("is_aal2", [False, True])
def test_the_order_of_bits_of_g726_can_be_switched(node: Node, is_aal2: bool) -> None:
    pytest.importorskip("av")
    owner, said = Sender(), encoders.spoken(8000, 4)
    owner.payload_type = 2
    for frame in encoders.g726(said, bits=4, is_aal2=is_aal2):
        owner.send(frame, ticks=160)
    likeness = {}
    for setting in (False, True):
        call = RecordedCall({0: owner.arrivals, 1: []}, (assignment(),), 4)
        (recording,) = finish(node, call, g726_is_aal2=setting).recordings
        file = audio(node, recording)[: len(said), 0]
        likeness[setting] = float(np.corrcoef(file, said)[0, 1])
    assert likeness[is_aal2] > 0.9
    assert likeness[not is_aal2] < 0.7


def test_received_payloads_are_kept_when_the_setting_says_so(node: Node) -> None:
    owner, remote = two_voices(2)
    call = RecordedCall(
        {0: owner.arrivals, 1: remote.arrivals},
        (assignment(),),
        2,
        rtcp=((0, b"\x81\xc9\x00\x01RTCP"),),
    )
    (recording,) = finish(node, call, keep_received_payloads=True).recordings
    raw = node.read_object(recording.assignment.recording_id, ObjectKind.RAW)
    assert all(bytes(one.packet) in raw for one in (*owner.arrivals, *remote.arrivals))
    assert raw.count(b"RTCP") == 1


def test_digits_are_named_only_in_the_sealed_transcript(node: Node) -> None:
    owner, remote = two_voices(2)
    event_packets(remote, 5)
    recording = finish_one(node, {0: owner.arrivals, 1: remote.arrivals}, 3)
    (digit,) = [one for one in recording.timeline if one.kind == "digit"]
    assert (digit.offset_ms, digit.length_ms, digit.detail) == (2000, 160, "")
    text = node.read_object(recording.assignment.recording_id, ObjectKind.METADATA)
    assert b'{"digit":"5","duration_ms":160,"stream":1}' in text


def test_the_transcript_holds_signalling_as_it_was_on_the_wire(node: Node) -> None:
    recording = finish_one(node, {0: [], 1: []}, 1)
    text = node.read_object(recording.assignment.recording_id, ObjectKind.METADATA)
    assert b" received 198\nINVITE sip:srs@192.0.2.200 SIP/2.0\r\n" in text
    assert text.startswith(b"--- ")


def test_a_cut_off_call_goes_as_far_as_anything_came_and_is_flagged(node: Node) -> None:
    owner, remote = two_voices(5)
    call = RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (assignment(),), 5)
    finished = finish(node, call, whole=False)
    (recording,) = finished.recordings
    assert not finished.is_damaged
    assert (recording.duration_ms, recording.end_reason) == (5000, "cut_off")
    assert recording.quality.flags == ("cut_off",)


def test_a_damaged_journal_is_finished_up_to_the_damage(node: Node) -> None:
    owner, remote = two_voices(8)
    journal_id = uuid4()
    call = RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (assignment(),), 8)
    call.write(node.journal(journal_id))
    path = journal_path(node.spool, journal_id)
    damage(path, at=path.stat().st_size * 3 // 4)
    finished = finalise_journal(path, node.bench())
    (recording,) = finished.recordings
    assert finished.is_damaged
    assert 4000 <= recording.duration_ms <= 6500
    assert recording.quality.flags == ("cut_off", "damaged")


def damage(path: Path, *, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("verdict", [Verdict.DISCARDED, Verdict.FILTERED, Verdict.NOT_KEPT])
def test_a_call_that_is_not_to_be_kept_leaves_no_object(node: Node, verdict: Verdict) -> None:
    owner, remote = two_voices(2)
    call = RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (), 2, verdict=verdict)
    finished = finish(node, call)
    assert (finished.call.verdict, finished.recordings) == (verdict, ())
    assert (finished.call.caller, finished.call.callee) == ("2001", "5550100")
    assert list(node.store.list()) == []


def test_a_journal_without_a_decision_fails_and_says_so(node: Node) -> None:
    journal_id = uuid4()
    with node.journal(journal_id) as journal:
        journal.append(TimelineEvent(at(0), "answered"))
    with pytest.raises(SpoolError, match="no decision"):
        finalise_journal(journal_path(node.spool, journal_id), node.bench())


def test_the_first_stranger_on_a_port_is_not_in_the_recording(node: Node) -> None:
    owner, remote = two_voices(12)
    stranger = Sender(ssrc=0xBAD)
    stranger.say(speech(1, seed=9))
    late = [Arrival(one.ns + 400 * MS, one.packet) for one in remote.arrivals]
    streams: Streams = {
        0: owner.arrivals,
        1: {"198.51.100.9": stranger.arrivals, "192.0.2.8": late},
    }
    recording = finish_one(node, streams, 12.4)
    assert recording.quality.remote.late_start_ms == 400
    file = audio(node, recording)
    assert np.abs(file[:2400, 1]).max() < 500  # what joint stereo lets through of the owner
    assert offset_samples(file[3200:, 1], speech(12, seed=2), most=2000) == 0


def test_lost_packets_of_opus_that_came_once_more_are_counted_as_recovered(node: Node) -> None:
    owner = Sender(payload_type=111, clock_rate_hz=48000)
    said = encoders.spoken(16000)
    for payload in encoders.opus_for_loss(said, inband_fec=1, loss_percent=20):
        owner.send(payload, ticks=960)
    received = without(owner.arrivals, lambda index: index % 10 == 7)
    recording = finish_one(node, {0: received, 1: []}, 6)
    quality = recording.quality.owner
    assert quality.lost == 30
    assert 15 < quality.recovered_packets <= 30
    assert recording.quality.remote.recovered_packets == 0


@pytest.mark.parametrize("session", ["", "cs-2"])
def test_the_recordings_of_a_call_that_was_split_are_one_interaction(
    node: Node, session: str
) -> None:
    first, rest, other = uuid4(), uuid4(), uuid4()
    found = []
    for journal_id, rest_of in ((first, None), (rest, first), (other, None)):
        voice, _ = two_voices(1)
        call = RecordedCall(
            {0: voice.arrivals, 1: []}, (assignment(communication_session_id=session),), 1
        )
        call.write(node.journal(journal_id, rest_of=rest_of))
        finished = finalise_journal(journal_path(node.spool, journal_id), node.bench())
        found.append(finished.recordings[0].interaction_id)
    assert found[0] == found[1] != found[2]
