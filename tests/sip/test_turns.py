"""Datagrams wait in turns: a sender that floods waits behind itself alone."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from callvault.sip.turns import OVERHEAD_BYTES, Turns

ROOM = 10 * (OVERHEAD_BYTES + 100)


def test_one_message_waits_for_one_of_a_sender_that_floods() -> None:
    turns: Turns[str] = Turns()
    for number in range(1_000):
        turns.put("flood", f"flood {number}", 100)
    turns.put("friend", "friend", 100)
    assert [turns.take() for _ in range(3)] == ["flood 0", "friend", "flood 1"]


def test_a_flood_finds_no_more_room_and_others_do() -> None:
    turns: Turns[int] = Turns(max_bytes_of_one=ROOM, max_bytes=4 * ROOM)
    taken = [turns.put("flood", number, 100) for number in range(50)]
    assert taken == [True] * 10 + [False] * 40
    assert turns.put("friend", 1, 100)


def test_all_together_are_bounded() -> None:
    turns: Turns[int] = Turns(max_bytes_of_one=ROOM, max_bytes=2 * ROOM)
    assert sum(turns.put(number, number, 100) for number in range(100)) == 20
    turns.take()
    assert turns.put("another", 1, 100)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_each_sender_keeps_its_order_and_nothing_is_lost(steps: list[tuple[str, bool]]) -> None:
    turns: Turns[tuple[str, int]] = Turns()
    put: dict[str, list[int]] = defaultdict(list)
    taken: dict[str, list[int]] = defaultdict(list)
    for number, (sender, takes) in enumerate(steps):
        assert turns.put(sender, (sender, number), 100)
        put[sender].append(number)
        if takes:
            _take(turns, taken)
    while turns:
        _take(turns, taken)
    assert taken == put


def _take(turns: Turns[tuple[str, int]], taken: dict[str, list[int]]) -> None:
    sender, number = turns.take()
    taken[sender].append(number)
