"""Which side is on which channel."""

import io

import lameenc
import numpy as np
import pytest

from callvault.simulator.channels import ChannelOrder, Heard, Pattern, decode, likeness, order_of
from callvault.simulator.codecs import Samples
from callvault.simulator.media import envelope

RATE_HZ = 8000


def talk(*spoken: tuple[float, float], seconds: float = 6.0) -> Samples:
    """Noise at the given stretches (seconds), silence elsewhere."""
    rng = np.random.default_rng(len(spoken))
    track = np.zeros(int(seconds * RATE_HZ))
    for start, end in spoken:
        span = slice(int(start * RATE_HZ), int(end * RATE_HZ))
        track[span] = rng.normal(0, 3000, len(track[span]))
    return track.astype(np.int16)


OWNER = talk((0.3, 1.9), (3.1, 4.0), (5.2, 5.9))
REMOTE = talk((2.0, 3.0), (3.8, 5.0))


def pattern(track: Samples) -> Pattern:
    return envelope(track, RATE_HZ).astype(np.float64)


def mp3(left: Samples, right: Samples) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(32)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_channels(2)
    encoder.set_quality(7)
    encoder.silence()
    stereo = np.column_stack([left, right]).astype(np.int16)
    return bytes(encoder.encode(stereo.tobytes()) + encoder.flush())


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        (OWNER, REMOTE, ChannelOrder.RIGHT),
        (REMOTE, OWNER, ChannelOrder.SWAPPED),
        (OWNER, OWNER, ChannelOrder.UNLIKE),
        (OWNER, np.zeros_like(OWNER), ChannelOrder.UNLIKE),
        (np.roll(OWNER, 8000), np.roll(REMOTE, 8000), ChannelOrder.UNLIKE),
    ],
)
def test_the_order_of_channels_is_told(left: Samples, right: Samples, order: ChannelOrder) -> None:
    assert order_of(Heard(left, right, RATE_HZ), pattern(OWNER), pattern(REMOTE)) is order


def test_channels_are_told_through_an_mp3() -> None:
    heard = decode(mp3(OWNER, REMOTE))
    assert order_of(heard, pattern(OWNER), pattern(REMOTE)) is ChannelOrder.RIGHT
    assert heard.rate_hz == RATE_HZ


def test_a_pattern_is_found_again_when_it_comes_a_little_late() -> None:
    late = np.concatenate([np.zeros(3), pattern(OWNER)])
    assert likeness(late, pattern(OWNER)) > 0.99


def test_silence_is_like_nothing() -> None:
    assert likeness(np.zeros(100), pattern(OWNER)) == 0.0


def test_where_nothing_was_said_nothing_may_be_heard() -> None:
    nobody = np.zeros(300)
    heard = decode(mp3(OWNER, np.zeros_like(OWNER)))
    assert order_of(heard, pattern(OWNER), nobody) is ChannelOrder.RIGHT
    assert order_of(heard, nobody, pattern(OWNER)) is ChannelOrder.SWAPPED
    assert order_of(decode(mp3(OWNER, REMOTE)), pattern(OWNER), nobody) is ChannelOrder.UNLIKE


def test_what_is_not_audio_is_refused() -> None:
    with pytest.raises(Exception, match=r"(?i)format|error"):
        decode(io.BytesIO(b"not an mp3").getvalue())
