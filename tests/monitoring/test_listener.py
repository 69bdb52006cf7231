"""Those who watch get three pages, also while the program is busy."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from callvault.monitoring import Board, Listener, Sample

pytestmark = pytest.mark.flow


class Clock:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board("recorder", silent_after_s=10.0, now=clock)


@pytest.fixture
def listener(board: Board) -> Iterator[Listener]:
    listener = Listener(board, "127.0.0.1", 0)
    yield listener
    listener.close()


def get(listener: Listener, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_program_is_alive_before_it_is_ready(board: Board, listener: Listener) -> None:
    assert get(listener, "/healthz") == (200, "ok\n")
    assert get(listener, "/readyz") == (503, "starting\n")
    board.show([])
    assert get(listener, "/readyz") == (200, "ok\n")
    board.show([], not_ready="draining, 2 calls left")
    assert get(listener, "/readyz") == (503, "draining, 2 calls left\n")


def test_a_program_that_shows_nothing_any_more_is_stuck(
    board: Board, listener: Listener, clock: Clock
) -> None:
    board.show([])
    clock.now_s += 11
    assert get(listener, "/healthz") == (503, "nothing heard for 11 s\n")
    assert get(listener, "/readyz")[0] == 503
    board.is_going_on()
    assert get(listener, "/healthz")[0] == 200


def test_metrics_are_what_was_shown_last(board: Board, listener: Listener) -> None:
    board.show([Sample("callvault_recorder_calls", 7, ("HQ",))])
    status, text = get(listener, "/metrics")
    assert status == 200
    assert 'callvault_recorder_calls{trunk="HQ"} 7.0' in text
    assert 'callvault_build_info{program="recorder",version="' in text


def test_a_client_that_says_nothing_keeps_nobody_waiting(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)):
        assert get(listener, "/healthz")[0] == 200


def test_other_pages_are_not_there(listener: Listener) -> None:
    assert get(listener, "/")[0] == 404


def test_a_port_that_is_off_or_taken_costs_the_metrics_and_nothing_else(
    board: Board, listener: Listener
) -> None:
    assert Listener.start(board, "127.0.0.1", 0) is None
    assert Listener.start(board, "127.0.0.1", listener.port) is None
