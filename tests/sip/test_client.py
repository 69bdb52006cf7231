"""The user agent client that simulator and tests place calls with."""

from dataclasses import replace

import pytest

from callvault.errors import ProtocolError
from callvault.sip import Flow, PeerRequestReceived, Request, ResponseReceived, parse_message
from callvault.sip.client import UserAgentClient
from tests.sip.harness import CLIENT, INVITATION, SERVER, Conversation, LossyWire, tokens

FLOW = Flow("udp", CLIENT, SERVER)


def first_sent(client: UserAgentClient) -> Request:
    [(_, raw)] = client.messages_to_send()
    message = parse_message(raw)
    assert isinstance(message, Request)
    return message


def test_an_invite_carries_what_the_invitation_says() -> None:
    client = UserAgentClient(new_token=tokens("c"))
    client.invite(FLOW, INVITATION, now=0.0)
    invite = first_sent(client)
    assert (invite.method, invite.uri, invite.body) == ("INVITE", INVITATION.uri, INVITATION.body)
    assert invite.is_from_recording_client
    assert invite.from_address.display_name == "Ann"
    assert invite.from_address.tag == "c2"
    assert str(invite.via) == "SIP/2.0/UDP 192.0.2.14:5070;branch=z9hG4bKc1;rport"
    assert (invite.call_id, str(invite.cseq.number)) == ("c3", "1")


def test_responses_are_reported_with_their_request() -> None:
    talk = Conversation()
    call = talk.invite()
    heard = [
        (e.dialog_id, e.response.status) for e in talk.heard if isinstance(e, ResponseReceived)
    ]
    assert heard == [(call, 100), (call, 200)]


def test_a_repeated_200_repeats_the_ack_and_is_not_reported_again() -> None:
    talk = Conversation(to_server=LossyWire([False, True]))
    talk.invite()
    talk.wait(1)
    statuses = [e.response.status for e in talk.heard if isinstance(e, ResponseReceived)]
    assert statuses == [100, 200]
    assert [m.cseq.method for m in talk.sent_by_client] == ["INVITE", "ACK", "ACK"]
    assert bytes(talk.sent_by_client[1]) == bytes(talk.sent_by_client[2])


def test_a_cancel_waits_for_the_first_answer() -> None:
    talk = Conversation(answers=False)
    call = talk.client.invite(talk.flow, INVITATION, now=talk.now)
    talk.client.cancel(call, now=talk.now)
    assert len(talk.client.messages_to_send()) == 1, "the INVITE alone"
    talk.wait(0.5)
    assert [m.cseq.method for m in talk.sent_by_client[:2]] == ["INVITE", "CANCEL"]


def test_a_refused_call_is_forgotten() -> None:
    talk = Conversation(answers=False)
    call = talk.invite()
    talk.server.respond(talk.request_id, 486, now=talk.now)
    talk.settle()
    with pytest.raises(ProtocolError):
        talk.client.request(call, "BYE", now=talk.now)


def test_nothing_is_sent_inside_a_dialog_that_is_not_there_yet() -> None:
    client = UserAgentClient()
    call = client.invite(FLOW, INVITATION, now=0.0)
    with pytest.raises(ProtocolError):
        client.request(call, "UPDATE", now=0.0)
    with pytest.raises(ProtocolError):
        client.acknowledge(call, now=0.0)


def test_an_ack_may_be_left_to_the_caller() -> None:
    talk = Conversation()
    call = talk.invite(replace(INVITATION, acknowledges=False))
    assert talk.kinds() == ["InviteReceived"]
    talk.client.acknowledge(call, now=talk.now)
    talk.settle()
    assert talk.kinds() == ["InviteReceived", "AckReceived"]


def test_requests_count_up_and_follow_the_record_route() -> None:
    talk = Conversation()
    call = talk.client.invite(talk.flow, INVITATION, now=talk.now)
    [(_, raw)] = talk.client.messages_to_send()
    route = b"Record-Route: <sip:192.0.2.77;lr>\r\nRecord-Route: <sip:192.0.2.78;lr>\r\n"
    talk.server.receive(
        raw.replace(b"CSeq:", route + b"CSeq:"), flow=talk.server_flow, now=talk.now
    )
    talk.settle()
    talk.client.request(call, "BYE", now=talk.now)
    bye = first_sent(talk.client)
    assert bye.headers.all("route") == ["<sip:192.0.2.78;lr>", "<sip:192.0.2.77;lr>"]
    assert (bye.uri, bye.cseq.number) == ("sip:srs@192.0.2.200:5060", 2)


def test_options_outside_dialogs_are_answered_and_forgotten() -> None:
    talk = Conversation()
    probe = talk.client.options(talk.flow, "sip:192.0.2.200", now=talk.now)
    talk.settle()
    assert [(e.dialog_id, type(e)) for e in talk.heard] == [(probe, ResponseReceived)]
    assert talk.statuses("OPTIONS") == [200]
    talk.wait(60)
    assert talk.client.next_timer() is None


def test_a_bye_of_the_server_is_answered_and_reported() -> None:
    talk = Conversation()
    call = talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    talk.settle()
    peer = [e for e in talk.heard if isinstance(e, PeerRequestReceived)]
    assert [(e.dialog_id, e.request.method, e.status) for e in peer] == [(call, "BYE", 200)]


def test_a_request_for_no_call_of_ours_is_answered_481() -> None:
    talk = Conversation()
    talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(_, raw)] = talk.server.messages_to_send()
    talk.client.receive(raw.replace(b";tag=c2", b";tag=xx"), flow=talk.flow, now=talk.now)
    [(_, answer)] = talk.client.messages_to_send()
    assert answer.startswith(b"SIP/2.0 481 ")


def test_a_broken_connection_sends_what_waits_over_another() -> None:
    talk = Conversation(transport="tcp", answers=False)
    talk.client.invite(talk.flow, INVITATION, now=talk.now)
    [(_, raw)] = talk.client.messages_to_send()
    talk.client.flow_closed(talk.flow, talk.now)
    [(_, again)] = talk.client.messages_to_send()
    assert again == raw
