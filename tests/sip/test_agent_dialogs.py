"""What may come inside a dialog, in which order, and by which way."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from callvault.sip import (
    AckReceived,
    AgentSettings,
    ByeReceived,
    DialogEnded,
    Flow,
    InviteReceived,
    PeerRequestReceived,
    ReinviteReceived,
    Request,
    Response,
    UpdateReceived,
    UserAgentServer,
    parse_message,
)
from tests.sip.harness import (
    ANSWER,
    CLIENT,
    INVITATION,
    OFFER,
    SERVER,
    Conversation,
    raw_request,
    tokens,
    with_headers,
)

OUR_TO = "<sip:srs@192.0.2.200>;tag=s1"


def statuses(answers: list[Request | Response]) -> list[int]:
    return [answer.status for answer in answers if isinstance(answer, Response)]


def in_call(method: str, cseq: int, *, body: str = "", extra: str = "", branch: str = "") -> bytes:
    """A request inside the dialog of `raw_request("INVITE")`."""
    return raw_request(
        method,
        to=OUR_TO,
        cseq=f"{cseq} {method}",
        branch=branch or f"z9hG4bK{method}{cseq}",
        extra=extra,
        body=body,
    )


def answered_call() -> Conversation:
    talk = Conversation()
    talk.send_raw(raw_request("INVITE"))
    talk.send_raw(in_call("ACK", 7))
    return talk


def test_a_bye_with_a_lower_cseq_ends_the_dialog_all_the_same() -> None:
    talk = answered_call()
    assert statuses(talk.send_raw(in_call("BYE", 3))) == [200]
    assert talk.kinds()[-2:] == ["ByeReceived", "DialogEnded"]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
def test_any_other_request_with_a_lower_cseq_is_refused(method: str) -> None:
    talk = answered_call()
    assert statuses(talk.send_raw(in_call(method, 3))) == [500]


def test_a_cseq_beyond_31_bits_is_only_a_number() -> None:
    talk = Conversation()
    talk.send_raw(raw_request("INVITE", cseq="4294967290 INVITE"))
    talk.send_raw(in_call("ACK", 4294967290))
    assert statuses(talk.send_raw(in_call("BYE", 4294967295))) == [200]


def test_a_bye_with_an_unknown_extension_ends_the_dialog_all_the_same() -> None:
    talk = answered_call()
    assert statuses(talk.send_raw(in_call("BYE", 8, extra="Require: teleport\r\n"))) == [200]


def test_a_bye_may_carry_metadata() -> None:
    talk = answered_call()
    kind = "Content-Type: application/rs-metadata+xml\r\n"
    talk.send_raw(in_call("BYE", 8, body="<recording/>", extra=kind))
    bye = next(event for event in talk.seen if isinstance(event, ByeReceived))
    assert (bye.request.content_type.value, bye.request.body) == (
        "application/rs-metadata+xml",
        b"<recording/>",
    )


def test_a_request_with_another_tag_belongs_to_no_dialog() -> None:
    talk = answered_call()
    foreign = raw_request("BYE", to=OUR_TO, from_="<sip:1001@example.com>;tag=other")
    assert statuses(talk.send_raw(foreign)) == [481]
    assert talk.server.dialog_count == 1


def test_a_reinvite_inside_a_pending_one_is_told_to_come_later() -> None:
    talk = answered_call()
    talk.answers = False
    assert statuses(talk.send_raw(in_call("INVITE", 8))) == [100]
    answer = talk.send_raw(in_call("INVITE", 9))[0]
    assert statuses([answer]) == [500]
    assert 0 <= int(answer.headers.first("retry-after") or "-1") <= 10


def test_an_update_with_sdp_inside_a_pending_reinvite_is_told_to_come_later() -> None:
    talk = answered_call()
    talk.answers = False
    talk.send_raw(in_call("INVITE", 8))
    sdp = "Content-Type: application/sdp\r\n"
    assert statuses(talk.send_raw(in_call("UPDATE", 9, extra=sdp, body="v=0\r\n"))) == [500]


def test_an_update_of_metadata_may_come_inside_a_pending_reinvite() -> None:
    talk = answered_call()
    talk.answers = False
    talk.send_raw(in_call("INVITE", 8))
    kind = "Content-Type: application/rs-metadata+xml\r\n"
    talk.answers = True
    assert statuses(talk.send_raw(in_call("UPDATE", 9, extra=kind, body="<r/>"))) == [200]


def test_an_offer_that_crosses_ours_gets_491_until_our_ack() -> None:
    """A re-INVITE without SDP is answered by our offer, which the ACK answers."""
    talk = answered_call()
    assert statuses(talk.send_raw(in_call("INVITE", 8))) == [100, 200]
    assert statuses(talk.send_raw(in_call("INVITE", 9))) == [491]
    talk.send_raw(in_call("ACK", 8))
    assert statuses(talk.send_raw(in_call("INVITE", 10))) == [100, 200]


def test_an_offer_of_ours_that_is_never_acknowledged_is_given_up() -> None:
    talk = answered_call()
    talk.send_raw(in_call("INVITE", 8))
    talk.wait(33)
    assert statuses(talk.send_raw(in_call("INVITE", 9))) == [100, 200]


def test_a_reinvite_after_a_lost_ack_is_served() -> None:
    talk = Conversation()
    sdp = "Content-Type: application/sdp\r\n"
    talk.send_raw(raw_request("INVITE", extra=sdp, body="v=0\r\n"))
    assert statuses(talk.send_raw(in_call("INVITE", 8, extra=sdp, body="v=0\r\n"))) == [100, 200]


def test_a_reinvite_and_an_update_reach_the_application_with_their_bodies() -> None:
    talk = Conversation()
    call = talk.invite()
    sdp = "application/sdp"
    talk.client.request(call, "INVITE", content_type=sdp, body=OFFER, now=talk.now)
    talk.settle()
    talk.client.request(call, "UPDATE", content_type=sdp, body=b"v=0\r\n", now=talk.now)
    talk.settle()
    bodies = [
        event.request.body
        for event in talk.seen
        if isinstance(event, ReinviteReceived | UpdateReceived)
    ]
    assert bodies == [OFFER, b"v=0\r\n"]
    assert talk.kinds().count("AckReceived") == 2


def test_an_answer_in_the_ack_reaches_the_application() -> None:
    """Delayed offer, as CUCM does it: INVITE without SDP, offer in the 200, answer in the ACK."""
    talk = Conversation()
    call = talk.invite(replace(INVITATION, content_type="", body=b"", acknowledges=False))
    assert talk.sent_by_server[-1].body == ANSWER
    talk.client.acknowledge(call, content_type="application/sdp", body=OFFER, now=talk.now)
    talk.settle()
    ack = next(event for event in talk.seen if isinstance(event, AckReceived))
    assert (ack.request.body, ack.request_id) == (OFFER, talk.request_id)


def test_a_refused_reinvite_leaves_the_dialog_as_it_was() -> None:
    talk = answered_call()
    talk.answers = False
    talk.send_raw(in_call("INVITE", 8))
    reinvite = next(event for event in talk.seen if isinstance(event, ReinviteReceived))
    talk.server.respond(reinvite.request_id, 488, now=talk.now)
    talk.settle()
    assert talk.server.dialog_count == 1


def test_a_bye_of_ours_goes_to_the_contact_through_the_route_set() -> None:
    """Kamailio's two Record-Routes of one proxy with two interfaces, in the order received."""
    talk = Conversation()
    routes = "<sip:192.0.2.14:5080;r2=on;lr>, <sip:198.51.100.1;r2=on;lr>"
    talk.invite(with_headers(INVITATION, Record_Route=routes))
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(flow, raw)] = talk.server.messages_to_send()
    bye = Request(talk.sent_by_client[0].headers)
    assert raw.startswith(b"BYE sip:src@192.0.2.14:5070 SIP/2.0\r\n")
    assert flow.remote == ("192.0.2.14", 5080)
    assert b"Route: <sip:192.0.2.14:5080;r2=on;lr>\r\nRoute: <sip:198.51.100.1;r2=on;lr>" in raw
    assert bye.call_id.encode() in raw


def test_a_strict_router_gets_itself_as_request_uri() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Record_Route="<sip:192.0.2.14:5080>"))
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(_, raw)] = talk.server.messages_to_send()
    assert raw.startswith(b"BYE sip:192.0.2.14:5080 SIP/2.0\r\n")
    assert b"Route: <sip:src@192.0.2.14:5070>\r\n" in raw


@pytest.mark.parametrize(
    "contact",
    [
        "<sip192.0.2.99>",
        "<sip:src@sbc.example.com:5099>",
        "<sip:src@12345>",
        "*",
        "<sip:src@203.0.113.7:5060>",
    ],
)
def test_a_contact_that_leads_nowhere_is_replaced_by_the_source(contact: str) -> None:
    """Unreadable, a name, missing, or an address behind NAT that no trunk has."""
    server = UserAgentServer(
        AgentSettings(),
        admits=lambda flow: ip_address(flow.remote[0]) == ip_address(CLIENT[0]),
        new_token=tokens("s"),
    )
    flow = Flow("udp", SERVER, CLIENT)
    invite = raw_request("INVITE").replace(b"<sip:src@192.0.2.14:5070>", contact.encode())
    server.receive(invite, flow=flow, now=1.0)
    event = server.events()[0]
    assert isinstance(event, InviteReceived)
    server.respond(event.request_id, 200, now=1.0)
    server.receive(in_call("ACK", 7), flow=flow, now=1.0)
    server.messages_to_send()
    server.bye(event.dialog_id, now=2.0)
    [(towards, raw)] = server.messages_to_send()
    assert raw.startswith(b"BYE ")
    assert towards == flow


def test_a_new_contact_in_a_reinvite_is_the_new_target() -> None:
    talk = answered_call()
    moved = in_call("INVITE", 8).replace(b"<sip:src@192.0.2.14:5070>", b"<sip:b@192.0.2.15:5071>")
    talk.send_raw(moved)
    talk.send_raw(in_call("ACK", 8))
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(flow, raw)] = talk.server.messages_to_send()
    assert raw.startswith(b"BYE sip:b@192.0.2.15:5071 SIP/2.0\r\n")
    assert flow.remote == ("192.0.2.15", 5071)


def test_a_bye_of_ours_takes_the_connection_of_the_call() -> None:
    talk = Conversation(transport="tcp")
    talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(flow, _)] = talk.server.messages_to_send()
    assert flow == talk.server_flow


def test_a_broken_connection_does_not_end_the_dialog() -> None:
    talk = Conversation(transport="tcp")
    talk.invite()
    talk.server.flow_closed(talk.server_flow, talk.now)
    assert talk.server.dialog_count == 1
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(flow, _)] = talk.server.messages_to_send()
    assert flow == Flow("tcp", SERVER, CLIENT, 0), "by the Contact, over a new connection"


def test_a_bye_whose_connection_breaks_is_sent_again_over_a_new_one() -> None:
    talk = Conversation(transport="tcp")
    talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(_, first)] = talk.server.messages_to_send()
    talk.server.flow_closed(talk.server_flow, talk.now)
    assert talk.server.messages_to_send() == [(Flow("tcp", SERVER, CLIENT, 0), first)]


def test_an_answer_whose_connection_is_gone_goes_to_the_via() -> None:
    talk = Conversation(transport="tcp", answers=False)
    talk.invite()
    talk.server.flow_closed(talk.server_flow, talk.now)
    talk.accept(talk.request_id)
    [(flow, _)] = talk.server.messages_to_send()
    assert flow == Flow("tcp", SERVER, CLIENT, 0)


def test_the_peer_may_go_on_over_another_connection() -> None:
    talk = Conversation(transport="tcp")
    call = talk.invite()
    other = replace(talk.server_flow, connection_id=2, remote=(CLIENT[0], 40001))
    talk.client.request(call, "INFO", now=talk.now)
    [(_, raw)] = talk.client.messages_to_send()
    talk.server.receive(raw, flow=other, now=talk.now)
    [(answered_on, _)] = talk.server.messages_to_send()
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(bye_on, _)] = talk.server.messages_to_send()
    assert (answered_on, bye_on) == (other, other)


def test_a_response_goes_to_the_sent_by_port_without_rport() -> None:
    """RFC 3261, 18.2.2: the source's address, the port of the Via; 5060 where it names none."""
    talk = Conversation()
    plain = raw_request("OPTIONS").replace(
        b"192.0.2.14:5070;branch=z9hG4bKraw;rport", b"pbx;branch=z9hG4bKp"
    )
    talk.server.receive(plain, flow=talk.server_flow, now=talk.now)
    [(flow, raw)] = talk.server.messages_to_send()
    assert flow.remote == ("192.0.2.14", 5060)
    assert b"Via: SIP/2.0/UDP pbx;branch=z9hG4bKp;received=192.0.2.14\r\n" in raw


def test_the_client_answers_our_bye() -> None:
    talk = Conversation()
    talk.invite()
    talk.server.bye(talk.dialog_id, now=talk.now)
    talk.settle()
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "bye_sent", 200)
    assert [e.request.method for e in talk.heard if isinstance(e, PeerRequestReceived)] == ["BYE"]


def test_a_bye_that_the_peer_refuses_ends_the_dialog_on_our_side() -> None:
    """OpenSIPS answers a recorder's BYE with 405."""
    talk = answered_call()
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(_, raw)] = talk.server.messages_to_send()
    refusal = raw.replace(b"BYE sip:src@192.0.2.14:5070 SIP/2.0", b"SIP/2.0 405 No", 1)
    talk.send_raw(refusal)
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "bye_sent", 405)


def test_an_unanswered_invite_is_ended_with_480() -> None:
    talk = Conversation(answers=False)
    talk.invite()
    assert talk.server.bye(talk.dialog_id, now=talk.now)
    talk.settle()
    assert talk.statuses("INVITE") == [100, 480]
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "refused", 480)


def test_metadata_are_asked_for_as_a_whole_by_update() -> None:
    talk = Conversation()
    talk.invite()
    assert talk.server.request_snapshot(talk.dialog_id, "restarted", now=talk.now)
    [(_, raw)] = talk.server.messages_to_send()
    asked = parse_message(raw)
    assert raw.startswith(b"UPDATE sip:src@192.0.2.14:5070 SIP/2.0\r\n")
    assert asked.content_type.value == "application/rs-metadata-request"
    assert asked.content_disposition.value == "recording-session"
    assert asked.body == b"restarted"


def test_a_peer_without_update_and_a_call_that_is_over_are_not_asked() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Allow="INVITE, ACK, BYE"))
    assert not talk.server.request_snapshot(talk.dialog_id, "restarted", now=talk.now)
    over = answered_call()
    over.server.bye(over.dialog_id, now=over.now)
    assert not over.server.request_snapshot(over.dialog_id, "restarted", now=over.now)


def test_a_refused_snapshot_request_ends_nothing() -> None:
    talk = Conversation()
    talk.invite()
    talk.server.request_snapshot(talk.dialog_id, "restarted", now=talk.now)
    talk.settle()  # the client knows no such request
    assert talk.server.dialog_count == 1
