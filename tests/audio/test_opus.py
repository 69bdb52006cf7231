"""Opus by libopus: what is lost comes from the packet behind it, if that holds it once more.

Packets are made by libopus from speech, with in-band FEC as a phone on a bad network asks for it
(RFC 7587, section 3.3).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import pytest

from callvault.audio import Encoding, PayloadTable, find_decoder, opus
from callvault.audio.decoder import Losses, Payloads, Sound
from callvault.audio.g711 import Samples
from callvault.audio.libav import LibavDecoder
from tests.audio import encoders
from tests.audio.wire import Sender, heard, without

pytest.importorskip("av")
NUMBER = 111
ENCODING = Encoding(NUMBER, "OPUS", 48000, 2)
TABLE = PayloadTable([ENCODING, Encoding(101, "TELEPHONE-EVENT", 48000)])
TICKS = 960  # of 20 ms
FEC = {"inband_fec": 1, "loss_percent": 20}
FRAME = 320  # samples of 20 ms in the file


@pytest.fixture(autouse=True)
def _libopus() -> None:
    encoders.library(opus.LIBRARY)


@cache
def packets(*, fec: bool = True, frame_ms: int = 20, channels: int = 1) -> list[bytes]:
    """Twelve seconds of speech; a word is being said after ten, where a window ends."""
    said = np.roll(np.tile(encoders.spoken(16000), 2), -8 * FRAME * 2)
    if channels == 2:
        said = np.column_stack((said, said // 3))
    wishes = FEC if fec else {}
    return encoders.opus_for_loss(said, frame_ms=frame_ms, channels=channels, **wishes)


def sent(payloads: Sequence[bytes], *, frame_ms: int = 20) -> Sender:
    sender = Sender(payload_type=NUMBER, clock_rate_hz=48000)
    for payload in payloads:
        sender.send(payload, ticks=frame_ms * 48)
    return sender


def file(sender: Sender, lost: Callable[[int], bool] = lambda index: False) -> Samples:
    received = without(sender.arrivals, lost)
    return heard(received, seconds=12, table=TABLE, rate_hz=16000)


def one_in_ten(index: int) -> bool:
    return index % 10 == 7


def error(sender: Sender) -> float:
    """Distance of what is heard with loss from what is heard without, as a share of the latter."""
    whole = file(sender).astype(float)
    return float(np.square(file(sender, one_in_ten) - whole).sum() / np.square(whole).sum())


def test_a_tenth_lost_is_nearer_to_what_was_said_with_fec_than_without() -> None:
    with_fec, without_fec = error(sent(packets())), error(sent(packets(fec=False)))
    assert with_fec < without_fec / 3
    assert with_fec < 0.02


def test_libavcodec_alone_leaves_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sent(packets())
    recovered = error(sender)
    monkeypatch.setattr(opus, "library", lambda: None)
    assert error(sender) > 3 * recovered


@pytest.mark.parametrize(("frame_ms", "channels"), [(40, 1), (60, 1), (20, 2)])
def test_packets_of_any_time_and_of_two_channels_are_recovered(
    frame_ms: int, channels: int
) -> None:
    payloads = packets(frame_ms=frame_ms, channels=channels)
    plain = packets(fec=False, frame_ms=frame_ms, channels=channels)
    assert error(sent(payloads, frame_ms=frame_ms)) < error(sent(plain, frame_ms=frame_ms)) / 2


def test_a_packet_lost_at_the_edge_of_two_windows_is_recovered() -> None:
    sender = sent(packets())
    edge = slice(499 * FRAME, 500 * FRAME)
    whole, lossy = file(sender), file(sender, lambda index: index == 499)
    assert np.corrcoef(lossy[edge], whole[edge])[0, 1] > 0.7
    assert np.array_equal(lossy[: edge.start], whole[: edge.start])


def test_of_a_long_hole_only_its_last_packet_is_heard() -> None:
    sender = sent(packets())
    whole, lossy = file(sender), file(sender, lambda index: 60 <= index < 85)
    assert not lossy[60 * FRAME : 84 * FRAME].any()
    last = slice(84 * FRAME, 85 * FRAME)
    # The decoder's memory is that of half a second ago: loudness comes back sooner than shape.
    assert np.std(lossy[last]) == pytest.approx(np.std(whole[last]), rel=0.5)


def test_what_nothing_holds_once_more_is_concealed_for_a_tenth_of_a_second() -> None:
    sender = sent(packets(fec=False))
    assert file(sender, lambda index: 60 <= index < 65)[60 * FRAME : 65 * FRAME].any()
    assert not file(sender, lambda index: 60 <= index < 66)[60 * FRAME : 66 * FRAME].any()


def test_a_pressed_key_is_no_loss() -> None:
    sender = sent(packets()[:60])
    sender.payload_type = 101
    for _ in range(3):
        sender.send(bytes([5, 10, 0, 160]), ticks=0)
    sender.payload_type = NUMBER
    sender.pass_time(TICKS)
    for payload in packets()[61:]:
        sender.send(payload, ticks=TICKS)
    assert not file(sender)[60 * FRAME : 61 * FRAME].any()


# --- the decoder alone


def decode(payloads: Sequence[bytes], missing: Sequence[int], elapsed: Sequence[int]) -> Sound:
    found = find_decoder(ENCODING)
    assert found is not None
    octets = np.frombuffer(b"".join(payloads), dtype=np.uint8)
    losses = Losses(np.array(missing), np.array(elapsed))
    sizes = np.array([len(one) for one in payloads])
    return found[1]().decode(Payloads(octets, sizes, losses))


def test_what_was_recovered_is_told_and_lies_early() -> None:
    chosen = [*packets()[60:63], packets()[64]]
    sound = decode(chosen, [0, 0, 0, 1], [0, 160, 160, 320])
    assert sound.recovered == 1
    assert sound.early is not None
    assert sound.early.tolist() == [0, 0, 0, FRAME]
    assert sound.lengths.tolist() == [FRAME, FRAME, FRAME, 2 * FRAME]
    assert len(sound.samples) == 5 * FRAME


def test_a_lost_packet_in_a_pause_of_the_sender_is_no_pause_of_sound() -> None:
    chosen = [packets(fec=False)[60], packets(fec=False)[90]]
    sound = decode(chosen, [0, 1], [0, 4800])
    assert (sound.early, sound.recovered) == (None, 0)


def test_a_packet_may_claim_anything_of_what_was_lost() -> None:
    rng = np.random.default_rng(7)
    for size in (1, 2, 3, 9, 80, 400):
        junk = [rng.integers(0, 256, size, dtype=np.uint8).tobytes() for _ in range(40)]
        sound = decode(junk, [10**6] * 40, [2**40, *[-(2**40), 7] * 19, 160])
        assert len(sound.samples) == sound.lengths.sum()
        assert (sound.lengths >= 0).all()


# --- without the library


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opus.library.cache_clear()
    monkeypatch.setattr(opus, "LIBRARY", "libopus-that-is-not-there.so.0")
    yield
    opus.library.cache_clear()


@pytest.mark.usefixtures("absent")
def test_without_libopus_the_extra_decodes_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = find_decoder(ENCODING)
            assert found is not None
            assert isinstance(found[1](), LibavDecoder)
    assert len(caplog.records) == 1
    assert "libopus0" in caplog.text
