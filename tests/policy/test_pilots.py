from itertools import chain, zip_longest

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.pilots import (
    Dialled,
    PilotKind,
    Pilots,
    number_dialled,
    plain,
    read_pilot,
)
from callvault.policy.snapshot import Snapshot, decode, encode

_DIGITS = st.text("0123456789", min_size=1, max_size=6)


@given(_DIGITS, st.text("0123456789", max_size=6))
def test_what_follows_the_prefix_is_the_id_with_its_zeros(prefix: str, rest: str) -> None:
    found = read_pilot(Pilots(recording_prefix=prefix), prefix + rest)
    assert found == Dialled(PilotKind.RECORDING, prefix, rest)


@given(_DIGITS, _DIGITS, st.text("0123456789", max_size=6))
def test_the_longest_prefix_is_the_one_called(short: str, more: str, rest: str) -> None:
    pilots = Pilots(recording_prefix=short, live_keep_prefix=short + more)
    found = read_pilot(pilots, short + more + rest)
    assert found == Dialled(PilotKind.LIVE_KEEP, short + more, rest)


def test_a_dial_in_number_is_called_whole() -> None:
    pilots = Pilots(dial_in=("8600",))
    assert read_pilot(pilots, "8600") == Dialled(PilotKind.DIAL_IN, "8600", "")
    assert read_pilot(pilots, "86001") is None


def test_no_pilot_is_called_where_none_is_set() -> None:
    assert read_pilot(Pilots(), "8500") is None
    assert read_pilot(Pilots(dial_in=("",)), "") is None


def test_a_snapshot_keeps_its_pilots_and_an_old_file_has_none() -> None:
    told = Snapshot(pilots=Pilots("8500", "8700", "9000", ("8600",)))
    assert decode(encode(told)) == told
    old = msgspec.json.decode(encode(told))
    del old["pilots"]
    assert decode(msgspec.json.encode(old)).pilots == Pilots()


@given(
    st.text("0123456789", min_size=1, max_size=8),
    st.lists(st.sampled_from(" ()./-\u2013"), max_size=8),
)
def test_separators_between_the_digits_do_not_count(digits: str, between: list[str]) -> None:
    written = "".join(
        chain.from_iterable(zip_longest(digits, between[: len(digits)], fillvalue=""))
    )
    assert plain(written) == digits


@pytest.mark.parametrize(
    ("numbers", "dialled"),
    [
        (("84001", "84002"), "84001"),
        (("srs", "84 00-2"), "84002"),  # addressed to the recorder, called by its pilot
        (("7100", "7200", "8500"), "8500"),  # diverted
        (("srs", "7200"), "srs"),  # no pilot: the request's own
        (("", "7200"), "7200"),
        ((), ""),
    ],
)
def test_the_first_number_that_is_a_pilot_was_dialled(
    numbers: tuple[str, ...], dialled: str
) -> None:
    assert number_dialled(Pilots("8400", "8500"), numbers) == dialled


def test_without_pilots_the_request_s_own_number_was_dialled() -> None:
    assert number_dialled(Pilots(), ("7100", "8400")) == "7100"
