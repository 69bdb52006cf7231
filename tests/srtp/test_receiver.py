"""Streams of packets: roll-overs, late joins, replays, MKIs, strangers."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.srtp import MAX_ROLL_OVERS, SUITES, Context, MasterKey, Protection, Receiver
from tests.srtp.wire import PROFILES, REPORT, SSRC, context_of, libsrtp_sender, rtp, secret_of

SUITE = "AES_CM_128_HMAC_SHA1_80"


def sealed(index: int, suite: str = SUITE, seed: int = 1, ssrc: int = SSRC) -> bytes:
    protection = Protection(SUITES[suite], secret_of(suite, seed))
    return protection.seal_rtp(rtp(index, ssrc=ssrc), 12, index)


@pytest.mark.parametrize("suite", PROFILES)
def test_a_stream_of_libsrtp_is_opened_over_a_roll_over(suite: str) -> None:
    sender, receiver = libsrtp_sender(suite), Receiver(context_of(suite))
    numbers = [*range(65000, 65536, 13), *range(0, 700, 13)]
    for number in numbers:
        assert receiver.open(sender.protect(rtp(number))) == rtp(number)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("roll_overs", [0, 1, 7, MAX_ROLL_OVERS - 1])
def test_who_joins_late_finds_the_counter(suite: str, roll_overs: int) -> None:
    receiver = Receiver(context_of(suite))
    for index in range(roll_overs << 16 | 65530, (roll_overs << 16 | 65530) + 20):
        assert receiver.open(sealed(index, suite)) == rtp(index)


def test_a_counter_beyond_the_bound_is_not_found() -> None:
    assert Receiver(context_of(SUITE)).open(sealed(MAX_ROLL_OVERS << 16)) is None


def test_reordered_and_repeated_packets_are_opened_and_old_ones_are_not() -> None:
    receiver = Receiver(context_of(SUITE))
    order = [70_000, 70_002, 70_001, 70_002, 69_990, 71_500]
    assert [receiver.open(sealed(index)) for index in order] == [rtp(index) for index in order]
    assert receiver.open(sealed(70_003)) is None


def test_a_gap_of_more_than_half_a_cycle_is_bridged() -> None:
    """A pause: the sender goes on counting while nothing is kept."""
    receiver = Receiver(context_of(SUITE))
    for index in (100, 101, 100 + 40_000, 100 + 40_001, 100 + 140_000):
        assert receiver.open(sealed(index)) == rtp(index)


def test_each_source_has_a_counter_of_its_own() -> None:
    receiver = Receiver(context_of(SUITE))
    for ssrc, index in ((1, 5), (2, 3 << 16), (1, 6), (2, 3 << 16 | 1)):
        assert receiver.open(sealed(index, ssrc=ssrc)) == rtp(index, ssrc=ssrc)


def test_the_counter_goes_on_under_the_next_key() -> None:
    indexes: dict[int, int] = {}
    before = Receiver(context_of(SUITE), indexes)
    assert before.open(sealed(MAX_ROLL_OVERS << 16 | 9)) is None
    high = 200 << 16 | 65_535
    assert before.open(sealed(high)) == rtp(high)
    after = Receiver(context_of(SUITE, seed=2), indexes)
    assert after.open(sealed(high + 1)) is None
    assert after.open(sealed(high + 1, seed=2)) == rtp(high + 1)


@pytest.mark.parametrize("suite", SUITES)
def test_an_mki_says_which_key_a_packet_has(suite: str) -> None:
    keys = (MasterKey(secret_of(suite, 1), b"\0\1"), MasterKey(secret_of(suite, 2), b"\0\2"))
    receiver, tag = Receiver(Context(suite, keys)), SUITES[suite]
    for seed, mki in ((1, b"\0\1"), (2, b"\0\2")):
        packet = sealed(seed, suite, seed)
        end = len(packet) - (0 if tag.is_aead else tag.tag_bytes)
        assert receiver.open(packet[:end] + mki + packet[end:]) == rtp(seed)
        assert receiver.open(packet[:end] + b"\0\3" + packet[end:]) is None
        assert receiver.open(packet) is None
        report = Protection(tag, secret_of(suite, seed)).seal_rtcp(REPORT, 4)
        end = len(report) - (0 if tag.is_aead else tag.rtcp_tag_bytes)
        assert receiver.open_rtcp(report[:end] + mki + report[end:]) == REPORT


def test_strangers_cost_little_and_do_no_harm() -> None:
    receiver = Receiver(context_of(SUITE))
    assert receiver.open(sealed(1)) == rtp(1)
    began = time.process_time()
    for number in range(30_000):
        assert receiver.open(rtp(number, b"\0" * 160, ssrc=number % 10_000)) is None
    assert time.process_time() - began < 10
    assert receiver.open(sealed(2)) == rtp(2)


def test_a_wrong_key_stays_wrong_at_little_cost() -> None:
    receiver = Receiver(context_of(SUITE, seed=2))
    packets = [sealed(index) for index in range(3000)]
    began = time.process_time()
    assert not any(receiver.open(packet) for packet in packets)
    assert time.process_time() - began < 2


@given(st.binary(max_size=80))
def test_no_datagram_raises(datagram: bytes) -> None:
    for suite in ("AES_CM_128_HMAC_SHA1_32", "AEAD_AES_256_GCM"):
        receiver = Receiver(context_of(suite, mki=b"\1"))
        assert receiver.open(datagram) is None
        assert receiver.open_rtcp(datagram) is None
        assert Receiver(context_of(suite)).open(b"\x90\x08" + datagram) is None


def test_keys_do_not_show() -> None:
    assert secret_of(SUITE).hex() not in repr(context_of(SUITE))
    assert repr(context_of(SUITE)) == (
        "Context(suite='AES_CM_128_HMAC_SHA1_80', keys=(MasterKey(mki=b''),))"
    )
