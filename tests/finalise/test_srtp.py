"""SRTP calls come out as the same calls in plain RTP do; what no key opens is counted and kept."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest

from callvault.audio.g711 import Samples
from callvault.finalise.catalogue import RecordingFacts
from callvault.finalise.decryption import OVERLAP_NS, Decryption
from callvault.rtp import RtpPacket
from callvault.spool import Packet, PacketsBlock
from callvault.spool.entries import MediaKeys, StreamKeys
from callvault.srtp import SUITES, Context, MasterKey, Protection
from callvault.vault import ObjectKind
from tests.audio.wire import MS, START_NS, Arrival, Sender, speech
from tests.finalise.bench import Node, RecordedCall, assignment
from tests.finalise.test_journal import at, audio, finish, two_voices
from tests.srtp.wire import PROFILES, context_of, libsrtp_sender, rtp, secret_of

SUITE = "AES_CM_128_HMAC_SHA1_80"
Seal = Callable[[bytes, int], bytes]


@dataclass(frozen=True)
class Sealed:
    """A packet as it was on the wire."""

    datagram: bytes

    def __bytes__(self) -> bytes:
        return self.datagram


def on_wire(one: Arrival, datagram: bytes) -> Arrival:
    return replace(one, packet=cast("RtpPacket", Sealed(datagram)))


def sealing(suite: str = SUITE, seed: int = 1) -> Seal:
    protection = Protection(SUITES[suite], secret_of(suite, seed))
    return lambda packet, index: protection.seal_rtp(packet, 12, index)


def sealed(sender: Sender, seal: Seal, *, first_index: int = 1000) -> list[Arrival]:
    """What a sender sends, protected, its packets counted from `first_index`."""
    return [
        on_wire(one, seal(bytes(one.packet), first_index + number))
        for number, one in enumerate(sender.arrivals)
    ]


def keys(at_ns: int, **by_stream: Context) -> MediaKeys:
    """Keys from a moment on; streams are named s0, s1."""
    streams = (StreamKeys(int(name[1:]), one) for name, one in by_stream.items())
    return MediaKeys(at_ns, tuple(streams))


def finished(
    node: Node,
    streams: dict[int, list[Arrival]],
    *events: MediaKeys,
    seconds: float = 3,
    **settings: Any,
) -> RecordingFacts:
    first = next((one for one in events if one.at_ns == AT_FIRST), None)
    later = tuple(one for one in events if one is not first)
    call = RecordedCall(streams, (assignment(),), seconds, events=later, keys=first)
    (recording,) = finish(node, call, **settings).recordings
    return recording


def plain_audio(node: Node, owner: Sender, remote: Sender, seconds: float = 3) -> Samples:
    return audio(node, finished(node, {0: owner.arrivals, 1: remote.arrivals}, seconds=seconds))


AT_FIRST = START_NS - 10 * MS


@pytest.mark.parametrize("suite", SUITES)
def test_a_call_under_each_suite_sounds_as_in_plain_rtp(node: Node, suite: str) -> None:
    owner, remote = two_voices(2)
    streams = {0: sealed(owner, sealing(suite)), 1: sealed(remote, sealing(suite, 2))}
    told = keys(AT_FIRST, s0=context_of(suite), s1=context_of(suite, 2))
    recording = finished(node, streams, told)
    assert np.array_equal(audio(node, recording), plain_audio(node, owner, remote))
    assert "undecrypted" not in recording.quality.flags
    owners = recording.quality.owner
    assert (owners.packets, owners.lost, owners.undecrypted_packets) == (100, 0, 0)


@pytest.mark.parametrize("suite", PROFILES)
def test_what_libsrtp_sealed_is_heard(node: Node, suite: str) -> None:
    owner, remote = two_voices(2)
    senders = [libsrtp_sender(suite, seed) for seed in (1, 2)]
    streams = {
        stream: sealed(voice, lambda packet, _, by=by: by.protect(packet))  # type: ignore[misc]
        for stream, voice, by in ((0, owner, senders[0]), (1, remote, senders[1]))
    }
    told = keys(AT_FIRST, s0=context_of(suite), s1=context_of(suite, 2))
    recording = finished(node, streams, told)
    assert np.array_equal(audio(node, recording), plain_audio(node, owner, remote))


def test_one_line_may_be_sealed_and_the_other_plain(node: Node) -> None:
    owner, remote = two_voices(2)
    streams = {0: sealed(owner, sealing()), 1: remote.arrivals}
    recording = finished(node, streams, keys(AT_FIRST, s0=context_of(SUITE)))
    assert np.array_equal(audio(node, recording), plain_audio(node, owner, remote))


def shuffled(wire: list[Arrival]) -> list[Arrival]:
    """Let one packet overtake another, and one come twice."""
    twentieth, next_one = wire[20], wire[21]
    exchanged = [
        replace(twentieth, packet=next_one.packet),
        replace(next_one, packet=twentieth.packet),
    ]
    return [*wire[:20], *exchanged, *wire[22:50], wire[45], *wire[50:]]


def test_a_late_joiner_hears_over_a_roll_over_and_reordered_and_repeated_packets(
    node: Node,
) -> None:
    owner, remote = Sender(sequence=65_500), Sender(ssrc=0x22)
    owner.say(speech(2, seed=1))
    remote.say(speech(2, seed=2))
    sealed_wire = sealed(owner, sealing(), first_index=(3 << 16) + 65_500)
    told = keys(AT_FIRST, s0=context_of(SUITE))
    recording = finished(node, {0: shuffled(sealed_wire), 1: remote.arrivals}, told)
    plain = finished(node, {0: shuffled(owner.arrivals), 1: remote.arrivals})
    assert np.array_equal(audio(node, recording), audio(node, plain))
    quality = recording.quality.owner
    assert (quality.duplicates, quality.reordered, quality.undecrypted_packets) == (1, 1, 0)


def test_keys_change_in_mid_call_and_late_packets_are_under_the_old_one(node: Node) -> None:
    owner, remote = two_voices(4)
    wire = sealed(owner, sealing())
    changed_ns = 2_000 * MS
    for number, one in enumerate(wire):
        if one.ns >= changed_ns + 400 * MS:
            packet = bytes(owner.arrivals[number].packet)
            wire[number] = on_wire(one, sealing(seed=2)(packet, 1000 + number))
    told = (keys(AT_FIRST, s0=context_of(SUITE)), keys(at(2), s0=context_of(SUITE, 2)))
    recording = finished(node, {0: wire, 1: remote.arrivals}, *told, seconds=5)
    assert np.array_equal(audio(node, recording), plain_audio(node, owner, remote, 5))
    assert recording.quality.owner.undecrypted_packets == 0


def test_a_call_changes_from_rtp_to_srtp_and_back(node: Node) -> None:
    owner, remote = two_voices(6)
    wire = [
        new if 2_300 * MS <= old.ns < 4_200 * MS else old
        for old, new in zip(owner.arrivals, sealed(owner, sealing()), strict=True)
    ]
    told = (keys(at(2), s0=context_of(SUITE)), keys(at(4)))
    recording = finished(node, {0: wire, 1: remote.arrivals}, *told, seconds=7)
    assert np.array_equal(audio(node, recording), plain_audio(node, owner, remote, 7))
    assert recording.quality.owner.packets == 300


def test_under_a_wrong_key_all_packets_are_kept_as_they_came_and_counted(node: Node) -> None:
    owner, remote = two_voices(2)
    wire = sealed(owner, sealing())
    told = keys(AT_FIRST, s0=context_of(SUITE, 9))
    recording = finished(node, {0: wire, 1: remote.arrivals}, told)
    quality = recording.quality
    assert quality.owner.peak_dbfs == -120
    assert (quality.owner.packets, quality.owner.undecrypted_packets) == (0, 100)
    assert (quality.remote.packets, quality.remote.undecrypted_packets) == (100, 0)
    assert {"undecrypted", "one_way"} <= set(quality.flags)
    raw = node.read_object(recording.assignment.recording_id, ObjectKind.RAW)
    assert all(bytes(one.packet) in raw for one in wire)


def test_each_part_of_a_call_has_the_packets_of_its_time_that_no_key_opens(node: Node) -> None:
    owner, remote = two_voices(4)
    wire, swap_ns = sealed(owner, sealing()), START_NS + 1990 * MS
    parts = (assignment(until_ns=swap_ns), assignment(from_ns=swap_ns))
    told = keys(AT_FIRST, s0=context_of(SUITE, 9))
    call = RecordedCall({0: wire, 1: remote.arrivals}, parts, 4, keys=told)
    recordings = finish(node, call).recordings
    assert [one.quality.owner.undecrypted_packets for one in recordings] == [100, 100]
    raws = [node.read_object(one.assignment.recording_id, ObjectKind.RAW) for one in recordings]
    assert [[bytes(one.packet) in raw for raw in raws] for one in wire[::199]] == [
        [True, False],
        [False, True],
    ]


def test_a_suite_of_a_newer_recorder_is_kept_as_it_came(node: Node) -> None:
    owner, _ = two_voices(1)
    told = keys(AT_FIRST, s0=Context("SUITE_OF_2031", (MasterKey(b"secret"),)))
    recording = finished(node, {0: owner.arrivals, 1: []}, told)
    assert recording.quality.owner.undecrypted_packets == 50
    raw = node.read_object(recording.assignment.recording_id, ObjectKind.RAW)
    assert all(bytes(one.packet) in raw for one in owner.arrivals)


def test_a_stranger_in_clear_is_not_heard_on_a_sealed_stream(node: Node) -> None:
    owner, remote = two_voices(2)
    stranger = Sender(ssrc=0x99)
    stranger.say(speech(2, seed=5))
    told = keys(AT_FIRST, s0=context_of(SUITE))
    streams = {
        0: {"192.0.2.7": sealed(owner, sealing()), "198.51.100.9": stranger.arrivals},
        1: remote.arrivals,
    }
    recording = finished(node, streams, told)  # type: ignore[arg-type]
    assert np.array_equal(audio(node, recording), plain_audio(node, owner, remote))
    assert recording.quality.owner.undecrypted_packets == 100


def test_packets_and_rtcp_are_kept_opened_where_packets_are_kept(node: Node) -> None:
    owner, remote = two_voices(1)
    protection = Protection(SUITES[SUITE], secret_of(SUITE))
    report = bytes.fromhex("81c90007000000010000002200000000000003e80000000000000000000000ff")
    call = RecordedCall(
        {0: sealed(owner, sealing()), 1: remote.arrivals},
        (assignment(),),
        2,
        keys=keys(AT_FIRST, s0=context_of(SUITE)),
        rtcp=((0, protection.seal_rtcp(report, 7)), (0, b"\x81\xc9\x00\x01RTCPforged")),
    )
    (recording,) = finish(node, call, keep_received_payloads=True).recordings
    raw = node.read_object(recording.assignment.recording_id, ObjectKind.RAW)
    assert all(bytes(one.packet) in raw for one in owner.arrivals)
    assert raw.count(report) == 1
    assert raw.count(b"RTCPforged") == 1
    assert recording.quality.owner.undecrypted_packets == 0


def everything_sealed(node: Node, recording: RecordingFacts) -> bytes:
    kinds = [one.kind for one in recording.objects]
    return b"".join(
        node.read_object(recording.assignment.recording_id, ObjectKind(kind)) for kind in kinds
    )


def test_keys_stay_in_the_journal(node: Node) -> None:
    owner, remote = two_voices(1)
    told = keys(AT_FIRST, s0=context_of(SUITE), s1=context_of(SUITE, 2))
    streams = {0: sealed(owner, sealing()), 1: sealed(remote, sealing(seed=3))}
    recording = finished(node, streams, told, keep_received_payloads=True)
    assert {"audio", "metadata", "peaks", "raw"} <= {one.kind for one in recording.objects}
    on_disk = b"".join(path.read_bytes() for path in node.spool.parent.rglob("*") if path.is_file())
    for secret in (secret_of(SUITE), secret_of(SUITE, 2)):
        for form in (secret, base64.b64encode(secret), secret.hex().encode()):
            assert form not in everything_sealed(node, recording)
            assert form not in on_disk
            assert form not in repr(recording).encode()


# --- which key is tried when


def block_of(*packets: tuple[int, bytes]) -> tuple[PacketsBlock, list[int]]:
    arrivals = [at_ns for at_ns, _ in packets]
    return PacketsBlock(
        0, 0, {}, [Packet(0, 0, False, at_ns, datagram) for at_ns, datagram in packets]
    ), arrivals


def opened(decryption: Decryption, at_ns: int, datagram: bytes) -> bytes | None:
    found = decryption.open(*block_of((at_ns, datagram)))
    return found.block.packets[0].datagram if found.block.packets else None


def test_the_key_before_is_tried_for_a_second_and_no_longer() -> None:
    change_ns, old, new = 100 * OVERLAP_NS, sealing(), sealing(seed=2)
    decryption = Decryption()
    decryption.change(keys(0, s0=context_of(SUITE)))
    decryption.change(keys(change_ns, s0=context_of(SUITE, 2)))
    assert opened(decryption, change_ns + OVERLAP_NS - 1, old(rtp(1), 1)) == rtp(1)
    assert opened(decryption, change_ns + OVERLAP_NS, old(rtp(2), 2)) is None
    assert opened(decryption, change_ns - OVERLAP_NS, new(rtp(3), 3)) == rtp(3)
    assert opened(decryption, change_ns - OVERLAP_NS - 1, new(rtp(4), 4)) is None


def test_keys_told_again_after_a_restart_go_on_counting() -> None:
    decryption, high = Decryption(), (200 << 16) + 65_535
    decryption.change(keys(0, s0=context_of(SUITE)))
    assert opened(decryption, 0, sealing()(rtp(high), high)) == rtp(high)
    receiver = decryption._eras[0][-1].receiver
    decryption.change(keys(5 * OVERLAP_NS, s0=context_of(SUITE)))
    assert decryption._eras[0][-1].receiver is receiver
    after = sealing()(rtp(high + 1), high + 1)
    assert opened(decryption, 6 * OVERLAP_NS, after) == rtp(high + 1)


def test_a_journal_without_keys_is_read_as_it_is() -> None:
    block, arrivals = block_of((1, rtp(1)), (2, b"\x80noise"))
    found = Decryption().open(block, arrivals)
    assert found.block is block
    assert found.locked is None


def test_many_changes_of_keys_are_bounded() -> None:
    decryption = Decryption()
    for number in range(500):
        decryption.change(keys(number * OVERLAP_NS, s0=context_of(SUITE, number % 250)))
    assert len(decryption._eras[0]) == 64
