"""The step `filters` in words."""

import pytest

from callvault.portal.decisions.sentences import step_view

LISTED = {"rule": "black_list", "value": "72.", "scope": "system", "number": "729"}


@pytest.mark.parametrize(
    ("outcome", "values", "title", "text"),
    [
        ("passed", {}, "Recording filters", "No rule stands in the way."),
        ("passed", {"waits": "1"}, "Recording filters", "The remote number was not known yet."),
        (
            *("stopped", LISTED, "Filtered"),
            "729 is on the black list, by the pattern “72.”. Set for the whole system.",
        ),
        (
            "stopped",
            {"rule": "directions", "value": "in", "scope": "group", "of": "Sales"},
            "Filtered",
            "Only incoming calls are recorded, and this one was outgoing. Set for the group Sales.",
        ),
        (
            "stopped",
            {"rule": "traffic", "value": "internal", "scope": "person", "of": "ann"},
            "Filtered",
            "Only internal calls are recorded, and a withheld number is external. "
            "Set for ann alone.",
        ),
        (
            "passed",
            LISTED | {"filtered": "1", "owners": "2"},
            "Filtered in part",
            "729 is on the black list, by the pattern “72.”. Set for the whole system. "
            "1 of 2 users get no recording of it.",
        ),
        ("stopped", {"rule": "moon", "value": "full"}, "Filtered", "rule: moon, value: full"),
    ],
)
def test_a_filter_says_what_it_saw_and_whose_it_is(
    outcome: str, values: dict[str, str], title: str, text: str
) -> None:
    view = step_view({"code": "filters", "outcome": outcome, "values": values})
    assert (view.title, view.text) == (title, text)
    assert (view.place, view.place_url) == ("Recording filters", "/settings/filters/")
