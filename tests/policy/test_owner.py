"""IDENT-1: which user a party is."""

import msgspec
import pytest

from callvault.policy import Address, Match, NoMatch, PeopleIndex
from callvault.policy.numbering_plan import NumberingPlan
from tests.policy.cast import ANN, BOB, SNAPSHOT, person

INDEX = PeopleIndex.of(SNAPSHOT)


@pytest.mark.parametrize(
    ("address", "matched_by"),
    [
        (Address("ANN", "Tenant.example"), "pbx_username"),
        (Address("1001", "192.0.2.14"), "extension"),
        (Address("+1 555 014 2001"), "alias"),
        (Address("5550142001"), "alias"),
        (Address("10-01"), "extension"),
    ],
)
def test_a_user_is_found_by_each_of_their_names(address: Address, matched_by: str) -> None:
    assert INDEX.find([address]) == Match(ANN, matched_by, address.user)


def test_the_pbx_username_of_a_second_address_beats_the_extension_of_the_first() -> None:
    found = INDEX.find([Address("1002"), Address("ann", "tenant.example")])
    assert found == Match(ANN, "pbx_username", "ann")


def test_a_user_part_alone_can_be_a_pbx_username() -> None:
    index = PeopleIndex.of(
        msgspec.structs.replace(SNAPSHOT, people=(person(9, pbx_username="x9"),))
    )
    assert isinstance(index.find([Address("X9", "anywhere")]), Match)


def test_two_users_with_one_number_are_never_chosen_between() -> None:
    twins = msgspec.structs.replace(
        SNAPSHOT, people=(*SNAPSHOT.people, person(9, extension="1001"))
    )
    found = PeopleIndex.of(twins).find([Address("1001")])
    assert found == NoMatch("ambiguous", "1001", "user1, user9")


def test_an_extension_that_ids_tell_apart_is_nobody_s_without_a_pilot_that_does() -> None:
    sharers = tuple(
        person(number, extension="1001", numeric_user_id=str(number)) for number in range(20, 27)
    )
    index = PeopleIndex.of(msgspec.structs.replace(SNAPSHOT, people=sharers))
    named = "user20, user21, user22, user23, user24, …"
    assert index.find([Address("1001")]) == NoMatch("ambiguous", "1001", named)


def test_an_inactive_user_does_not_match_and_is_named_as_the_reason() -> None:
    assert INDEX.find([Address("1003")]) == NoMatch("inactive", "1003", "user3")


def test_an_inactive_user_does_not_stand_in_the_way_of_an_active_one() -> None:
    moved = person(9, extension="1003")
    index = PeopleIndex.of(msgspec.structs.replace(SNAPSHOT, people=(*SNAPSHOT.people, moved)))
    assert index.find([Address("1003")]) == Match(moved, "extension", "1003")


def test_a_party_that_is_nobody_is_nobodys() -> None:
    assert INDEX.find([Address("4711"), Address("x")]) == NoMatch("no_match", "4711")
    assert INDEX.find([]) == NoMatch("no_match")
    assert INDEX.find([Address("Bob Castellani")]) == NoMatch("no_match", BOB.full_name)


AMERICA = NumberingPlan(
    international_prefixes=("011",), national_prefix="1", internal_patterns=("20.....",)
)


@pytest.mark.parametrize(
    ("alias", "received", "is_found"),
    [
        ("+390212345678", "011 39 02 12345678", True),
        ("1 202 555 0142", "2025550142", True),
        ("(202) 555-0142", "+12025550142", True),
        ("2034567", "2034567", True),
        ("2034567", "+12034567", False),  # an internal number has no other form
    ],
)
def test_a_number_is_matched_in_any_writing_of_the_plan(
    alias: str, received: str, *, is_found: bool
) -> None:
    snapshot = msgspec.structs.replace(SNAPSHOT, people=(person(9, alias=alias),), plan=AMERICA)
    assert isinstance(PeopleIndex.of(snapshot).find([Address(received)]), Match) is is_found
