"""IDENT-2, IDENT-3: whose call it is by the id behind the pilot that was dialled."""

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy import Address, CallSeen, Match, NoMatch, PeopleIndex, decide
from callvault.policy.decision import Decision
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person, Snapshot
from callvault.siprec import Hints, NameId, OwnerHint, Participant, SessionRoster, Speaker
from tests.policy.cast import TRUNK, person

PILOTS = Pilots(recording_prefix="8400", live_keep_prefix="8500")
ANN = person(1, extension="2001", numeric_user_id="12", full_name="Ann Keller")
EVA = person(2, extension="2001", numeric_user_id="013", full_name="Eva Rossi")
OTTO = person(3, extension="2003", numeric_user_id="14", active=False)
PIA = person(4, extension="3001", alias="+390255501", numeric_partition_id="7")
LEO = person(5, extension="3001", numeric_partition_id="08")
UGO = person(6, extension="4001")
PEOPLE = (ANN, EVA, OTTO, PIA, LEO, UGO)


def found(dialled: str, *numbers: str, people: tuple[Person, ...] = PEOPLE) -> Match | NoMatch:
    index = PeopleIndex.of(Snapshot(people=people, pilots=PILOTS, country_code="39"))
    return index.find(map(Address, numbers), index.ids.called(dialled))


@pytest.mark.parametrize(
    ("dialled", "number", "owner", "matched_by"),
    [
        ("840012", "2001", ANN, "numeric_user_id"),
        ("8400013", "2001", EVA, "numeric_user_id"),
        ("840013", "2001", EVA, "numeric_user_id"),  # without its leading zero
        ("84000012", "2001", ANN, "numeric_user_id"),  # with more of them
        ("840012", "2999", ANN, "numeric_user_id"),  # the id alone says so
        ("850012", "2001", ANN, "numeric_user_id"),  # the live-keep pilot, likewise
        ("84007", "3001", PIA, "numeric_partition_id"),
        ("84007", "+390255501", PIA, "numeric_partition_id"),
        ("84007", "0255501", PIA, "numeric_partition_id"),  # normalised
        ("840008", "3001", LEO, "numeric_partition_id"),
        ("84008", "3001", LEO, "numeric_partition_id"),
        ("8400", "4001", UGO, "extension"),  # the pilot alone: by number only
        ("840099", "4001", UGO, "extension"),  # nobody has the id, and Ugo has no other
        ("7100", "4001", UGO, "extension"),  # no pilot
    ],
)
def test_the_id_decides_before_all_else(
    dialled: str, number: str, owner: Person, matched_by: str
) -> None:
    match = found(dialled, number)
    assert isinstance(match, Match), match
    assert (match.person, match.matched_by) == (owner, matched_by)


@pytest.mark.parametrize(
    ("dialled", "number", "reason"),
    [
        ("8400", "2001", "ambiguous"),  # two have it, and no id was dialled
        ("840014", "2003", "inactive"),
        ("84007", "4001", "not_in_partition"),
        ("84007", "2003", "not_in_partition"),  # though somebody elsewhere has it
        ("840099", "2001", "ambiguous"),
        ("840099", "+390255501", "other_id"),  # the number is Pia's, the id is not
        ("840099", "5999", "no_match"),
    ],
)
def test_nobody_gets_a_call_that_the_id_says_is_another_s(
    dialled: str, number: str, reason: str
) -> None:
    match = found(dialled, number)
    assert isinstance(match, NoMatch), match
    assert match.reason == reason


@pytest.mark.parametrize("rest", ["", "x", "12x", "1*", "\u0661\u0662", "12\0", "-12"])
def test_only_digits_are_an_id(rest: str) -> None:
    index = PeopleIndex.of(Snapshot(people=PEOPLE, pilots=PILOTS))
    assert index.ids.called(f"8400{rest}") is None


def test_a_user_id_goes_before_the_pbx_username_of_somebody_else() -> None:
    zoe = person(8, pbx_username="2001", extension="")
    match = found("840012", "2001", people=(*PEOPLE, zoe))
    assert isinstance(match, Match)
    assert match.person == ANN


def test_an_id_that_is_both_one_person_s_and_a_partition_s_is_nobody_s() -> None:
    twin = person(8, extension="3002", numeric_partition_id="12")
    assert found("840012", "3002", people=(*PEOPLE, twin)) == NoMatch("ambiguous", "12", "user1")


def test_whose_partition_has_the_same_id_and_nobody_else_is_in_it_owns_the_call() -> None:
    alone = person(8, extension="3002", numeric_user_id="9", numeric_partition_id="9")
    match = found("84009", "3002", people=(*PEOPLE, alone))
    assert isinstance(match, Match)
    assert match.person == alone


ids = st.sampled_from(["", "", "1", "01", "2", "12", "012"])
numbers = st.sampled_from(["2001", "2002", "+390211", "0211", "ann"])
anybody = st.lists(
    st.tuples(st.sampled_from(["2001", "2002", ""]), ids, ids, st.booleans()), max_size=6
).map(
    lambda rows: tuple(
        person(
            number,
            extension=extension,
            alias="+390211" if number == 2 else "",
            pbx_username="ann" if number == 3 else "",
            numeric_user_id=user_id,
            numeric_partition_id=partition,
            active=active,
        )
        for number, (extension, user_id, partition, active) in enumerate(rows)
    )
)


def _same(one: str, other: str) -> bool:
    return bool(one) and one.lstrip("0") == other.lstrip("0")


@given(anybody, ids, numbers, st.randoms(use_true_random=False))
def test_the_owner_never_contradicts_the_id_and_never_depends_on_the_order(
    people: tuple[Person, ...], numeric_id: str, number: str, order: random.Random
) -> None:
    match = found(f"8400{numeric_id}", number, people=people)
    shuffled = tuple(order.sample(people, len(people)))
    again = found(f"8400{numeric_id}", number, people=shuffled)
    if isinstance(match, NoMatch):
        assert isinstance(again, NoMatch)
        assert again.reason == match.reason
        return
    owner = match.person
    assert match == again
    assert owner.active
    if match.matched_by == "numeric_user_id":
        assert _same(owner.numeric_user_id, numeric_id)
    elif match.matched_by == "numeric_partition_id":
        assert _same(owner.numeric_partition_id, numeric_id)
        assert number in (owner.extension, owner.alias) or number == "0211"
    elif numeric_id:
        assert (owner.numeric_user_id, owner.numeric_partition_id) == ("", "")
        known = [one.numeric_user_id for one in people]
        known += [one.numeric_partition_id for one in people]
        assert not any(_same(one, numeric_id) for one in known)


@given(anybody, numbers)
def test_the_only_one_with_a_user_id_owns_what_is_called_with_it(
    people: tuple[Person, ...], number: str
) -> None:
    owner = person(9, extension="2001", numeric_user_id="77")
    match = found("840077", number, people=(*people, owner))
    assert isinstance(match, Match)
    assert match.person == owner


def session(*aors: str, hints: Hints | None = None, is_guess: bool = False) -> SessionRoster:
    speakers = tuple(
        Speaker(Participant(f"p{place}", (NameId(aor, ""),)), (place,), True, place)
        for place, aor in enumerate(aors)
    )
    lines = tuple(range(len(aors)))
    return SessionRoster("", speakers, lines, is_guess, hints or Hints())


def judged(dialled: str, roster: SessionRoster) -> Decision:
    index = PeopleIndex.of(Snapshot(people=PEOPLE, pilots=PILOTS, country_code="39"))
    return decide(
        CallSeen(TRUNK, "192.0.2.14", 1, (roster,), dialled=dialled),
        index,
        revision=1,
        recording_id=lambda _key, owner: UUID(int=owner.int + 100),
    )


def test_the_other_party_of_a_call_by_pilot_gets_no_recording_of_it() -> None:
    decision = judged("840012", session("sip:4001@h", "sip:2001@h"))
    (mine,) = decision.assignments
    assert (mine.owner_id, mine.owner_streams, mine.remote_streams) == (ANN.user_id, (1,), (0,))
    assert mine.confidence == "high"
    step = decision.steps[2].values
    assert (step["matched_by"], step["pilot"], step["numeric_id"]) == (
        ("numeric_user_id", "8400", "12")
    )


def test_a_user_whom_no_address_bears_out_is_the_first_who_is_not_the_pilot() -> None:
    (mine,) = judged("840012", session("sip:840012@h", "sip:+3902@h", is_guess=True)).assignments
    assert (mine.owner_id, mine.owner_streams, mine.confidence) == (ANN.user_id, (1,), "low")


def test_the_party_that_the_phone_system_names_is_the_user_of_the_pilot() -> None:
    hints = Hints((OwnerHint("userID", ("sip:x@h",), participant_id="p1"),))
    (mine,) = judged("840012", session("sip:4001@h", "sip:x@h", hints=hints)).assignments
    assert (mine.owner_id, mine.owner_streams, mine.confidence) == (ANN.user_id, (1,), "high")


def test_where_the_named_party_is_excluded_by_the_id_nobody_else_gets_the_call() -> None:
    hints = Hints((OwnerHint("userID", ("+390255501",), participant_id="p0"),))
    decision = judged("840099", session("sip:pia@h", "sip:4001@h", hints=hints))
    assert decision.assignments == ()
    assert decision.steps[2].values["reason"] == "other_id"
