"""What a sync would do: who is added, adopted, changed and taken away, and who is left alone."""

from typing import Any

import pytest

from callvault.portal.directory.mapping import Wanted
from callvault.portal.directory.planning import (
    Known,
    Row,
    RowKind,
    Rules,
    counts_of,
    plan,
    removed_keys,
)
from callvault.portal.directory.safety import may_remove
from callvault.portal.people.fields import DEFAULTS, RULES, Value

ADMINISTRATOR = 40
BLANK: dict[str, Value] = {name: DEFAULTS.get(name, "") for name in RULES}


def check(field: str, text: str) -> str:
    if field == "extension" and text and not text.isdecimal():
        raise ValueError("Only digits.")
    return text


def rules(**changed: Any) -> Rules:
    return Rules(check, BLANK, administrator=ADMINISTRATOR, **changed)


def known(name: str, *, linked: bool = True, **values: Any) -> Known:
    facts = {**BLANK, "username": name}
    kept = {key: values.pop(key) for key in ("is_gone", "other_source") if key in values}
    return Known(
        f"key-{name}",
        name.title(),
        facts | values,
        external_id=f"id-{name}" if linked else "",
        reference=f"uid={name}" if linked else "",
        **kept,
    )


def wanted(name: str, *, identity: str = "", **fields: Any) -> Wanted:
    return Wanted(identity or f"id-{name}", f"uid={name}", {"username": name, **fields})


def kinds(rows: list[Row]) -> list[str]:
    return [row.kind for row in rows]


def test_who_is_new_is_added_and_who_is_the_same_stays() -> None:
    rows = plan([known("ann")], [wanted("ann"), wanted("bob", extension="2015")], rules())
    assert counts_of(rows) == {"unchanged": 1, "create": 1}
    assert rows[1].changes["extension"] == ("", "2015")


def test_who_is_renamed_stays_the_same_person() -> None:
    renamed = wanted("anna", identity="id-ann")
    (row,) = plan([known("ann")], [renamed], rules())
    assert (row.kind, row.key) == (RowKind.CHANGE, "key-ann")
    assert row.changes == {"username": ("ann", "anna")}


def test_who_moved_in_the_directory_is_noted_without_a_changed_field() -> None:
    moved = Wanted("id-ann", "uid=ann,ou=new", {"username": "ann"})
    (row,) = plan([known("ann")], [moved], rules())
    assert (row.kind, row.changes) == (RowKind.CHANGE, {})


@pytest.mark.parametrize(
    ("namesake", "options", "reason"),
    [
        (known("ann", linked=False), {}, ""),
        (known("ANN", linked=False), {}, ""),
        (known("ann", linked=False), {"adopts": False}, "by_hand"),
        (known("ann", linked=False, level=ADMINISTRATOR), {}, "administrator"),
        (known("ann", linked=False, other_source="Webex"), {}, "other_source"),
    ],
)
def test_a_namesake_is_adopted_or_reported(
    namesake: Known, options: dict[str, Any], reason: str
) -> None:
    (row,) = plan([namesake], [wanted("ann", extension="2014")], rules(**options))
    assert row.reason == reason
    assert row.kind == (RowKind.ERROR if reason else RowKind.ADOPT)


@pytest.mark.parametrize("look_alike", ["ro\u017fe", "rosse"])
def test_a_look_alike_of_a_name_adopts_nobody(look_alike: str) -> None:
    there = known("rose" if "\u017f" in look_alike else "ro\u00dfe", linked=False)
    (row,) = plan([there], [wanted(look_alike)], rules())
    assert (row.kind, row.reason) == (RowKind.ERROR, "value")


def test_nobody_made_by_hand_or_by_another_directory_is_taken_away() -> None:
    others = [known("eve", linked=False), known("kim", linked=False, other_source="Webex")]
    assert plan(others, [], rules()) == []


@pytest.mark.parametrize(
    ("gone", "kind", "removes"),
    [
        ("delete", RowKind.DELETE, True),
        ("deactivate", RowKind.DEACTIVATE, True),
        ("keep", RowKind.UNCHANGED, False),
    ],
)
def test_who_is_gone_is_treated_as_chosen(gone: str, kind: RowKind, *, removes: bool) -> None:
    (row,) = plan([known("ann")], [], rules(gone=gone))
    assert (row.kind, row.removes, row.reason) == (kind, removes, "gone")


def test_who_comes_back_is_active_again() -> None:
    (row,) = plan([known("ann", is_active=False, is_gone=True)], [wanted("ann")], rules())
    assert row.changes == {"is_active": (False, True)}
    (hand,) = plan([known("ann", is_active=False)], [wanted("ann")], rules())
    assert hand.kind == RowKind.UNCHANGED


def test_who_is_disabled_there_counts_as_taken_away() -> None:
    rows = plan([known("ann")], [wanted("ann", is_active=False)], rules())
    assert removed_keys(rows) == ["key-ann"]


def test_an_entry_that_cannot_be_read_keeps_its_person() -> None:
    spoilt = Wanted("id-ann", "uid=ann", {}, "spoilt", "ipPhone")
    nameless = Wanted("", "UID=bob", {}, "no_id")
    rows = plan([known("ann"), known("bob")], [spoilt, nameless], rules())
    assert kinds(rows) == [RowKind.ERROR, RowKind.ERROR]
    assert removed_keys(rows) == []


def test_a_wrong_value_refuses_its_person_alone() -> None:
    rows = plan([known("ann")], [wanted("ann", extension="x"), wanted("bob")], rules())
    assert kinds(rows) == [RowKind.ERROR, RowKind.CREATE]
    assert rows[0].told == {"field": "extension", "value": "x", "why": "Only digits."}


def test_two_entries_that_mean_one_person_are_both_refused() -> None:
    same_name = [wanted("ann"), wanted("ANN", identity="id-2")]
    assert kinds(plan([], same_name, rules())) == [RowKind.ERROR] * 2
    same_id = [wanted("ann"), wanted("bob", identity="id-ann")]
    assert kinds(plan([], same_id, rules())) == [RowKind.ERROR] * 2


def test_a_number_of_somebody_else_is_refused() -> None:
    holder = known("eve", linked=False, extension="2014")
    (row,) = plan([holder], [wanted("ann", extension="2014")], rules())
    assert (row.reason, row.told["field"], row.told["value"]) == ("value", "extension", "2014")
    assert "already belongs to Eve" in row.told["why"]


def test_a_number_of_the_recorder_is_refused() -> None:
    reserved = {"84001": "It is the pilot's."}.get
    rows = plan(
        [known("ann", extension="2014")],
        [wanted("ann", extension="84001"), wanted("bob", extension="2015")],
        rules(reserved=lambda number: reserved(number, "")),
    )
    assert kinds(rows) == ["error", "create"]
    assert rows[0].told == {"field": "extension", "value": "84001", "why": "It is the pilot's."}


def test_two_people_may_swap_numbers() -> None:
    people = [known("ann", extension="1"), known("bob", extension="2")]
    rows = plan(people, [wanted("ann", extension="2"), wanted("bob", extension="1")], rules())
    assert kinds(rows) == [RowKind.CHANGE] * 2


def test_who_leaves_frees_the_number_and_who_is_only_refused_does_not() -> None:
    people = [known("ann", extension="1"), known("bob", extension="2")]
    heir = wanted("new", extension="1")
    leaving = plan(people, [wanted("bob", extension="2"), heir], rules())
    assert kinds(leaving) == [RowKind.UNCHANGED, RowKind.CREATE, RowKind.DELETE]
    refused = plan(people, [wanted("ann", extension="bad"), wanted("bob", extension="2"), heir],
                   rules())  # fmt: skip
    assert kinds(refused) == [RowKind.ERROR, RowKind.UNCHANGED, RowKind.ERROR]


def test_a_refusal_that_refuses_another_is_followed_to_its_end() -> None:
    people = [
        known("ann", extension="1"),
        known("bob", extension="2"),
        known("eve", linked=False, extension="3"),
    ]
    rows = plan(people, [wanted("ann", extension="3"), wanted("bob", extension="1")], rules())
    assert [row.reason for row in rows] == ["value", "value"]


def test_the_last_administrator_stays() -> None:
    rows = plan([known("ann", level=ADMINISTRATOR)], [], rules())
    assert [(row.kind, row.reason) for row in rows] == [(RowKind.ERROR, "last_administrator")]
    second = known("rita", linked=False, level=ADMINISTRATOR)
    assert kinds(plan([known("ann", level=ADMINISTRATOR), second], [], rules())) == ["delete"]
    disabled = plan([known("ann", level=ADMINISTRATOR)], [wanted("ann", is_active=False)], rules())
    assert disabled[0].reason == "last_administrator"


@pytest.mark.parametrize(
    ("count", "total", "percent", "approved", "allowed"),
    [
        (0, 5000, 10, 0, True),
        (500, 5000, 10, 0, True),
        (501, 5000, 10, 0, False),
        (812, 5000, 10, 812, True),
        (812, 5000, 10, 100, False),
        (1, 8, 10, 0, True),
        (2, 8, 10, 0, False),
        (1, 8, 0, 0, False),
        (8, 8, 100, 0, False),
        (8, 8, 100, 8, True),
        (1, 1, 10, 0, True),
    ],
)
def test_the_safety_stop(
    count: int, total: int, percent: int, approved: int, *, allowed: bool
) -> None:
    gone = [str(number) for number in range(count)]
    assert may_remove(gone, total=total, percent=percent, approved=gone[:approved]) is allowed


def test_a_group_is_written_as_those_do_who_have_it() -> None:
    there = known("eve", linked=False, group="Sales")
    (row,) = plan([there], [wanted("ann", group="SALES", additional_groups="x;sales")], rules())
    assert (row.changes["group"][1], row.changes["additional_groups"][1]) == ("Sales", "x;Sales")


def test_a_supervisor_keeps_the_group_that_the_directory_would_empty() -> None:
    (row,) = plan([known("sam", level=30, group="Sales")], [wanted("sam", group="")], rules())
    assert (row.kind, row.reason) == (RowKind.ERROR, "supervisor")


def test_nobody_is_enabled_beyond_the_capacity_and_who_is_stays() -> None:
    rows = plan(
        [known("ann"), known("ian", is_active=False)],
        [wanted("ann", department="Sales"), wanted("ian", is_active=True), wanted("bob")],
        rules(most_enabled=2),
    )
    assert kinds(rows) == ["change", "change", "error"]
    assert (rows[2].reason, rows[2].told) == ("no_room", {"most": "2"})
    away = plan([known("ann")], [wanted("bob")], rules(most_enabled=1))
    assert kinds(away) == ["create", "delete"]


def test_the_catch_all_user_is_nobody_of_a_directory() -> None:
    nobody = Known("key-x", "X", {**BLANK, "username": "x", "is_active": False}, is_fixed=True)
    (row,) = plan([nobody], [wanted("x")], rules())
    assert (row.kind, row.reason) == (RowKind.ERROR, "catch_all")
