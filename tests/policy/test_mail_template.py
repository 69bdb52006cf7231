"""Tags in templates of mails (NOTE-2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.mail_template import (
    TAGS,
    UnknownTag,
    clock_time,
    filled,
    size_kb,
    unknown_tags,
)


def test_tags_are_replaced_and_other_brackets_stay() -> None:
    template = "[Username] was called [by mistake] at [RecordingStartTime] [sic] [Usrname]"
    said = filled(template, {"Username": "arossi", "RecordingStartTime": "14:25:30"})
    assert said == "arossi was called [by mistake] at 14:25:30 [sic] [Usrname]"


def test_a_tag_without_a_value_becomes_nothing() -> None:
    assert filled("group: [RecordingGroupName].", {}) == "group: ."


def test_a_value_is_not_read_for_tags() -> None:
    assert filled("[Username]", {"Username": "[PBXCallID]", "PBXCallID": "4711"}) == "[PBXCallID]"


def test_a_word_that_is_no_tag_is_told_once_with_what_was_meant() -> None:
    told = unknown_tags("[username] [RecordingStartTme] [Elephant] [username] [UserExtension]")
    assert told == (
        UnknownTag("username", "Username"),
        UnknownTag("RecordingStartTme", "RecordingStartTime"),
        UnknownTag("Elephant"),
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "00:00:00"), (59, "00:00:59"), (3723, "01:02:03"), (360_000, "100:00:00")],
)
def test_lengths_are_told_as_on_a_clock(seconds: int, said: str) -> None:
    assert clock_time(seconds) == said


def test_sizes_are_rounded_up() -> None:
    assert [size_kb(size) for size in (0, 1, 1024, 1025)] == [0, 1, 1, 2]


@given(st.text(), st.text())
def test_no_text_breaks_a_template(template: str, value: str) -> None:
    assert filled(template + "[Username]", {"Username": value}).endswith(value)
    assert all(tag.tag not in TAGS for tag in unknown_tags(template))
