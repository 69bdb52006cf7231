"""Tracks and packets."""

from random import Random

import numpy as np

from callvault.policy.decision import Direction
from callvault.simulator.cast import Voice
from callvault.simulator.codecs import Samples, encode
from callvault.simulator.media import RtpStream, envelope, new_stream, render
from callvault.simulator.script import CallScript, Codec, Line, Party, Speaker, Turn

VOICE = Voice("en", 160)
LINE = Line(VOICE, "Hello.")


def loud(line: Line, rate_hz: int) -> Samples:
    """One second of a constant."""
    return np.full(rate_hz, 1000, dtype=np.int16)


def script(*turns: Turn, codec: Codec = Codec.PCMU) -> CallScript:
    one, two = Party("2014", "Ann", VOICE), Party("+15550142", "", VOICE)
    return CallScript(0, one, two, Direction.IN, codec, 4000, turns)


def stream(frames: int = 3, sequence_number: int = 65535, timestamp: int = 0xFFFFFFF0) -> RtpStream:
    return RtpStream(bytes(160 * frames), 8, 0x01020304, sequence_number, timestamp)


def test_a_turn_stands_at_its_place_on_its_side_only() -> None:
    call = script(Turn(Speaker.OWNER, LINE, 1000, 1000), Turn(Speaker.REMOTE, LINE, 2500, 1000))
    owner = render(call, Speaker.OWNER, loud)
    assert len(owner) == 4 * 8000
    assert np.flatnonzero(owner)[[0, -1]].tolist() == [8000, 15999]
    assert np.flatnonzero(render(call, Speaker.REMOTE, loud))[0] == 20000


def test_a_turn_that_is_cut_fades() -> None:
    track = render(script(Turn(Speaker.OWNER, LINE, 0, 500)), Speaker.OWNER, loud)
    assert track[3999] == 0
    assert 0 < track[3980] < 1000
    assert not track[4000:].any()


def test_a_wideband_call_has_twice_the_samples() -> None:
    turn = Turn(Speaker.OWNER, LINE, 0, 1000)
    assert len(render(script(turn, codec=Codec.G722), Speaker.OWNER, loud)) == 4 * 16000


def test_headers_count_up_and_wrap() -> None:
    sending = stream()
    assert sending.packet(0)[:12].hex() == "8088fffffffffff001020304"
    assert sending.packet(1)[:12].hex() == "800800000000009001020304"


def test_the_timestamp_goes_on_through_a_hold_and_the_sequence_number_does_not() -> None:
    sending = stream(frames=100, sequence_number=10, timestamp=0)
    sending.packet(0)
    sending.go_on()
    assert sending.packet(50)[:12].hex() == "8088000b00001f4001020304"
    assert np.flatnonzero(np.frombuffer(sending.sent, np.uint8)).tolist() == [0, 50]


def test_a_stream_that_comes_back_as_another_source_has_a_new_ssrc() -> None:
    sending = stream(frames=100)
    sending.packet(0)
    sending.go_on(Random(1))
    assert sending.packet(50)[8:12] != bytes.fromhex("01020304")


def test_a_new_stream_carries_the_whole_track() -> None:
    track = np.zeros(8000, dtype=np.int16)
    sending = new_stream(encode(track, Codec.PCMA), Codec.PCMA, rng=Random(1))
    assert sending.frames == 50
    packet = sending.packet(49)
    assert packet[1] == 0x88
    assert packet[12:] == b"\xd5" * 160


def test_the_envelope_has_a_value_for_each_frame() -> None:
    track = np.concatenate([np.zeros(160), np.full(160, 300), np.full(80, 9)]).astype(np.int16)
    assert envelope(track, 8000).tolist() == [0, 300]
