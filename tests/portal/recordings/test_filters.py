"""The search: what is typed, and which recordings it finds."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.decision import Direction, Party
from callvault.portal.people.models import User
from callvault.portal.recordings.filters import Filter, FilterForm
from callvault.portal.recordings.folding import folded, number_in, user_part
from callvault.portal.recordings.matching import apply
from callvault.portal.recordings.permissions import recordings_visible_to
from tests.portal.catalogue_facts import Spoken, list_recording


def read(query: str) -> tuple[FilterForm, Filter]:
    form = FilterForm(QueryDict(query), groups=[("sales", "sales")], owners=None)
    form.is_valid()
    return form, form.filter()


@pytest.mark.parametrize(
    ("typed", "seconds"), [("2", 120), ("1.5", 90), ("1,5", 90), ("2:30", 150), ("1:02:33", 3753)]
)
def test_a_length_is_minutes_or_a_clock(typed: str, seconds: int) -> None:
    assert read(f"over={typed}")[1].over_s == seconds


@given(st.text(max_size=20))
def test_any_text_is_a_length_or_an_error_of_its_field(typed: str) -> None:
    data = QueryDict(mutable=True)
    data["over"] = typed
    form = FilterForm(data, groups=None, owners=None)
    form.is_valid()
    assert form.errors.keys() <= {"over"}
    assert form.filter().over_s is None or 0 <= (form.filter().over_s or 0) <= 7 * 86_400


@pytest.mark.parametrize("typed", ["inf", "-inf", "1e400", "nan", "1:2:3:4"])
def test_what_no_clock_can_show_is_no_length(typed: str) -> None:
    form, wanted = read(f"over={typed}")
    assert "over" in form.errors
    assert wanted == Filter()


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_the_calendar_is_pointed_out(day: str) -> None:
    form, wanted = read(f"first={day}&last={day}")
    assert form.errors == {
        "first": ["Write a year from 1970 to 2999."],
        "last": ["Write a year from 1970 to 2999."],
    }
    assert wanted == Filter()


def test_a_field_that_cannot_be_read_leaves_the_others_in_force() -> None:
    form, wanted = read("first=yesterday&direction=in")
    assert "first" in form.errors
    assert wanted == Filter(directions=("in",))


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    assert "last" in read("first=2026-11-23&last=2026-11-16")[0].errors
    assert "under" in read("over=5&under=2")[0].errors


def test_active_names_what_restricts_and_without_takes_one_away() -> None:
    wanted = Filter(text="0142", over_s=0, directions=("in",))
    assert wanted.active == ("text", "direction", "duration")
    assert wanted.without("duration").active == ("text", "direction")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+1 555 0142", "+15550142"),
        ("(02) 12-34", "021234"),
        ("0039 02 1234567", "+39021234567"),
        ("*61#", "*61#"),
        ("Ann 2014", ""),
        ("", ""),
    ],
)
def test_a_number_is_known_whatever_separates_its_digits(typed: str, number: str) -> None:
    assert number_in(typed) == number


def test_names_are_found_without_case_and_accents() -> None:
    assert folded("Tomás VEGA") == "tomas vega"


@pytest.mark.parametrize(
    ("address", "user"),
    [("sip:+39021@example.com;user=phone", "+39021"), ("2014", "2014"), ("tel:+1555", "+1555")],
)
def test_the_user_part_of_an_address(address: str, user: str) -> None:
    assert user_part(address) == user


@pytest.mark.django_db
class TestFound:
    """Which rows a search finds."""

    def found(self, user: User, wanted: Filter) -> set[str]:
        rows = apply(recordings_visible_to(user), wanted)
        return set(rows.values_list("remote_number", flat=True))

    @pytest.fixture(autouse=True)
    def _calls(self, ann: User) -> None:
        list_recording(ann, Spoken(Party("+39 02 1234567", "Tomás Vega"), duration_ms=119_999))
        list_recording(ann, Spoken(Party("0039061234"), Direction.OUT, duration_ms=120_000))
        list_recording(
            ann, Spoken(Party("2040"), started_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
        )

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("02123", {"+39 02 1234567"}),
            ("+39 06", {"0039061234"}),
            ("+390612", {"0039061234"}),
            ("0039 06", {"0039061234"}),
            ("204", {"2040"}),
            ("2014", {"+39 02 1234567", "0039061234", "2040"}),  # the owner's extension
            ("tomas", {"+39 02 1234567"}),
            ("VEGA ann", {"+39 02 1234567"}),
            ("nobody", set()),
        ],
    )
    def test_text_finds_numbers_and_names(self, ann: User, text: str, expected: set[str]) -> None:
        assert self.found(ann, Filter(text=text)) == expected

    def test_longer_than_includes_the_second_named(self, ann: User) -> None:
        assert "0039061234" in self.found(ann, Filter(over_s=120))
        assert "+39 02 1234567" not in self.found(ann, Filter(over_s=120))

    def test_shorter_than_includes_the_second_named(self, ann: User) -> None:
        assert self.found(ann, Filter(under_s=119)) == {"+39 02 1234567"}

    def test_days_are_days_in_the_zone_of_the_page(self, ann: User) -> None:
        december = Filter(first_day=datetime(2026, 12, 1, tzinfo=UTC).date())
        with timezone.override(ZoneInfo("Europe/Rome")):
            assert self.found(ann, december) == {"2040"}
        with timezone.override(ZoneInfo("UTC")):
            assert self.found(ann, december) == set()

    def test_direction_and_group_and_owner_restrict(self, ann: User, otto: User) -> None:
        assert self.found(ann, Filter(directions=("out",))) == {"0039061234"}
        assert self.found(ann, Filter(groups=("depot",))) == set()
        assert self.found(ann, Filter(owner=str(otto.public_id))) == set()
