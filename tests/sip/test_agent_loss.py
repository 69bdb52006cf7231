"""Lost, doubled and reordered messages; answers, ACKs, CANCELs and BYEs that cross each other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callvault.sip import (
    AckTimedOut,
    DialogEnded,
    InviteCancelled,
    RequestTimedOut,
    Response,
    ResponseReceived,
)
from tests.sip.harness import INVITATION, Conversation, LossyWire, raw_request


def test_a_lost_invite_is_sent_again_and_answered() -> None:
    talk = Conversation(to_server=LossyWire([True]))
    talk.invite()
    assert talk.kinds() == []
    talk.wait(0.5)
    assert talk.kinds() == ["InviteReceived", "AckReceived"]


def test_a_lost_200_is_repeated_until_its_ack() -> None:
    talk = Conversation(to_client=LossyWire([False, True, True]))
    talk.invite()
    talk.wait(2)
    assert talk.statuses("INVITE") == [100, 200, 200, 200]
    assert talk.kinds() == ["InviteReceived", "AckReceived"]


def test_a_lost_ack_is_asked_for_by_the_200() -> None:
    talk = Conversation(to_server=LossyWire([False, True]))
    talk.invite()
    talk.wait(60)
    assert talk.statuses("INVITE") == [100, 200, 200]
    assert talk.kinds() == ["InviteReceived", "AckReceived"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_200_is_repeated_for_32_seconds_and_then_reported(transport: str) -> None:
    """By RFC 3261, 13.3.1.4: T1, doubling up to T2, whatever the transport."""
    talk = Conversation(transport=transport)  # type: ignore[arg-type]
    talk.to_server = LossyWire([False] + [True] * 20)
    start = talk.now
    talk.invite()
    sent_at = []
    while not any(isinstance(event, AckTimedOut) for event in talk.seen):
        before = talk.statuses("INVITE").count(200)
        talk.wait(0.5)
        sent_at += [talk.now - start] * (talk.statuses("INVITE").count(200) - before)
    assert sent_at == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert talk.now - start == 32.0
    assert talk.server.dialog_count == 1, "media may flow: the application decides"


def test_a_late_ack_still_counts() -> None:
    talk = Conversation(to_server=LossyWire([False] + [True] * 11))
    call = talk.invite()
    talk.wait(33)
    talk.client.acknowledge(call, now=talk.now)
    talk.settle()
    assert talk.kinds() == ["InviteReceived", "AckTimedOut", "AckReceived"]


def test_an_invite_repeated_after_the_200_is_absorbed_while_the_200_repeats() -> None:
    """RFC 6026: both repeat at the same intervals, so an extra answer would help nobody."""
    talk = Conversation()
    invite = raw_request("INVITE")
    talk.send_raw(invite)
    assert talk.send_raw(invite) == []
    talk.wait(0.5)
    assert talk.statuses("INVITE") == [200]
    assert talk.server.dialog_count == 1


def test_an_invite_repeated_after_the_ack_is_absorbed() -> None:
    talk = Conversation()
    talk.invite()
    invite = bytes(talk.sent_by_client[0])
    assert talk.send_raw(invite) == []
    talk.wait(31)
    assert talk.send_raw(invite) == []
    assert talk.kinds() == ["InviteReceived", "AckReceived"]


def test_an_invite_repeated_before_the_answer_gets_the_100_again() -> None:
    talk = Conversation(answers=False)
    talk.send_raw(raw_request("INVITE"))
    again = talk.send_raw(raw_request("INVITE"))
    assert [a.status for a in again if isinstance(a, Response)] == [100]
    assert talk.kinds() == ["InviteReceived"]


def test_a_refusal_is_repeated_on_udp_until_its_ack() -> None:
    talk = Conversation(answers=False)
    talk.send_raw(raw_request("INVITE"))
    talk.server.respond(talk.request_id, 404, now=talk.now)
    talk.wait(2)
    assert talk.statuses("INVITE") == [404, 404, 404]
    answer = talk.sent_by_server[-1]
    talk.send_raw(raw_request("ACK", cseq="7 ACK", to=answer.headers.first("to") or ""))
    talk.wait(40)
    assert talk.statuses("INVITE") == [404, 404, 404]
    assert talk.server.next_timer() is None


def test_a_bye_repeated_gets_its_200_again() -> None:
    talk = Conversation(to_client=LossyWire([False, False, True]))
    call = talk.invite()
    talk.client.request(call, "BYE", now=talk.now)
    talk.wait(10)
    assert talk.statuses("BYE") == [200, 200]
    assert talk.kinds().count("ByeReceived") == 1


def test_a_second_bye_of_a_dialog_that_has_just_ended_gets_200_and_later_481() -> None:
    talk = Conversation(transport="tcp")
    call = talk.invite()
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    bye = bytes(talk.sent_by_client[-1]).replace(b"CSeq: 2 BYE", b"CSeq: 3 BYE")
    second = talk.send_raw(bye.replace(b"branch=", b"branch=z9hG4bKnew"))
    talk.wait(33)
    third = talk.send_raw(bye.replace(b"branch=", b"branch=z9hG4bKlate"))
    assert [a.status for a in (*second, *third) if isinstance(a, Response)] == [200, 481]


def test_a_cancel_takes_an_unanswered_invite_back() -> None:
    talk = Conversation(answers=False)
    call = talk.invite()
    talk.client.cancel(call, now=talk.now)
    talk.settle()
    assert talk.statuses("CANCEL") == [200]
    assert talk.statuses("INVITE") == [100, 487]
    assert talk.kinds() == ["InviteReceived", "InviteCancelled", "DialogEnded"]
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "cancelled", 487)
    assert not talk.accept(talk.request_id)


def test_a_cancel_after_the_200_changes_nothing() -> None:
    talk = Conversation()
    talk.send_raw(raw_request("INVITE"))
    answers = talk.send_raw(raw_request("CANCEL", cseq="7 CANCEL"))
    assert [a.status for a in answers if isinstance(a, Response)] == [200]
    assert not any(isinstance(event, InviteCancelled) for event in talk.seen)
    assert talk.server.dialog_count == 1


def test_a_cancel_for_nothing_is_answered_481() -> None:
    assert Conversation().ask("CANCEL", cseq="7 CANCEL").status == 481


def test_a_cancelled_reinvite_leaves_its_dialog() -> None:
    talk = Conversation()
    call = talk.invite()
    talk.answers = False
    talk.client.request(call, "INVITE", now=talk.now)
    talk.settle()
    cancel = bytes(talk.sent_by_client[-1]).replace(b"INVITE", b"CANCEL")
    answers = talk.send_raw(cancel)
    assert [a.status for a in answers if isinstance(a, Response)] == [200, 487]
    assert talk.server.dialog_count == 1


def test_a_bye_before_the_ack_ends_the_dialog_and_the_repetitions() -> None:
    talk = Conversation(to_server=LossyWire([False, True]))
    call = talk.invite()
    talk.client.request(call, "BYE", now=talk.now)
    talk.wait(40)
    assert talk.statuses("INVITE") == [100, 200]
    assert talk.kinds() == ["InviteReceived", "ByeReceived", "DialogEnded"]


def test_a_bye_overtakes_a_reinvite_that_waits_for_its_answer() -> None:
    talk = Conversation()
    call = talk.invite()
    talk.answers = False
    talk.client.request(call, "INVITE", now=talk.now)
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    assert talk.statuses("INVITE") == [100, 200, 100, 487]
    assert talk.statuses("BYE") == [200]


def test_our_bye_waits_for_the_ack() -> None:
    talk = Conversation(to_server=LossyWire([False, True]))
    talk.invite()
    assert talk.server.bye(talk.dialog_id, reason='Q.850;cause=16;text="x"', now=talk.now)
    talk.settle()
    assert talk.sent_by_server[-1].cseq.method == "INVITE"
    talk.wait(1)
    bye = talk.sent_by_server[-1]
    assert (bye.cseq.method, bye.headers.first("reason")) == ("BYE", 'Q.850;cause=16;text="x"')
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "bye_sent", 200)


def test_our_bye_goes_out_when_no_ack_ever_comes() -> None:
    talk = Conversation(to_server=LossyWire([False] + [True] * 11))
    talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    talk.wait(33)
    assert talk.kinds() == ["InviteReceived", "AckTimedOut", "DialogEnded"]


def test_our_bye_without_answer_ends_the_dialog_after_32_seconds() -> None:
    talk = Conversation()
    talk.invite()
    talk.to_client = LossyWire([True] * 50)
    talk.server.bye(talk.dialog_id, now=talk.now)
    talk.wait(31.9)
    assert talk.server.dialog_count == 1
    talk.wait(0.1)
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "bye_sent", 408)


def test_byes_that_cross_end_the_dialog_once() -> None:
    talk = Conversation()
    call = talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    talk.wait(40)
    assert talk.kinds().count("DialogEnded") == 1
    assert not talk.server.bye(talk.dialog_id, now=talk.now)


def test_a_call_without_any_server_times_out_at_the_client() -> None:
    talk = Conversation(to_server=LossyWire([True] * 100))
    call = talk.invite()
    talk.wait(32)
    assert [type(event) for event in talk.heard] == [RequestTimedOut]
    assert talk.heard[0].dialog_id == call
    assert len(talk.to_server.lost) == 7


def test_doubled_messages_are_taken_once() -> None:
    talk = Conversation(to_server=LossyWire(doubles=True), to_client=LossyWire(doubles=True))
    call = talk.invite()
    talk.client.request(call, "BYE", now=talk.now)
    talk.wait(1)
    assert talk.kinds() == ["InviteReceived", "AckReceived", "ByeReceived", "DialogEnded"]


@settings(max_examples=60, deadline=None)
@given(
    there=st.lists(st.booleans(), max_size=14),
    back=st.lists(st.booleans(), max_size=14),
    reorder=st.integers(1, 3),
)
def test_any_lossy_call_is_set_up_and_ended_in_the_end(
    there: list[bool], back: list[bool], reorder: int
) -> None:
    """Whatever is lost for a while: one dialog, one end, nothing left behind."""
    talk = Conversation(
        to_server=LossyWire(there, reorder=reorder), to_client=LossyWire(back, reorder=reorder)
    )
    call = talk.client.invite(talk.flow, INVITATION, now=talk.now)
    talk.wait(20)
    finals = [e for e in talk.heard if isinstance(e, ResponseReceived) and e.response.status >= 200]
    if finals:
        talk.to_server, talk.to_client = LossyWire(), LossyWire()
        talk.client.request(call, "BYE", now=talk.now)
    talk.wait(60)
    if finals:
        assert talk.kinds().count("InviteReceived") == 1
        assert talk.kinds()[-1] == "DialogEnded"
        assert talk.server.dialog_count == 0
    talk.wait(120)
    assert talk.client.next_timer() is None
