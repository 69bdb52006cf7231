"""Whether keys fit, by the first packets: found at once, told once, and never by one stranger."""

import time

from callvault.recorder.key_check import KeyCheck, KeyNews, StreamCheck, verify
from callvault.spool.entries import StreamKeys
from callvault.srtp import SUITES, Context, MasterKey, Protection
from tests.srtp.wire import context_of, rtp, secret_of

SUITE = "AES_CM_128_HMAC_SHA1_80"


def sealed(*numbers: int, seed: int = 1, ssrc: int = 7) -> list[bytes]:
    protection = Protection(SUITES[SUITE], secret_of(SUITE, seed))
    return [protection.seal_rtp(rtp(one, ssrc=ssrc), 12, one) for one in numbers]


def test_a_right_key_is_found_right_and_nothing_is_told() -> None:
    check = StreamCheck(context_of(SUITE))
    assert check.is_unproven
    assert check.verify(sealed(1)) is None
    assert (check.is_right, check.wants_more, check.is_unproven) == (True, False, False)
    assert check.verify(sealed(9 << 16, ssrc=8)) is None
    assert check.is_right


def test_a_wrong_key_is_told_once_and_that_it_is_right_again() -> None:
    check = StreamCheck(context_of(SUITE))
    assert check.verify(sealed(1, seed=2)) is None
    assert check.wants_more
    assert check.verify(sealed(2, seed=2)) == "key_wrong"
    assert check.verify(sealed(3, 4, 5, seed=2)) is None
    assert (check.is_unproven, check.wants_more) == (False, True)
    assert check.verify(sealed(6)) == "key_right"
    assert check.verify(sealed(7)) is None


def test_packets_under_the_key_before_are_no_sign_of_a_wrong_one() -> None:
    check = StreamCheck(context_of(SUITE, 2), before=context_of(SUITE))
    assert check.verify(sealed(1, 2, 3)) is None
    assert check.is_unproven
    assert check.verify(sealed(4, 5, seed=2)) is None
    assert check.is_right
    assert check.verify(sealed(6, 7, 8)) is None  # perhaps a stranger's: looked at again
    assert check.verify(sealed(9, 10)) == "key_wrong"


def test_a_stranger_beside_the_right_source_raises_nothing() -> None:
    check = StreamCheck(context_of(SUITE))
    check.verify(sealed(1, 2, 3))
    noise = [rtp(one, ssrc=99) for one in range(3)]
    assert check.verify(noise) is None
    assert check.wants_more
    assert check.verify([*noise, *sealed(4)]) is None
    assert check.is_right


def test_a_suite_that_is_not_known_opens_nothing() -> None:
    check = StreamCheck(Context("SUITE_OF_2031", (MasterKey(b"x"),)))
    assert check.verify(sealed(1, 2)) == "key_wrong"


def test_only_streams_whose_keys_changed_are_tapped_anew() -> None:
    check = KeyCheck()
    first, second = StreamKeys(0, context_of(SUITE)), StreamKeys(1, context_of(SUITE, 2))
    assert check.change([first, second]) == ({0, 1}, set())
    assert check.change([first, second]) == (set(), set())
    assert check.change([StreamKeys(0, context_of(SUITE, 3))]) == ({0}, {1})
    assert check.streams[0].before == first.context
    assert check.change([]) == (set(), {0})


def test_what_is_found_names_its_stream() -> None:
    check = KeyCheck()
    check.change([StreamKeys(0, context_of(SUITE)), StreamKeys(4, context_of(SUITE))])
    samples = {0: sealed(1, 2), 4: sealed(1, 2, seed=2)}
    assert verify(check.streams, samples) == [KeyNews(4, "key_wrong")]


def test_a_wrong_key_costs_little_however_long_it_stays() -> None:
    check = StreamCheck(context_of(SUITE))
    began = time.process_time()
    for number in range(1000):
        check.verify(sealed(8 * number, 8 * number + 1, seed=2))
    assert time.process_time() - began < 1
