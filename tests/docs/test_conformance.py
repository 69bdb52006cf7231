"""The conformance page says what the tests say."""

import pytest

from tests.conformance_page import PAGE, SECTIONS, column_of, dialogs, lines_of_tests, page
from tests.dialogs.script import read_all

AGAIN = "python -m tests.conformance_page writes it anew"


def test_the_committed_page_tells_of_every_dialog_and_of_no_other() -> None:
    assert dialogs() in PAGE.read_text(encoding="utf-8"), AGAIN


def test_the_committed_page_names_no_test_that_is_not_there() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    told = {line for line in lines if line.startswith("* ")}
    assert told
    assert told <= lines_of_tests(), AGAIN


def test_a_scenario_without_a_column_is_refused() -> None:
    with pytest.raises(KeyError, match="Something new"):
        column_of("Something new")


def test_every_phone_system_that_is_played_has_its_basic_call() -> None:
    basic = {one.heads["form"] for one in read_all() if one.heads["scenario"] == "Basic call"}
    assert basic == {one.heads["form"] for one in read_all()}


def test_each_section_holds_tests() -> None:
    text = page()
    assert all(f"## {title}\n\n* " in text for title in SECTIONS)
