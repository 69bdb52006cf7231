"""Metadata over time: holds, transfers, repeats, and what is remembered of them."""

import time

from callvault.siprec import Line, MetadataState, Roster, View, read_metadata
from callvault.siprec.roster import MAX_PEOPLE
from callvault.siprec.view import MAX_KEPT

LINES = [Line(0, "1"), Line(1, "2")]


def _association(participant: str, *sends: str) -> str:
    sent = "".join(f"<send>{stream}</send>" for stream in sends)
    return f"<participantstreamassoc participant_id='{participant}'>{sent}</participantstreamassoc>"


def _participant(participant: str, aor: str) -> str:
    return f"<participant participant_id='{participant}'><nameID aor='{aor}'/></participant>"


STREAMS = "".join(
    f"<stream stream_id='s{n}' session_id='cs1'><label>{n}</label></stream>" for n in (1, 2)
)
SESSION = "<session session_id='cs1'/>"
ANN, BOB, CAROL = (
    _participant("p1", "sip:1001@h"),
    _participant("p2", "sip:1002@h"),
    _participant("p3", "sip:1003@h"),
)
CALL = SESSION + STREAMS + ANN + BOB + _association("p1", "s1") + _association("p2", "s2")


class _Dialog:
    """A dialog's metadata and roster, fed with bodies."""

    def __init__(self) -> None:
        self.state = MetadataState()
        self.roster = Roster()

    def hear(self, body: str, mode: str = "complete") -> tuple[list[str], list[str]]:
        text = f"<recording><datamode>{mode}</datamode>{body}</recording>"
        change = self.state.apply(read_metadata(text.encode()))
        self.roster.learn(self.state.view, LINES)
        return (
            [one.participant_id for one in change.joined],
            [one.participant_id for one in change.left],
        )

    def heard(self) -> dict[str, tuple[int, ...]]:
        return {
            one.participant.aors[0]: one.lines
            for session in self.roster.sessions()
            for one in session.speakers
        }


def test_the_same_document_again_changes_nothing() -> None:
    dialog = _Dialog()
    assert dialog.hear(CALL) == (["p1", "p2"], [])
    view = dialog.state.view
    assert dialog.hear(CALL + " ") == ([], [])
    assert dialog.state.view is view


def test_a_partial_association_without_send_ends_the_sending_and_the_roster_remembers() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    assert dialog.hear(_association("p2"), "partial") == ([], [])
    assert dialog.state.view.sends_of("p2") == ()
    assert dialog.state.view.sends_of("p1") == ("s1",)
    assert dialog.heard() == {"sip:1001@h": (0,), "sip:1002@h": (1,)}


def test_a_party_replaced_in_the_dialog_keeps_its_lines_and_its_place() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    after = SESSION + STREAMS + ANN + CAROL + _association("p1", "s1") + _association("p3", "s2")
    assert dialog.hear(after) == (["p3"], ["p2"])
    assert dialog.heard() == {"sip:1001@h": (0,), "sip:1002@h": (1,), "sip:1003@h": (1,)}
    present = [one.is_present for one in dialog.roster.sessions()[0].speakers]
    assert present == [True, False, True]


def test_an_id_given_to_another_address_is_another_person() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    again = CALL.replace("sip:1002@h", "sip:1003@h")
    assert dialog.hear(again) == (["p2"], ["p2"])
    assert dialog.heard()["sip:1003@h"] == (1,)


def test_a_session_that_replaces_the_only_one_goes_on_in_its_place() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    dialog.hear(CALL.replace("cs1", "cs9"))
    assert [session.key for session in dialog.roster.sessions()] == [""]


def test_a_second_session_beside_the_first_gets_a_key_of_its_own() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    dialog.hear(CALL + "<session session_id='cs2'/>")
    assert [session.key for session in dialog.roster.sessions()] == ["", "cs2"]


def test_an_empty_association_at_the_start_is_filled_in_by_order() -> None:
    dialog = _Dialog()
    dialog.hear(SESSION + STREAMS + ANN + BOB + _association("p1") + _association("p2"))
    assert dialog.heard() == {"sip:1001@h": (0,), "sip:1002@h": (1,)}
    assert dialog.roster.sessions()[0].is_guess


def test_later_associations_correct_a_guess() -> None:
    dialog = _Dialog()
    dialog.hear(SESSION + ANN + BOB)
    dialog.hear(CALL.replace("<label>1", "<label>x").replace("<label>2", "<label>1"))
    dialog.hear(SESSION + STREAMS + ANN + BOB + _association("p1", "s2") + _association("p2", "s1"))
    assert dialog.heard() == {"sip:1001@h": (1,), "sip:1002@h": (0,)}
    assert not dialog.roster.sessions()[0].is_guess


def test_a_damaged_document_takes_nobody_away() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    damaged = read_metadata(f"<recording>{SESSION}{ANN}<particip".encode())
    assert damaged.problem
    dialog.state.apply(damaged)
    assert [one.participant_id for one in dialog.state.view.participants] == ["p1", "p2"]


def test_an_empty_view_has_nobody() -> None:
    roster = Roster()
    roster.learn(View(), LINES)
    assert roster.sessions() == ()


def test_new_ids_for_the_same_addresses_are_the_same_people() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    again = CALL.replace("cs1", "cs2").replace("'p1'", "'p7'").replace("'p2'", "'p8'")
    assert dialog.hear(again) == ([], [])
    transferred = again.replace("1002", "1009").replace("'p8'", "'p9'").replace("'p7'", "'p6'")
    assert dialog.hear(transferred) == (["p9"], ["p8"])


def test_an_address_written_another_way_is_no_other_party() -> None:
    dialog = _Dialog()
    dialog.hear(CALL)
    assert dialog.hear(CALL.replace("'sip:1001@h'", "'&lt;sip:1001@h:5060&gt;'")) == ([], [])


def test_what_is_remembered_of_a_dialog_is_bounded() -> None:
    dialog = _Dialog()
    for start in range(0, MAX_PEOPLE + 400, 200):
        people = range(start, start + 200)
        body = "".join(_participant(f"p{n}", f"sip:{n}@h") for n in people)
        sessions = "".join(f"<session session_id='c{n}'/>" for n in people)
        dialog.hear(sessions + body, mode="partial")
    assert len(dialog.state.view.participants) == MAX_KEPT
    assert sum(len(one.speakers) for one in dialog.roster.sessions()) <= MAX_PEOPLE


def test_two_hundred_sessions_of_two_hundred_people_are_resolved_at_once() -> None:
    people = "".join(_participant(f"p{n}", f"sip:{n}@h") for n in range(200))
    sessions = "".join(f"<session session_id='c{n}'/>" for n in range(200))
    sends = "".join(_association(f"p{n}", f"s{n}") for n in range(200))
    dialog = _Dialog()
    before = time.process_time()
    dialog.hear(sessions + people + sends)
    assert dialog.roster.sessions()
    assert time.process_time() - before < 1  # 0.1 s; it was 2 s, and grew by the cube


# --- sessions and people over time


def _timed(*steps: tuple[str, int]) -> Roster:
    """Feed whole states at their times."""
    state, roster = MetadataState(), Roster()
    for body, at_ns in steps:
        state.apply(read_metadata(f"<recording>{body}</recording>".encode()))
        roster.learn(state.view, LINES, at_ns=at_ns)
    return roster


def _call(session_id: str, *participants: str) -> str:
    streams = STREAMS.replace("cs1", session_id)
    return f"<session session_id='{session_id}'/>" + streams + "".join(participants)


def test_a_session_that_takes_anothers_place_goes_on_with_it() -> None:
    roster = _timed((_call("cs1", ANN, BOB), 5), (_call("cs2", ANN, CAROL), 50))
    (session,) = roster.sessions()
    assert (session.key, session.began_ns, session.ended_ns) == ("", 0, 0)
    assert [(one.joined_ns, one.left_ns) for one in session.speakers] == [(0, 0), (0, 50), (50, 0)]


def test_a_session_after_a_time_without_any_is_another_call() -> None:
    roster = _timed(
        (_call("cs1", ANN, BOB), 5), ("<group group_id='g'/>", 40), (_call("cs2", ANN, CAROL), 60)
    )
    first, second = roster.sessions()
    assert (first.key, first.began_ns, first.ended_ns) == ("", 0, 40)
    assert (second.key, second.began_ns, second.ended_ns) == ("cs2", 60, 0)


def test_a_session_of_other_people_is_another_call() -> None:
    roster = _timed((_call("cs1", ANN, BOB), 5), (_call("cs2", CAROL), 50))
    assert [(one.key, one.ended_ns) for one in roster.sessions()] == [("", 50), ("cs2", 0)]


def test_a_recording_session_without_a_session_at_first_begins_with_the_first_one() -> None:
    roster = _timed(("<group group_id='g'/>", 5), (_call("cs1", ANN, BOB), 70))
    (session,) = roster.sessions()
    assert (session.began_ns, session.speakers[0].joined_ns) == (70, 70)


def test_who_comes_back_was_never_gone() -> None:
    roster = _timed(
        (_call("cs1", ANN, BOB), 5), (_call("cs1", ANN), 40), (_call("cs1", ANN, BOB), 60)
    )
    bob = roster.sessions()[0].speakers[1]
    assert (bob.is_present, bob.joined_ns, bob.left_ns) == (True, 0, 0)


def test_ids_of_a_conversation_add_up() -> None:
    state, roster = MetadataState(), Roster()
    state.apply(read_metadata(f"<recording>{_call('cs1', ANN)}</recording>".encode()))
    for ids in ({"group:a"}, {"group:a", "tracking:b"}, set()):
        roster.learn(state.view, LINES, None, {"cs1": frozenset(ids)})
    assert roster.sessions()[0].conversation == ("group:a", "tracking:b")


def test_a_session_that_is_left_alone_does_not_get_the_lines_of_the_other() -> None:
    second = STREAMS.replace("cs1", "cs2").replace("'s", "'t").replace("<label>", "<label>9")
    both = f"{_call('cs1', ANN, _association('p1', 's1'))}<session session_id='cs2'/>{second}"
    ended = (
        "<sessionrecordingassoc session_id='cs1'><disassociate-time>x</disassociate-time>"
        "</sessionrecordingassoc>"
    )
    lines = [*LINES, Line(2, "91"), Line(3, "92")]
    state, roster = MetadataState(), Roster()
    for body in (both + CAROL, both + CAROL + ended):
        state.apply(read_metadata(f"<recording>{body}</recording>".encode()))
        roster.learn(state.view, lines, at_ns=7)
    assert {one.key: one.lines for one in roster.sessions()} == {"": (0, 1), "cs2": (2, 3)}
