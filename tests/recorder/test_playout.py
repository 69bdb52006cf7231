"""What is heard live is what was said, after the same delay, whatever the network does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.audio.g711 import Octets, decode_alaw, decode_ulaw
from callvault.recorder.playout import DELAY, MOST, Playout, both_channels
from callvault.rtp import RtpPacket

EACH = 160


def octets(number: int) -> Octets:
    return np.full(EACH, (number * 7 + 1) % 256, dtype=np.uint8)


def packet(number: int, *, first: int = 0, payload_type: int = 0, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(
        payload_type=payload_type,
        sequence_number=number % 65536,
        timestamp=(first + EACH * number) % 2**32,
        ssrc=ssrc,
        payload=octets(number).tobytes(),
    )


@pytest.mark.parametrize("first", [0, 1, 2**31 - 300, 2**32 - 300])
@pytest.mark.parametrize(("payload_type", "decode"), [(0, decode_ulaw), (8, decode_alaw)])
def test_speech_sounds_after_the_delay(first: int, payload_type: int, decode: object) -> None:
    playout = Playout()
    for number in range(5):
        playout.put(packet(number, first=first, payload_type=payload_type))
    sound = playout.take(DELAY + 6 * EACH)
    said = np.concatenate([decode(octets(number)) for number in range(5)])  # type: ignore[operator]
    assert not sound[:DELAY].any()
    assert (sound[DELAY:-EACH] == said).all()
    assert not sound[-EACH:].any()


@given(st.permutations(range(1, 12)), st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_order_and_looks_change_nothing(order: list[int], looks: list[int]) -> None:
    playout = Playout()
    for number in (0, *order):
        playout.put(packet(number))
    sound = np.concatenate([playout.take(count) for count in (*looks, 12 * EACH + DELAY)])
    said = np.concatenate([decode_ulaw(octets(number)) for number in range(12)])
    assert (sound[DELAY : DELAY + 12 * EACH] == said).all()


def test_what_is_lost_or_too_late_is_silence_of_its_length() -> None:
    playout = Playout()
    for number in (0, 2):
        playout.put(packet(number))
    sound = playout.take(DELAY + 2 * EACH)
    playout.put(packet(1))
    assert not sound[DELAY + EACH :].any()
    assert (playout.take(EACH) == decode_ulaw(octets(2))).all()


@pytest.mark.parametrize("jump", [MOST // EACH + 1, 10**6])
def test_a_jump_ahead_sounds_after_the_delay(jump: int) -> None:
    playout = Playout()
    playout.put(packet(0))
    playout.take(DELAY + EACH)
    playout.put(packet(jump))
    assert (playout.take(DELAY + EACH)[DELAY:] == decode_ulaw(octets(jump))).all()


def test_speech_that_falls_behind_is_heard_again() -> None:
    playout = Playout()
    playout.put(packet(0))
    playout.take(MOST)
    playout.put(packet(1))
    assert (playout.take(DELAY + EACH)[DELAY:] == decode_ulaw(octets(1))).all()


def test_a_new_source_takes_over() -> None:
    playout = Playout()
    playout.put(packet(0))
    playout.put(packet(9, ssrc=2, first=12345))
    assert (playout.take(DELAY + EACH)[DELAY:] == decode_ulaw(octets(9))).all()


def test_other_codecs_are_told_and_digits_are_none() -> None:
    playout = Playout()
    playout.put(packet(0, payload_type=18))
    assert playout.is_undecodable
    playout.put(packet(1))
    playout.put(packet(2, payload_type=101))
    assert not playout.is_undecodable


def test_what_waits_can_be_forgotten() -> None:
    playout = Playout()
    playout.put(packet(0))
    playout.silence()
    assert not playout.take(MOST).any()


def test_voices_of_a_side_add_up_within_bounds() -> None:
    loud = np.array([30_000, -30_000], dtype=np.int16)
    pcm = np.frombuffer(both_channels([loud, loud], [loud], 2), dtype="<i2")
    assert pcm.tolist() == [32_767, 30_000, -32_768, -30_000]
