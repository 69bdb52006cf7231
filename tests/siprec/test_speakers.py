"""Who is heard on which line: each rule by which metadata and SDP are put together."""

import itertools
import random

import pytest

from callvault.siprec import Line, MetadataState, Roster, SessionRoster, read_metadata

TWO_LINES = (Line(0, "1"), Line(1, "2"))


def _party(number: int) -> str:
    aor = f"sip:100{number}@h"
    return f"<participant participant_id='p{number}'><nameID aor='{aor}'/></participant>"


def _stream(number: int, label: str) -> str:
    return f"<stream stream_id='s{number}' session_id='c'><label>{label}</label></stream>"


def _sends(participant: str, *streams: str) -> str:
    sent = "".join(f"<send>{stream}</send>" for stream in streams)
    return f"<participantstreamassoc participant_id='{participant}'>{sent}</participantstreamassoc>"


SESSION = "<session session_id='c'/>"
PARTIES = _party(1) + _party(2)
STREAMS = _stream(1, "1") + _stream(2, "2")
CROSSED = _sends("p1", "s2") + _sends("p2", "s1")


def resolved(*parts: str, lines: tuple[Line, ...] = TWO_LINES) -> SessionRoster:
    state, roster = MetadataState(), Roster()
    text = f"<recording>{SESSION}{''.join(parts)}</recording>"
    state.apply(read_metadata(text.encode()))
    roster.learn(state.view, lines, state.hints)
    (session,) = roster.sessions()
    return session


def heard(session: SessionRoster) -> tuple[list[tuple[int, ...]], str]:
    """Return the lines of each participant in order, and the confidence."""
    return [one.lines for one in session.speakers], "low" if session.is_guess else "high"


def test_rule_1_an_association_leads_to_a_stream_its_label_to_a_line() -> None:
    assert heard(resolved(PARTIES, STREAMS, CROSSED)) == ([(1,), (0,)], "high")
    drafts = PARTIES.replace("</participant>", "<send>s2</send></participant>", 1)
    drafts = drafts.replace(
        "1002@h'/></participant>", "1002@h'/><send><id>s1</id></send></participant>"
    )
    assert heard(resolved(drafts, STREAMS)) == ([(1,), (0,)], "high")


def test_rule_2_several_who_send_one_stream_share_its_line() -> None:
    conference = _sends("p1", "s1") + _sends("p2", "s2") + _sends("p3", "s2")
    found = resolved(PARTIES, _party(3), STREAMS, conference)
    assert heard(found) == ([(0,), (1,), (1,)], "high")


@pytest.mark.parametrize(
    "lines",
    [
        (Line(0, "5"), Line(1, "6")),  # BroadSoft's first version
        (Line(1, ""), Line(3, "")),  # lines 0 and 2 are refused
    ],
)
def test_rule_3_labels_that_do_not_match_leave_the_order_of_accepted_lines(
    lines: tuple[Line, ...],
) -> None:
    straight = _sends("p1", "s1") + _sends("p2", "s2")
    found = resolved(PARTIES, STREAMS, straight, lines=lines)
    assert heard(found) == ([(lines[0].index,), (lines[1].index,)], "low")
    without = resolved(PARTIES, lines=lines)  # OpenSIPS of old: no streams at all
    assert heard(without) == ([(lines[0].index,), (lines[1].index,)], "low")


def test_rule_4_without_associations_the_nth_participant_has_the_nth_stream() -> None:
    found = resolved(PARTIES, _stream(1, "2"), _stream(2, "1"))
    assert heard(found) == ([(1,), (0,)], "low")


def test_rule_5_an_association_of_nobody_goes_to_who_has_none() -> None:
    ios_15_6 = _sends("s1", "s1") + _sends("p2", "s2")
    assert heard(resolved(PARTIES, STREAMS, ios_15_6)) == ([(0,), (1,)], "low")


def test_rule_6_a_label_that_stands_twice_leaves_the_order() -> None:
    twice = _stream(1, "1") + _stream(2, "1")
    straight = _sends("p1", "s1") + _sends("p2", "s2")
    lines = (Line(0, "1"), Line(1, "1"))
    assert heard(resolved(PARTIES, twice, straight, lines=lines)) == ([(0,), (1,)], "low")


def test_rule_7_a_single_line_carries_both() -> None:
    both = _sends("p1", "s1") + _sends("p2", "s1")
    found = resolved(PARTIES, _stream(1, "1"), both, lines=(Line(0, "1"),))
    assert heard(found) == ([(0,), (0,)], "high")


def test_rule_8_labels_are_believed_even_where_they_seem_swapped() -> None:
    """A trunk that is known to swap them says so: tests/policy/test_decide.py."""
    ribbon = resolved(PARTIES, STREAMS, CROSSED)
    assert [one.lines for one in ribbon.speakers] == [(1,), (0,)]


PIECES = (
    *("<datamode>complete</datamode>", _party(1), _party(2), _party(3)),
    *(_stream(1, "1"), _stream(2, "2"), _sends("p1", "s2"), _sends("p2", "s1"), _sends("p3", "s1")),
    "<participantsessionassoc participant_id='p1' session_id='c'/>",
    "<participantsessionassoc participant_id='p2' session_id='c'/>",
    "<participantsessionassoc participant_id='p3' session_id='c'>"
    "<disassociate-time>2026-03-12T14:25:30Z</disassociate-time></participantsessionassoc>",
    "<extensiondata parent='c'><netsapiensExtension><user userID='1001@h'/>"
    "<callingParty participant_id='p2'/></netsapiensExtension></extensiondata>",
)


def _shuffled(seed: int) -> list[str]:
    """Return the pieces in another order; participants and streams keep theirs, which counts."""
    pieces = list(PIECES)
    random.Random(seed).shuffle(pieces)
    for kind in ("<participant ", "<stream "):
        places = [at for at, piece in enumerate(pieces) if piece.startswith(kind)]
        for at, piece in zip(places, (one for one in PIECES if one.startswith(kind)), strict=True):
            pieces[at] = piece
    return pieces


def test_the_order_of_the_elements_says_nothing() -> None:
    expected = resolved(*PIECES)
    assert heard(expected) == ([(1,), (0,)], "high")
    assert expected.hints.caller_id == "p2"
    for seed in range(200):
        assert resolved(*_shuffled(seed)) == expected


def test_interleaved_objects_are_read_like_sorted_ones() -> None:
    by_party = [
        *("<datamode>complete</datamode>", _stream(1, "1"), _sends("p1", "s2"), _party(1)),
        *(_sends("p2", "s1"), _party(2), _stream(2, "2")),
    ]
    for pieces in itertools.islice(itertools.permutations(by_party), 0, 5040, 97):
        found = resolved(*pieces)
        by_address = {one.participant.aors[0]: one.lines for one in found.speakers}
        assert by_address == {"sip:1001@h": (1,), "sip:1002@h": (0,)}
