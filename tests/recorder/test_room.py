"""What stands against a new call."""

from callvault.recorder.room import BYTES_A_SECOND, Room


def test_there_is_room_until_something_stands_against_it() -> None:
    room = Room(min_free_bytes=100)
    assert not room.look(free_bytes=100, open_sockets=0)
    assert room.refusal == ""


def test_a_low_disk_is_news_once_and_so_is_its_recovery() -> None:
    room = Room(min_free_bytes=100)
    news = [room.look(free_bytes=free, open_sockets=0) for free in (99, 50, 104, 105, 200)]
    assert news == [True, False, False, True, False]


def test_what_calls_in_progress_need_is_kept_for_them() -> None:
    room = Room(min_free_bytes=100, reserve_s=60)
    needed = 3 * 60 * BYTES_A_SECOND
    assert not room.look(free_bytes=needed, open_sockets=0, calls=3)
    assert room.look(free_bytes=needed, open_sockets=0, calls=4)
    assert room.refusal == "spool"
    assert room.look(free_bytes=needed, open_sockets=0, calls=2)
    assert room.refusal == ""


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
    room.is_draining = True
    assert room.refusal == "draining"
    room.is_stopping = True
    assert room.refusal == "stopping"
