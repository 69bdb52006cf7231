"""Times, numbers, sizes and telephone numbers read as the design guide says."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal import wording

ENGLISH, ITALIAN = wording.language_named("en"), wording.language_named("it")
MOMENT = datetime(2026, 3, 12, 14, 25, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length_ms", "in_table", "in_prose"),
    [
        (0, "0:00", "0 s"),
        (999, "0:00", "0 s"),
        (7_400, "0:07", "7 s"),
        (60_000, "1:00", "1 min"),
        (372_999, "6:12", "6 min 12 s"),
        (3_600_000, "1:00:00", "1 h"),
        (3_753_000, "1:02:33", "1 h 2 min"),
        (-5, "0:00", "0 s"),
    ],
)
def test_durations_are_cut_to_seconds(length_ms: int, in_table: str, in_prose: str) -> None:
    written = (wording.duration(length_ms), wording.duration_prose(length_ms))
    assert written == (in_table, in_prose.replace(" ", wording.NO_BREAK_SPACE))


@pytest.mark.parametrize(
    ("number", "decimals", "english", "italian"),
    [(999, 0, "999", "999"), (1000, 0, "1,000", "1.000"), (12483.25, 2, "12,483.25", "12.483,25")],
)
def test_thousands_stand_apart_from_one_thousand_on(
    number: float, decimals: int, english: str, italian: str
) -> None:
    assert wording.grouped(number, decimals=decimals, language=ENGLISH) == english
    assert wording.grouped(number, decimals=decimals, language=ITALIAN) == italian


@pytest.mark.parametrize(
    ("size_bytes", "written"),
    [(40, "40 B"), (812_000, "812 kB"), (1_500_000, "1.5 MB"), (7_700_000_000_000, "7.7 TB")],
)
def test_sizes_are_in_decimal_units(size_bytes: int, written: str) -> None:
    assert wording.decimal_size(size_bytes) == written.replace(" ", wording.NO_BREAK_SPACE)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("full", "12 Mar 2026, 14:25:30"),
        ("table", "12 Mar, 14:25:30"),
        ("title", "Thursday 12 March 2026, 14:25:30"),
        ("day", "12 Mar 2026"),
        ("time", "14:25:30"),
    ],
)
def test_dates_have_24_hours_and_seconds(pattern: str, written: str) -> None:
    assert wording.written_date(MOMENT, pattern) == written


@pytest.mark.parametrize(
    ("first", "last", "written"),
    [
        (date(2026, 11, 16), date(2026, 11, 23), "16\u201323 Nov 2026"),
        (date(2026, 10, 30), date(2026, 11, 2), "30 Oct \u2013 2 Nov 2026"),
        (date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 \u2013 2 Jan 2026"),
        (date(2026, 11, 23), date(2026, 11, 23), "23 Nov 2026"),
    ],
)
def test_a_range_names_what_both_days_share_once(first: date, last: date, written: str) -> None:
    assert wording.date_range(first, last) == written


@pytest.mark.parametrize(
    ("age_s", "written"), [(0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (150, "2 min ago")]
)
def test_young_states_are_told_by_their_age(age_s: int, written: str) -> None:
    age = timedelta(seconds=age_s)
    assert wording.ago(age) == written.replace(" ", wording.NO_BREAK_SPACE, 1)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+390212345678", "+39 02 1234 5678"),
        ("+12025550142", "+1 202 555 0142"),
        ("+15550142", "+1 555 0142"),  # unknown to the tables: grouped from the end
        ("2014", "2014"),
        ("*86", "*86"),
        ("+", "+"),
        ("+999", "+999"),
        ("", ""),
    ],
)
def test_telephone_numbers_are_grouped_and_never_break(number: str, written: str) -> None:
    assert wording.phone_number(number) == written.replace(" ", wording.NO_BREAK_SPACE)


@given(st.text(alphabet="+0123456789*#abc .-", max_size=24))
def test_a_written_number_keeps_each_of_its_digits(number: str) -> None:
    digits = [character for character in number if character.isdigit()]
    written = [character for character in wording.phone_number(number) if character.isdigit()]
    assert written == digits
