"""What becomes of people when a source says how they should be."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.people.fields import DEFAULTS, RULES, Value
from callvault.portal.people.levels import Level
from callvault.portal.people.numbers_held import claims_of
from callvault.portal.people.planning import Existing, Outcome, Plan, Wanted, plan


def person(number: int, **values: Value) -> Existing:
    blank = {name: DEFAULTS.get(name, "") for name in RULES}
    named: dict[str, Value] = {"username": f"user{number}", "extension": f"{2000 + number}"}
    return Existing(UUID(int=number), blank | named | values)


def rows(*texts: dict[str, str]) -> list[Wanted]:
    return [Wanted(str(line), text) for line, text in enumerate(texts, start=2)]


def told(found: Plan) -> list[tuple[str, str]]:
    """Return how each row ends, and its first problem or what it changes."""
    return [
        (row.outcome.value, row.problems[0].message if row.problems else ",".join(row.changed))
        for row in found.rows
    ]


def test_behind_a_pilot_an_id_has_one_meaning() -> None:
    ann = person(1, username="ann", first_name="Ann", last_name="Keller", numeric_user_id="7")
    bob = person(2, username="bob", numeric_partition_id="8")
    found = plan(
        [ann, bob],
        rows(
            {"username": "one", "numeric_partition_id": "7"},
            {"username": "two", "numeric_user_id": "8"},
            {"username": "three", "numeric_partition_id": "8"},
            {"username": "four", "numeric_user_id": "9", "numeric_partition_id": "9"},
            {"username": "ann", "numeric_user_id": "", "numeric_partition_id": "8"},
        ),
    )
    assert [row.outcome.value for row in found.rows] == [
        *("created", "error", "created", "created", "changed")  # Ann gives her ID back
    ]
    assert told(found)[1][1] == (
        "8 is the numeric partition ID of bob: a pilot takes both kinds of ID."
    )
    again = plan([ann, bob], rows({"username": "one", "numeric_partition_id": "7"}))
    assert [(one.field, one.message) for one in again.rows[0].problems] == [
        (
            "numeric_partition_id",
            "7 is the numeric user ID of Ann Keller: a pilot takes both kinds of ID.",
        )
    ]


def only_8400(number: str) -> str:
    return "It is the pilot's." if number.startswith("8400") else ""


def test_a_row_that_takes_a_number_of_the_recorder_is_refused_and_the_others_go_on() -> None:
    zoe = person(7, username="zoe", extension="84007")  # had it before it was a pilot's
    found = plan(
        [ANN, BOB, zoe],
        rows(
            {"username": "ann", "extension": "84001"},
            {"username": "new", "extension": "2044", "alias": "84002"},
            {"username": "bob", "extension": "2001"},  # Ann's, who keeps it
            {"username": "zoe", "department": "Depot"},
            {"username": "off", "extension": "84003", "is_active": "no"},
            {"username": "ok", "extension": "840"},
        ),
        reserved=only_8400,
    )
    assert [row.outcome.value for row in found.rows] == [
        *("error", "error", "error", "changed", "created", "created")
    ]
    assert [told(found)[place] for place in (0, 1, 3)] == [
        ("error", "It is the pilot's."),
        ("error", "It is the pilot's."),
        ("changed", "department"),
    ]
    assert found.rows[0].problems[0].field == "extension"
    assert found.rows[1].problems[0].field == "alias"
    assert "already belongs to Ann Keller" in found.rows[2].problems[0].message


ANN = person(1, username="ann", first_name="Ann", last_name="Keller", group="Sales")
BOB = person(2, username="bob")
RITA = person(3, username="rita", level=Level.ADMINISTRATOR)


def test_rows_create_change_and_leave_people() -> None:
    found = plan(
        [ANN, BOB],
        rows(
            {"username": "new", "extension": "2010", "level": "", "department": "IT"},
            {"username": "ANN", "extension": "20-50", "group": " Sales"},
            {"username": "bob", "extension": "2002", "is_active": ""},
        ),
    )
    assert found.counts == {"created": 1, "changed": 1, "unchanged": 1, "error": 0}
    created, changed, unchanged = found.rows
    assert (created.person_id, created.values["level"]) == (None, Level.BASE)
    assert (changed.person_id, changed.changed) == (ANN.person_id, ("extension",))
    assert changed.values == {**ANN.values, "extension": "2050"}
    assert unchanged.outcome is Outcome.UNCHANGED
    assert found.deeds == 2


def test_what_a_row_does_not_name_is_left_alone_and_blank_text_empties() -> None:
    found = plan([ANN], rows({"username": "ann", "group": " ", "level": " ", "is_active": ""}))
    assert found.rows[0].changed == ("group",)
    assert found.rows[0].values["group"] == ""


def test_each_problem_of_a_row_is_told_with_its_field_and_stops_no_other_row() -> None:
    found = plan([], rows({"username": "a b", "email": "x", "level": "boss"}, {"username": "c"}))
    assert [problem.field for problem in found.rows[0].problems] == ["username", "email", "level"]
    assert found.rows[1].outcome is Outcome.CREATED


def test_the_same_person_twice_is_refused_in_both_lines() -> None:
    found = plan([ANN], rows({"username": "ann"}, {"username": "bob"}, {"username": "Ann"}))
    assert told(found) == [
        ("error", "The same person is also in line 4. Keep one of the two."),
        ("created", ",".join(found.rows[1].changed)),
        ("error", "The same person is also in line 2. Keep one of the two."),
    ]


def test_two_rows_for_one_number_name_each_other() -> None:
    found = plan([], rows({"username": "a", "extension": "7"}, {"username": "b", "extension": "7"}))
    assert told(found) == [
        ("error", "7 is also wanted in line 3, for b."),
        ("error", "7 is also wanted in line 2, for a."),
    ]


def test_who_holds_a_number_keeps_it() -> None:
    found = plan([ANN], rows({"username": "ann"}, {"username": "new", "extension": "2001"}))
    assert told(found) == [
        ("unchanged", ""),
        (
            "error",
            "2001 already belongs to Ann Keller. "
            "They can share it if each has a numeric user ID or partition ID.",
        ),
    ]


@pytest.mark.parametrize(
    ("first", "second", "outcomes"),
    [
        ({"numeric_user_id": "7"}, {"numeric_user_id": "8"}, ["created", "created"]),
        ({"numeric_user_id": "7"}, {"numeric_user_id": "7"}, ["error", "error"]),
        ({"numeric_user_id": "7"}, {}, ["error", "error"]),
        ({"numeric_partition_id": "7"}, {"numeric_partition_id": "8"}, ["created", "created"]),
        ({"numeric_partition_id": "7"}, {"numeric_partition_id": "7"}, ["error", "error"]),
        ({"numeric_partition_id": "7"}, {"numeric_user_id": "7"}, ["error", "error"]),
        ({}, {"is_active": "no"}, ["created", "created"]),
    ],
)
def test_a_number_is_shared_only_with_ids(
    first: dict[str, str], second: dict[str, str], outcomes: list[str]
) -> None:
    number = {"extension": "7", "alias": "+390212345"}
    found = plan(
        [], rows({"username": "a", **number, **first}, {"username": "b", **number, **second})
    )
    assert [row.outcome for row in found.rows] == outcomes


def test_numbers_are_swapped_and_passed_on() -> None:
    found = plan(
        [ANN, BOB],
        rows(
            {"username": "ann", "extension": "2002"},
            {"username": "bob", "extension": "2001"},
        ),
    )
    assert [row.outcome for row in found.rows] == ["changed", "changed"]


def test_who_keeps_a_number_because_of_an_error_stands_in_the_way_of_the_next() -> None:
    chain = [person(number) for number in range(1, 6)]
    moved = rows(
        {"username": "user5", "extension": "2006", "email": "wrong"},
        *({"username": f"user{n}", "extension": f"{2001 + n}"} for n in range(4, 0, -1)),
        {"username": "other", "extension": "2001"},
    )
    found = plan(chain, moved)
    assert [row.outcome for row in found.rows] == ["error"] * 6
    assert found.rows[1].problems[0].message.startswith("2005 already belongs to user5.")


def test_groups_are_written_as_those_do_who_are_in_them() -> None:
    found = plan(
        [ANN],
        rows(
            {"username": "a", "group": "  SALES "},
            {"username": "b", "group": "North  Depot", "additional_groups": "sales; NORTH depot"},
        ),
    )
    assert found.rows[0].values["group"] == "Sales"
    assert found.rows[1].values["additional_groups"] == "Sales;North Depot"
    alone = plan([ANN], rows({"username": "ann", "group": "SALES"}))
    assert alone.rows[0].values["group"] == "SALES"  # nobody else is in it: it is renamed


def test_a_supervisor_needs_a_group() -> None:
    found = plan([BOB], rows({"username": "bob", "level": "Group supervisor"}))
    assert told(found) == [("error", "A group supervisor needs a group.")]


def test_the_editor_keeps_their_own_rights() -> None:
    other = person(4, level=Level.ADMINISTRATOR)
    wanted = rows({"username": "rita", "level": "base"}, {"username": "user4", "is_active": "no"})
    found = plan([RITA, other], wanted, editor=RITA.person_id)
    assert told(found) == [
        ("error", "Nobody takes their own rights as administrator away."),
        ("changed", "is_active"),
    ]


def test_the_last_administrators_stay() -> None:
    other = person(4, level=Level.ADMINISTRATOR)
    wanted = rows(
        {"username": "rita", "level": "base"},
        {"username": "user4", "is_active": "no"},
        {"username": "new", "extension": "2004"},
    )
    found = plan([RITA, other], wanted)
    last = "Nobody would be left who is an active administrator."
    assert [answer[1] for answer in told(found)[:2]] == [last, last]
    assert found.rows[2].problems[0].message.startswith("2004 already belongs")  # it is not freed
    successor = rows(*[dict(row.texts) for row in wanted[:2]], {"username": "x", "level": "admin"})
    assert [row.outcome for row in plan([RITA, other], successor).rows] == [
        "changed",
        "changed",
        "created",
    ]


def test_a_source_may_know_people_by_more_than_their_user_name() -> None:
    wanted = [Wanted("uid=ann", {"username": "ann.keller"}, person_id=ANN.person_id)]
    found = plan([ANN], wanted)
    assert (found.rows[0].person_id, found.rows[0].changed) == (ANN.person_id, ("username",))


NUMBERS = st.sampled_from(["", "1", "2", "3"])
ROWS = st.fixed_dictionaries(
    {"username": st.sampled_from(["a", "b", "c", "d", "e"])},
    optional={
        "extension": NUMBERS,
        "alias": NUMBERS,
        "numeric_user_id": NUMBERS,
        "numeric_partition_id": NUMBERS,
        "pbx_username": NUMBERS,
        "is_active": st.sampled_from(["yes", "no"]),
        "level": st.sampled_from(["base", "administrator"]),
    },
)


@given(st.lists(ROWS, max_size=5), st.lists(ROWS, max_size=6))
def test_no_plan_leaves_two_with_what_only_one_may_have(
    first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    people: dict[UUID, Existing] = {}
    for texts in (first, second):
        found = plan(list(people.values()), rows(*texts))
        for number, row in enumerate(found.rows, start=len(people) + 1):
            if row.outcome in (Outcome.CREATED, Outcome.CHANGED):
                person_id = row.person_id or UUID(int=number)
                people[person_id] = Existing(person_id, row.values)
    held: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one in people.values():
        for key, stake in claims_of(one.values).items():
            held.setdefault(key, []).append(stake)
    for stakes in held.values():
        partitions = [partition for _user, partition in stakes if partition]
        assert len(stakes) == 1 or ("", "") not in stakes
        assert len(partitions) == len(set(partitions))


def test_the_last_of_those_who_would_be_one_too_many_are_refused() -> None:
    ann, bob, ian = person(1), person(2), person(3, is_active=False)
    wanted = rows(
        {"username": "user1", "is_active": "no"},
        {"username": "user3", "is_active": "yes"},
        {"username": "new"},
        {"username": "user2", "department": "Sales"},
    )
    found = plan([ann, bob, ian], wanted, most_enabled=2)
    assert [row.outcome.value for row in found.rows] == ["changed", "changed", "error", "changed"]
    (problem,) = found.rows[2].problems
    assert (problem.field, "2 enabled people" in problem.message) == ("is_active", True)
    crowded = plan([ann, bob, ian], wanted[1:], most_enabled=1)  # a capacity that was lowered
    assert [row.outcome.value for row in crowded.rows] == ["error", "error", "changed"]


def test_an_administrator_who_cannot_be_deactivated_keeps_the_place() -> None:
    ann = person(1, level=Level.ADMINISTRATOR)
    wanted = rows({"username": "user1", "is_active": "no"}, {"username": "new"})
    found = plan([ann], wanted, most_enabled=1)
    assert [row.outcome.value for row in found.rows] == ["error", "error"]
