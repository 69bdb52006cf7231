"""What stands against a new call."""

from callvault.recorder.room import Room


def test_there_is_room_until_something_stands_against_it() -> None:
    room = Room(min_free_bytes=100)
    assert not room.look(free_bytes=100, open_sockets=0)
    assert room.refusal == ""


def test_a_low_disk_is_news_once_and_so_is_its_recovery() -> None:
    room = Room(min_free_bytes=100)
    news = [room.look(free_bytes=free, open_sockets=0) for free in (99, 50, 100, 200)]
    assert news == [True, False, True, False]


def test_ports_that_ran_out_refuse_until_a_socket_is_closed() -> None:
    room = Room(min_free_bytes=0)
    assert room.ports_ran_out(8)
    assert not room.ports_ran_out(8)
    room.look(free_bytes=1, open_sockets=8)
    assert room.refusal == "ports"
    room.look(free_bytes=1, open_sockets=6)
    assert room.refusal == ""


def test_the_gravest_reason_is_the_one_told() -> None:
    room = Room(min_free_bytes=100)
    room.ports_ran_out(8)
    assert room.refusal == "ports"
    room.look(free_bytes=0, open_sockets=8)
    assert room.refusal == "spool"
    room.is_stopping = True
    assert room.refusal == "stopping"
