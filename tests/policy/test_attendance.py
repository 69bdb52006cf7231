"""Whose recording goes from when to when, who took part, and what a conference is called."""

from callvault.policy.attendance import named_together, people_of, span_of
from callvault.policy.decide import party_of
from callvault.policy.decision import Party, Presence
from callvault.siprec import NameId, Participant, SessionRoster, Speaker


def speaker(user: str, joined_ns: int = 0, left_ns: int = 0, *, key: str = "") -> Speaker:
    participant = Participant(key or user, (NameId(f"sip:{user}@pbx.example.com"),))
    return Speaker(participant, (0,), not left_ns, 0, joined_ns, left_ns)


def session(*speakers: Speaker, began_ns: int = 0, ended_ns: int = 0) -> SessionRoster:
    together = tuple(one.participant for one in speakers if not one.left_ns)
    return SessionRoster(
        "", speakers, (0, 1), False, began_ns=began_ns, ended_ns=ended_ns, together=together
    )


ANN, BOB, DANA = speaker("1001"), speaker("1002"), speaker("+15550142")


def test_the_only_owner_has_the_whole_session_however_late_they_are_named() -> None:
    late = speaker("1001", 5, 8)
    assert span_of(session(late, DANA), late, []) == (0, 0)
    assert span_of(session(late, DANA, began_ns=3, ended_ns=9), late, []) == (3, 9)


def test_a_call_that_passes_to_another_user_is_parted() -> None:
    ann, bob = speaker("1001", 0, 50), speaker("1002", 50)
    whole = session(DANA, ann, bob)
    assert span_of(whole, ann, [bob]) == (0, 50)
    assert span_of(whole, bob, [ann]) == (50, 0)


def test_users_who_are_there_together_have_the_same_time() -> None:
    whole = session(ANN, BOB)
    assert span_of(whole, ANN, [BOB]) == span_of(whole, BOB, [ANN]) == (0, 0)


def test_who_goes_last_has_it_to_the_end() -> None:
    ann, bob = speaker("1001", 0, 70), speaker("1002", 20, 60)
    assert span_of(session(ann, bob), ann, [bob]) == (0, 0)
    assert span_of(session(ann, bob), bob, [ann]) == (20, 60)


def people(roster: SessionRoster) -> tuple[Presence, ...]:
    parties = {one.participant: party_of(one.participant) for one in roster.speakers}
    return people_of(roster, ANN, parties)


def test_somebody_under_several_ids_is_one_person() -> None:
    before, after = speaker("+15550142", 0, 40, key="x"), speaker("+15550142", 60, key="y")
    assert people(session(before, ANN, after)) == (
        Presence(party_of(before.participant)),
        Presence(party_of(ANN.participant), is_owner=True),
    )


def test_nobody_is_told_without_a_name_or_number() -> None:
    nameless = Speaker(Participant("p9"), (), True, 2)
    assert len(people(session(ANN, DANA, nameless))) == 2


def test_the_other_side_of_a_conference_bears_all_names() -> None:
    roster = session(ANN, DANA, BOB)
    parties = {one.participant: party_of(one.participant) for one in roster.speakers}
    remote = parties[DANA.participant]
    assert named_together(roster, ANN, remote, parties) == Party(
        "+15550142", "+15550142 + 1002", remote.aor
    )
    assert named_together(session(ANN, DANA), ANN, remote, parties) == remote
