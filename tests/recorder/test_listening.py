"""One who listens: opens what is sealed, throws away what is not kept, is gone when silent."""

from typing import cast
from uuid import UUID

import numpy as np
import pytest

from callvault.audio.g711 import decode_alaw
from callvault.capture import Stream
from callvault.recorder.listening import (
    MOST_LISTENERS,
    PATIENCE_S,
    Heard,
    Listeners,
    Place,
    _Listener,
)
from callvault.recorder.playout import DELAY, RATE_HZ
from callvault.srtp import Context
from tests.srtp.wire import PROFILES, context_of, libsrtp_sender, rtp

CALL = UUID(int=1)
PAYLOAD = bytes(range(160))
SAID = decode_alaw(np.frombuffer(PAYLOAD, dtype=np.uint8))
LOOK_S = (DELAY + len(SAID)) / RATE_HZ


class Heap:
    """Copies of packets, as capture gives them."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def overheard(self, since: int) -> tuple[int, list[bytes]]:
        return len(self.packets), self.packets[since:]


def listened(
    packet: bytes, context: Context | None, *, is_kept: bool = True
) -> tuple[Heard, list[int]]:
    """Return what is told of a packet, and what is heard of it on the left."""
    heap = Heap()
    place = Place(cast("Stream", heap), True, context, is_kept)
    listener = _Listener(CALL, None, 0.0)
    listener.change({place.stream}, set())
    heap.packets.append(packet)
    chunk = listener.chunk([place], LOOK_S)
    pcm = np.frombuffer(chunk.pcm, dtype="<i2").reshape(-1, 2)
    assert not pcm[:, 1].any()
    return chunk.heard, pcm[DELAY:, 0].tolist()


@pytest.mark.parametrize("suite", sorted(PROFILES))
def test_sealed_speech_is_heard_under_its_keys_alone(suite: str) -> None:
    sealed = libsrtp_sender(suite).protect(rtp(1, PAYLOAD))
    assert listened(sealed, context_of(suite)) == (Heard.CALL, SAID.tolist())
    assert listened(sealed, context_of(suite, seed=2)) == (Heard.CODEC, [0] * 160)


def test_what_is_not_kept_is_silence() -> None:
    assert listened(rtp(1, PAYLOAD), None) == (Heard.CALL, SAID.tolist())
    assert listened(rtp(1, PAYLOAD), None, is_kept=False) == (Heard.NOT_KEPT, [0] * 160)


@pytest.mark.parametrize("noise", [b"", b"\x80", bytes(160), b"\xff" * 40])
def test_noise_is_no_speech(noise: bytes) -> None:
    assert listened(noise, None)[1] == [0] * 160


def test_who_does_not_ask_makes_room_for_others() -> None:
    now_s = [0.0]
    listeners = Listeners(lambda: now_s[0])
    first = listeners.begin(CALL, None)
    assert first is not None
    assert all(listeners.begin(CALL, None) for _ in range(MOST_LISTENERS - 1))
    assert listeners.begin(CALL, None) is None
    now_s[0] = PATIENCE_S + 0.1
    assert listeners.begin(CALL, None) is not None
    assert listeners.call_of(first) is None
    assert not listeners.end(first)
