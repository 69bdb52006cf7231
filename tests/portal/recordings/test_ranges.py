"""HTTP ranges, against RFC 9110, section 14."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.recordings.ranges import (
    ByteRange,
    RangeNotSatisfiable,
    range_holds,
    requested_range,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", ByteRange(0, 499)),
        ("bytes=500-", ByteRange(500, 9_999)),
        ("bytes=-500", ByteRange(9_500, 9_999)),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=9990-20000", ByteRange(9_990, 9_999)),  # the end is cut to what there is
        ("bytes=-20000", ByteRange(0, 9_999)),
        ("bytes = 0-1", ByteRange(0, 1)),
    ],
)
def test_a_single_range_is_served(header: str, expected: ByteRange) -> None:
    assert requested_range(header, 10_000) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-5", "bytes=0-5,10-15"],
)
def test_what_cannot_be_served_as_one_range_is_ignored(header: str | None) -> None:
    assert requested_range(header, 10_000) is None


@pytest.mark.parametrize("header", ["bytes=10000-", "bytes=10000-10005", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_range(header, 10_000)


def test_an_empty_object_satisfies_no_range() -> None:
    for header in ("bytes=0-", "bytes=-1"):
        with pytest.raises(RangeNotSatisfiable):
            requested_range(header, 0)


@given(st.text(max_size=60) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}"), st.integers(0, 10**12))
def test_no_header_leads_out_of_the_object(header: str, size: int) -> None:
    try:
        found = requested_range(header, size)
    except RangeNotSatisfiable:
        return
    assert found is None or 0 <= found.first <= found.last < size


def test_if_range_holds_only_for_the_same_strong_tag() -> None:
    assert range_holds(None, '"a"')
    assert range_holds('"a"', '"a"')
    assert not range_holds('"b"', '"a"')
    assert not range_holds('W/"a"', '"a"')
    assert not range_holds("Mon, 23 Nov 2026 14:25:30 GMT", '"a"')
