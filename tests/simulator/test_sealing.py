"""What a simulated call seals is what its offer's keys open."""

from random import Random

import pytest

from callvault import sdp
from callvault.simulator.sealing import Sealing
from callvault.srtp import SUITES, Context, Receiver
from tests.srtp.wire import rtp


def told(sealing: Sealing, stream: int) -> Context:
    """The context as the recorder reads it from the offer."""
    crypto = sdp.read_crypto(sealing.lines[stream].removeprefix("a=crypto:"))
    assert crypto is not None
    return crypto.context


@pytest.mark.parametrize("suite", SUITES)
def test_the_keys_that_are_told_open_what_is_sealed_over_a_roll_over(suite: str) -> None:
    sealing = Sealing(suite, streams=2, rng=Random(1))
    receivers = [Receiver(told(sealing, stream)) for stream in (0, 1)]
    for number in (*range(65_530, 65_536), *range(6)):
        for stream, receiver in enumerate(receivers):
            packet = rtp(number, ssrc=stream)
            assert receiver.open(sealing.seal(stream, packet)) == packet


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80"])
def test_a_wrong_key_opens_nothing_and_new_keys_differ(suite: str) -> None:
    wrong = Sealing(suite, streams=1, rng=Random(1), wrong_key=True)
    assert Receiver(told(wrong, 0)).open(wrong.seal(0, rtp(1))) is None
    sealing = Sealing(suite, streams=1, rng=Random(1))
    before = told(sealing, 0)
    sealing.change_keys()
    assert told(sealing, 0) != before
    assert Receiver(told(sealing, 0)).open(sealing.seal(0, rtp(1))) == rtp(1)
