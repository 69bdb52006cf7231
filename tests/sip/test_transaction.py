"""Server transactions: each row of their tables, and the timers of RFC 3261, table 4."""

import pytest

from callvault.sip import Flow, Request, Transport, parse_message
from callvault.sip.timers import TimerQueue
from callvault.sip.transaction import (
    INVITE_TABLE,
    OTHER_TABLE,
    Route,
    ServerTransaction,
    State,
    transaction_key,
)
from tests.sip.harness import CLIENT, SERVER, raw_request


def request(method: str, **parts: str) -> Request:
    message = parse_message(raw_request(method, **parts))
    assert isinstance(message, Request)
    return message


class Bench:
    """One transaction with its timers and what it sends, reports and when."""

    def __init__(self, method: str, transport: Transport = "udp") -> None:
        self.timers = TimerQueue()
        self.sent: list[tuple[float, bytes]] = []
        self.over: list[tuple[State, float]] = []
        self.now = 0.0
        flow = Flow(transport, SERVER, CLIENT)
        message = request(method)
        self.transaction = ServerTransaction(
            transaction_key(message),
            Route(flow, flow),
            is_invite=method == "INVITE",
            timers=self.timers,
            send=lambda _, data: self.sent.append((self.now, data)),
            on_timeout=lambda _, was_in, now: self.over.append((was_in, now)),
        )
        self.transaction.begin(0.0)

    def wait_until(self, end: float) -> None:
        while (due := self.timers.next()) is not None and due <= end:
            self.now = due
            self.timers.run(due)
        self.now = end


def test_tables_name_only_known_states_and_end_everywhere() -> None:
    for table in (INVITE_TABLE, OTHER_TABLE):
        reached = {state for state, _ in table.values()}
        assert State.TERMINATED in reached
        assert not any(state is State.TERMINATED for state, _ in table)
        assert {state for state, _ in table} | {State.TERMINATED} == reached | {State.PROCEEDING}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_2xx_is_repeated_until_its_ack_on_every_transport(transport: Transport) -> None:
    bench = Bench("INVITE", transport)
    bench.transaction.respond(200, b"200", 0.0)
    bench.wait_until(4.0)
    bench.transaction.acknowledge(4.0)
    bench.wait_until(100.0)
    assert [at for at, _ in bench.sent] == [0.0, 0.5, 1.5, 3.5]
    assert bench.over == [(State.ACCEPTED, 32.0)]


@pytest.mark.parametrize(
    ("transport", "sent_at"),
    [("udp", [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]), ("tcp", [0.0])],
)
def test_a_refusal_is_repeated_on_udp_only(transport: Transport, sent_at: list[float]) -> None:
    bench = Bench("INVITE", transport)
    bench.transaction.respond(486, b"486", 0.0)
    bench.wait_until(100.0)
    assert [at for at, _ in bench.sent] == sent_at
    assert bench.over == [(State.COMPLETED, 32.0)]


@pytest.mark.parametrize(("transport", "over_at"), [("udp", 6.0), ("tcp", 1.0)])
def test_an_acknowledged_refusal_lingers_for_late_messages(
    transport: Transport, over_at: float
) -> None:
    bench = Bench("INVITE", transport)
    bench.transaction.respond(486, b"486", 0.0)
    bench.wait_until(1.0)
    bench.transaction.acknowledge(1.0)
    bench.wait_until(100.0)
    assert bench.over == [(State.CONFIRMED, over_at)]


@pytest.mark.parametrize(("transport", "over_at"), [("udp", 32.0), ("tcp", 0.0)])
def test_a_finished_request_replays_its_answer_for_a_while(
    transport: Transport, over_at: float
) -> None:
    bench = Bench("BYE", transport)
    bench.transaction.respond(200, b"200", 0.0)
    bench.transaction.receive_again(0.0)
    bench.wait_until(100.0)
    assert [data for _, data in bench.sent] == [b"200", b"200"]
    assert bench.over == [(State.COMPLETED, over_at)]


def test_a_request_repeated_before_any_answer_sends_nothing() -> None:
    bench = Bench("UPDATE")
    bench.transaction.receive_again(0.0)
    assert bench.sent == []


def test_a_second_final_answer_is_not_sent() -> None:
    bench = Bench("UPDATE")
    assert bench.transaction.respond(200, b"200", 0.0)
    assert not bench.transaction.respond(500, b"500", 0.0)
    assert [data for _, data in bench.sent] == [b"200"]


def test_a_missing_answer_is_asked_for_after_32_seconds() -> None:
    bench = Bench("UPDATE")
    bench.wait_until(33.0)
    assert bench.over == [(State.PROCEEDING, 32.0)]
    assert bench.transaction.respond(500, b"500", 33.0)


def test_an_ack_has_the_key_of_its_invite_and_a_cancel_has_not() -> None:
    invite, ack, cancel = (request(method) for method in ("INVITE", "ACK", "CANCEL"))
    assert transaction_key(invite) == transaction_key(ack)
    assert transaction_key(invite) != transaction_key(cancel)


def test_old_branches_are_told_apart_by_call_and_sequence() -> None:
    """RFC 2543 senders repeat or omit the branch."""
    first = transaction_key(request("INVITE", branch="1", call_id="a"))
    second = transaction_key(request("INVITE", branch="1", call_id="b"))
    again = transaction_key(request("INVITE", branch="1", call_id="a"))
    assert first == again != second
