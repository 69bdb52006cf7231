"""Two sources on one stream: the right one is heard, the other is not."""

import numpy as np

from tests.audio.wire import MS, Sender, heard, speech


def test_a_stranger_that_starts_first_does_not_win() -> None:
    caller, stranger = Sender(at_ns=500 * MS), Sender(ssrc=0xBAD)
    said = caller.say(speech(20))
    stranger.say(speech(3, seed=9))
    file = heard({"192.0.2.7": caller.arrivals, "198.51.100.1": stranger.arrivals}, seconds=20.5)
    assert np.array_equal(file[4000:], said)


def test_a_stranger_that_talks_over_the_voice_is_not_heard_in_its_pauses_either() -> None:
    caller, stranger = Sender(), Sender(ssrc=0xBAD, at_ns=2_000 * MS)
    first = caller.say(speech(15))
    caller.pass_time(8000 * 3)
    second = caller.say(speech(15, seed=2))
    stranger.say(speech(25, seed=9))
    file = heard({"192.0.2.7": caller.arrivals, "198.51.100.1": stranger.arrivals}, seconds=33)
    gap = np.zeros(24_000, dtype=np.int16)
    assert np.array_equal(file, np.concatenate((first, gap, second)))


def test_an_unknown_payload_type_loses_against_a_known_one() -> None:
    caller, stranger = Sender(), Sender(ssrc=0xBAD, payload_type=110)
    said = caller.say(speech(5))
    stranger.say(speech(20, seed=9))
    file = heard({"192.0.2.7": caller.arrivals, "198.51.100.1": stranger.arrivals}, seconds=5)
    assert np.array_equal(file, said)


def test_after_a_second_of_silence_another_source_is_heard() -> None:
    phone, resumed = Sender(), Sender(at_ns=7_000 * MS, sequence=5000)
    first, second = phone.say(speech(5)), resumed.say(speech(5, seed=2))
    file = heard({"192.0.2.7:4000": phone.arrivals, "192.0.2.7:4002": resumed.arrivals}, seconds=12)
    gap = np.zeros(16_000, dtype=np.int16)
    assert np.array_equal(file, np.concatenate((first, gap, second)))


def test_a_source_that_goes_on_a_little_after_a_transfer_costs_only_that_little() -> None:
    before, after = Sender(), Sender(ssrc=0x77, at_ns=8_000 * MS)
    before.say(speech(10))
    said = after.say(speech(20, seed=2))
    file = heard({"192.0.2.7": before.arrivals, "192.0.2.8": after.arrivals}, seconds=28)
    assert np.array_equal(file[8 * 8000 :], said)
