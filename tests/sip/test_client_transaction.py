"""Client transactions: retransmission, time-outs and the ACK of a refusal."""

import pytest

from callvault.sip import Flow, Request, Response, Transport, parse_message
from callvault.sip.client_transaction import (
    INVITE_TABLE,
    OTHER_TABLE,
    ClientTransaction,
    State,
)
from callvault.sip.timers import TimerQueue
from callvault.sip.transaction import Route
from tests.sip.harness import CLIENT, SERVER, raw_request


def response(status: int, method: str) -> Response:
    raw = raw_request(method, to="<sip:srs@192.0.2.200>;tag=theirs")
    head, _, rest = raw.partition(b"\r\n")
    assert head
    message = parse_message(f"SIP/2.0 {status} X\r\n".encode() + rest)
    assert isinstance(message, Response)
    return message


class Bench:
    """One transaction with its timers, what it sends, hears, and whether it is over."""

    def __init__(self, method: str, transport: Transport = "udp") -> None:
        self.timers = TimerQueue()
        self.sent: list[tuple[float, str]] = []
        self.heard: list[tuple[int, float]] = []
        self.is_over = False
        self.now = 0.0
        flow = Flow(transport, CLIENT, SERVER)
        message = parse_message(raw_request(method))
        assert isinstance(message, Request)
        self.transaction = ClientTransaction(
            message,
            Route(flow, flow),
            timers=self.timers,
            send=lambda _, data: self.sent.append((self.now, data.split(b" ")[0].decode())),
            on_response=lambda r, now: self.heard.append((r.status if r else 0, now)),
            on_ended=lambda _: self._end(),
        )
        self.transaction.begin(0.0)

    def _end(self) -> None:
        self.is_over = True

    def receive(self, status: int) -> None:
        self.transaction.receive(response(status, self.transaction.request.method), self.now)

    def wait_until(self, end: float) -> None:
        while (due := self.timers.next()) is not None and due <= end:
            self.now = due
            self.timers.run(due)
        self.now = end


def test_tables_end_in_termination_only() -> None:
    for table in (INVITE_TABLE, OTHER_TABLE):
        assert State.TERMINATED in {state for state, _ in table.values()}
        assert not any(state is State.TERMINATED for state, _ in table)


@pytest.mark.parametrize(
    ("method", "sent_at"),
    [
        ("INVITE", [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]),
        ("BYE", [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]),
    ],
)
def test_a_request_without_answer_is_repeated_for_32_seconds(
    method: str, sent_at: list[float]
) -> None:
    bench = Bench(method)
    bench.wait_until(100)
    assert [at for at, _ in bench.sent] == sent_at
    assert bench.heard == [(0, 32.0)]
    assert bench.is_over


def test_a_connection_needs_no_repetition() -> None:
    bench = Bench("BYE", "tcp")
    bench.wait_until(100)
    assert bench.sent == [(0.0, "BYE")]
    assert bench.heard == [(0, 32.0)]


def test_a_provisional_answer_quietens_an_invite_and_slows_a_bye() -> None:
    invite, bye = Bench("INVITE"), Bench("BYE")
    for bench in (invite, bye):
        bench.receive(100)
        bench.wait_until(10)
    assert [at for at, _ in invite.sent] == [0]
    assert [at for at, _ in bye.sent] == [0, 0.5, 4.5, 8.5]


def test_an_invite_that_only_ever_rings_is_given_up() -> None:
    bench = Bench("INVITE")
    bench.receive(180)
    bench.wait_until(200)
    assert bench.heard == [(180, 0.0), (0, 180.0)]


def test_a_refusal_is_acknowledged_each_time_and_told_once() -> None:
    bench = Bench("INVITE")
    bench.receive(486)
    bench.receive(486)
    assert [what for _, what in bench.sent] == ["INVITE", "ACK", "ACK"]
    assert bench.heard == [(486, 0.0)]
    bench.wait_until(32)
    assert bench.is_over


def test_each_2xx_is_told_since_its_ack_may_be_lost() -> None:
    bench = Bench("INVITE")
    bench.receive(200)
    bench.receive(200)
    assert [status for status, _ in bench.heard] == [200, 200]
    assert [what for _, what in bench.sent] == ["INVITE"]


def test_a_final_answer_to_another_request_is_told_once() -> None:
    bench = Bench("BYE")
    bench.receive(200)
    bench.receive(200)
    bench.wait_until(5)
    assert bench.heard == [(200, 0.0)]
    assert bench.is_over


def test_a_request_is_sent_again_over_a_new_connection_only_while_it_waits() -> None:
    bench = Bench("BYE", "tcp")
    bench.transaction.send_again()
    bench.receive(200)
    bench.transaction.send_again()
    assert [what for _, what in bench.sent] == ["BYE", "BYE"]
