"""What people ask for of a call: pieces, and marks."""

from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.wishes import MOST_PIECES, Mark, Piece, Wishes

ANN, BOB = UUID(int=1), UUID(int=2)


def test_pieces_go_from_a_start_to_a_stop_of_each_user() -> None:
    wishes = Wishes().started([ANN, BOB], 10).stopped([ANN], 20).started([ANN], 30)
    assert wishes.pieces == {ANN: (Piece(10, 20), Piece(30)), BOB: (Piece(10),)}
    assert (wishes.is_started(ANN), wishes.is_started(UUID(int=3))) == (True, False)


def test_a_second_start_and_a_stop_of_nothing_change_nothing() -> None:
    wishes = Wishes().started([ANN], 10)
    assert wishes.started([ANN], 20) is wishes
    assert wishes.stopped([BOB], 20) is wishes
    ended = wishes.stopped([ANN], 20)
    assert ended.stopped([ANN], 30) is ended


def test_pieces_are_limited() -> None:
    wishes = Wishes()
    for at_ns in range(0, 2 * MOST_PIECES + 10, 2):
        wishes = wishes.started([ANN], at_ns).stopped([ANN], at_ns + 1)
    assert len(wishes.pieces[ANN]) == MOST_PIECES


def test_the_last_mark_counts() -> None:
    wishes = Wishes().marked([ANN, BOB], Mark.DROPPED).marked([ANN], Mark.KEPT)
    assert wishes.marks == {ANN: Mark.KEPT, BOB: Mark.DROPPED}


def test_the_rest_of_a_split_call_has_the_piece_that_goes_on() -> None:
    wishes = Wishes().started([ANN], 10).stopped([ANN], 20).started([ANN, BOB], 30)
    rest = wishes.stopped([BOB], 40).marked([BOB], Mark.KEPT).of_the_rest(50)
    # Bob's is there, and empty: who stopped has not called anew.
    assert rest == Wishes({ANN: (Piece(50),), BOB: ()}, {BOB: Mark.KEPT})


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([ANN, BOB]))))
def test_pieces_are_in_order_and_apart_and_survive_a_checkpoint(
    asked: list[tuple[bool, UUID]],
) -> None:
    wishes = Wishes()
    for at_ns, (starts, who) in enumerate(asked, 1):
        wishes = wishes.started([who], at_ns) if starts else wishes.stopped([who], at_ns)
    for pieces in wishes.pieces.values():
        times = [moment for piece in pieces for moment in (piece.from_ns, piece.until_ns)]
        assert [one for one in times if one] == sorted(set(times) - {0})
        assert 0 not in times[:-1]
    packed = msgspec.msgpack.encode(wishes)
    assert msgspec.msgpack.decode(packed, type=Wishes) == wishes
