"""The user agent server: calls from INVITE to BYE, and what it refuses by itself."""

from dataclasses import replace

import pytest

from callvault.sip import (
    AgentSettings,
    DialogEnded,
    Flow,
    InfoReceived,
    InviteReceived,
    MessageSeen,
    OptionsReceived,
    OwnAddress,
    Request,
    RequestRefused,
    Response,
    StrangerHeard,
    Transport,
    UserAgentServer,
    parse_message,
)
from tests.sip.harness import (
    ANSWER,
    CLIENT,
    INVITATION,
    SERVER,
    Conversation,
    raw_request,
    with_headers,
)

TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_runs_from_invite_to_bye(transport: Transport) -> None:
    talk = Conversation(transport=transport)
    call = talk.invite()
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    assert talk.kinds() == ["InviteReceived", "AckReceived", "ByeReceived", "DialogEnded"]
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "bye_received", 200)
    assert talk.server.dialog_count == 0


def test_every_message_of_a_dialog_is_seen_between_its_first_and_last_event() -> None:
    talk = Conversation()
    call = talk.invite()
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    assert isinstance(talk.seen[0], InviteReceived)
    assert isinstance(talk.seen[-1], DialogEnded)
    words = [e.raw.split(b" ")[int(e.sent)] for e in talk.seen if isinstance(e, MessageSeen)]
    assert words == [b"INVITE", b"100", b"200", b"ACK", b"BYE", b"200"]


def test_the_200_says_what_a_recording_server_must_say() -> None:
    talk = Conversation(transport="tcp")
    talk.invite()
    answer = talk.sent_by_server[-1]
    fields = dict(answer.headers)
    assert fields["Contact"] == "<sip:srs@192.0.2.200:5060;transport=tcp>;+sip.srs"
    assert fields["Supported"] == "siprec, timer, replaces"
    assert fields["Session-Expires"] == "1800;refresher=uac"
    assert fields["Require"] == "timer"
    assert fields["To"] == "<sip:srs@192.0.2.200>;tag=s1"
    assert answer.body == ANSWER


def test_the_200_requires_nothing_of_a_peer_without_timers() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Supported=""))
    fields = dict(talk.sent_by_server[-1].headers)
    assert "Require" not in fields
    assert "Session-Expires" not in fields


def test_an_advertised_host_stands_in_the_contact() -> None:
    talk = Conversation(settings=AgentSettings(own_address=OwnAddress("203.0.113.5")))
    talk.invite()
    assert dict(talk.sent_by_server[-1].headers)["Contact"] == (
        "<sip:srs@203.0.113.5:5060>;+sip.srs"
    )


def test_a_session_id_is_answered_with_a_half_of_our_own() -> None:
    talk = Conversation()
    theirs = "ab30317f1a784dc48ff824d0d3715d86"
    talk.invite(with_headers(INVITATION, Session_ID=f"{theirs};remote={'0' * 32}"))
    ours, _, remote = dict(talk.sent_by_server[-1].headers)["Session-ID"].partition(";remote=")
    assert remote == theirs
    assert len(ours) == 32
    assert ours != theirs


@pytest.mark.parametrize(("status", "header"), [(404, None), (503, "Retry-After"), (415, "Accept")])
def test_a_refused_invite_leaves_no_dialog(status: int, header: str | None) -> None:
    talk = Conversation(answers=False)
    talk.invite()
    assert talk.server.respond(talk.request_id, status, now=talk.now)
    talk.settle()
    answer = talk.sent_by_server[-1]
    assert isinstance(answer, Response)
    assert answer.status == status
    assert header is None or answer.headers.first(header)
    assert talk.seen[-1] == DialogEnded(talk.dialog_id, "refused", status)
    assert talk.server.dialog_count == 0


def test_an_application_may_send_183_before_its_answer() -> None:
    talk = Conversation(answers=False)
    talk.invite()
    assert talk.server.respond(talk.request_id, 183, now=talk.now)
    assert talk.accept(talk.request_id)
    talk.settle()
    assert talk.statuses("INVITE") == [100, 183, 200]


def test_an_answer_is_given_once() -> None:
    talk = Conversation(answers=False)
    talk.invite()
    assert talk.accept(talk.request_id)
    assert not talk.accept(talk.request_id)


@pytest.mark.parametrize(
    ("method", "status"),
    [("REFER", 405), ("SUBSCRIBE", 405), ("MESSAGE", 405), ("PUBLISH", 405), ("DANCE", 501)],
)
def test_a_method_that_is_not_taken_is_refused_with_allow(method: str, status: int) -> None:
    talk = Conversation()
    answer = talk.ask(method)
    assert answer.status == status
    assert answer.headers.first("allow") == "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO"


def test_an_unknown_required_extension_is_named() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Require="siprec, teleport, 100rel"))
    answer = talk.sent_by_server[-1]
    assert talk.statuses("INVITE") == [420]
    assert answer.headers.first("unsupported") == "teleport"
    assert [e.status for e in talk.seen if isinstance(e, RequestRefused)] == [420]


@pytest.mark.parametrize("method", ["BYE", "UPDATE", "INFO"])
def test_a_request_for_an_unknown_dialog_is_answered_481(method: str) -> None:
    talk = Conversation()
    assert talk.ask(method, to="<sip:srs@192.0.2.200>;tag=gone").status == 481
    assert talk.ask(method, branch="z9hG4bKother").status == 481


def test_an_ack_for_nothing_is_not_answered() -> None:
    talk = Conversation()
    assert talk.send_raw(raw_request("ACK")) == []
    assert talk.send_raw(raw_request("ACK", cseq="junk")) == []


def test_options_tell_what_is_taken_here() -> None:
    talk = Conversation()
    answer = talk.ask("OPTIONS")
    assert answer.status == 200
    assert answer.headers.first("accept") == (
        "application/sdp, application/rs-metadata, application/rs-metadata+xml, multipart/mixed"
    )
    assert answer.headers.first("supported") == "siprec, timer, replaces"
    assert isinstance(talk.seen[-1], OptionsReceived)


def test_options_are_refused_while_the_node_is_unavailable() -> None:
    talk = Conversation()
    talk.server.unavailable = "draining"
    answer = talk.ask("OPTIONS")
    assert (answer.status, answer.headers.first("retry-after")) == (503, "30")
    talk.server.unavailable = ""
    assert talk.ask("OPTIONS", branch="z9hG4bKlater").status == 200


def test_options_inside_a_dialog_are_answered_even_while_unavailable() -> None:
    talk = Conversation()
    call = talk.invite()
    talk.server.unavailable = "draining"
    talk.client.request(call, "OPTIONS", now=talk.now)
    talk.settle()
    assert talk.statuses("OPTIONS") == [200]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/media_control+xml", 200),
        ("application/x-broadworks-x", 200),
        ("text/odd", 415),
    ],
)
def test_an_info_is_answered_by_its_body(content_type: str, status: int) -> None:
    talk = Conversation()
    call = talk.invite()
    talk.client.request(call, "INFO", content_type=content_type, body=b"x", now=talk.now)
    talk.settle()
    assert talk.statuses("INFO") == [status]
    assert [e.accepted for e in talk.seen if isinstance(e, InfoReceived)] == [status == 200]
    assert status == 200 or talk.sent_by_server[-1].headers.first("accept")


def test_a_mandatory_body_of_unknown_type_is_refused() -> None:
    talk = Conversation()
    talk.invite(replace(INVITATION, content_type="text/plain"))
    assert talk.statuses("INVITE") == [415]


def test_an_optional_body_of_unknown_type_is_passed_by() -> None:
    talk = Conversation()
    odd = replace(INVITATION, content_type="text/plain")
    talk.invite(with_headers(odd, Content_Disposition="render;handling=optional"))
    assert talk.statuses("INVITE") == [100, 200]


def test_an_encoded_body_is_refused_with_what_would_do() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Content_Encoding="gzip"))
    assert talk.statuses("INVITE") == [415]
    assert talk.sent_by_server[-1].headers.first("accept-encoding") == "identity"


@pytest.mark.parametrize(
    "broken",
    [
        raw_request("INVITE", cseq="4294967296 INVITE"),
        raw_request("INVITE", cseq="1 BYE"),
        raw_request("INVITE", to=""),
        raw_request("INVITE").replace(b" SIP/2.0\r\n", b"\r\n", 1),
    ],
)
def test_a_request_that_cannot_be_used_is_answered_400(broken: bytes) -> None:
    talk = Conversation()
    answers = talk.send_raw(broken)
    assert [a.status for a in answers if isinstance(a, Response)] == [400]
    assert talk.server.dialog_count == 0


def test_what_has_no_via_gets_no_answer() -> None:
    talk = Conversation()
    without = b"\r\n".join(
        line for line in raw_request("INVITE").split(b"\r\n") if not line.startswith(b"Via")
    )
    assert talk.send_raw(without) == []


def test_other_versions_and_schemes_are_refused_by_name() -> None:
    talk = Conversation()
    version = talk.send_raw(raw_request("INVITE").replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1))
    scheme = talk.send_raw(raw_request("INVITE", uri="soup:1001@example.com"))
    assert [a.status for a in (*version, *scheme) if isinstance(a, Response)] == [505, 416]


def test_a_stranger_gets_nothing_and_is_reported_once_a_minute() -> None:
    server = UserAgentServer(AgentSettings(), admits=lambda _: False)
    flow = Flow("udp", SERVER, CLIENT)
    knock = raw_request("INVITE", extra="User-Agent: scanner\r\n")
    for second in range(3):
        server.receive(knock, flow=flow, now=100.0 + second)
    server.receive(knock, flow=flow, now=161.0)
    assert server.messages_to_send() == []
    assert server.events() == [
        StrangerHeard(flow, "INVITE", "sip:srs@192.0.2.200", "scanner", 1),
        StrangerHeard(flow, "INVITE", "sip:srs@192.0.2.200", "scanner", 3),
    ]


def test_the_connection_of_a_stranger_is_closed() -> None:
    server = UserAgentServer(AgentSettings(), admits=lambda _: False)
    flow = Flow("tcp", SERVER, CLIENT, 7)
    server.flow_opened(flow, 1.0)
    server.receive(b"OPTIONS sip:x SIP/2.0\r\n", flow=flow, now=1.0)
    assert server.flows_to_close() == [flow]
    assert server.messages_to_send() == []


def test_strangers_take_no_connection_from_those_who_are_admitted() -> None:
    server = UserAgentServer(AgentSettings(), admits=lambda flow: flow.remote == CLIENT)
    strangers = [Flow("tcp", SERVER, ("192.0.2.66", 1000 + n), n) for n in range(1, 5000)]
    for flow in strangers:
        server.flow_opened(flow, 1.0)
    assert server.flows_to_close() == strangers[64:]
    friend = Flow("tcp", SERVER, CLIENT, 9999)
    server.flow_opened(friend, 1.0)
    server.receive(raw_request("OPTIONS"), flow=friend, now=1.0)
    assert len(server.messages_to_send()) == 1
    server.flow_closed(strangers[0], 2.0)
    server.flow_opened(Flow("tcp", SERVER, ("192.0.2.67", 1), 6000), 2.0)
    assert server.flows_to_close() == []


def test_a_full_node_refuses_new_calls_and_still_ends_old_ones() -> None:
    talk = Conversation(settings=AgentSettings(max_dialogs=1))
    call = talk.invite()
    talk.invite()
    assert talk.statuses("INVITE") == [100, 200, 503]
    assert talk.ask("OPTIONS").status == 503
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    assert talk.statuses("BYE") == [200]


def test_a_full_transaction_table_refuses_without_remembering() -> None:
    talk = Conversation(settings=AgentSettings(max_transactions=1))
    talk.invite()
    answers = [talk.ask("INVITE", branch=f"z9hG4bK{n}") for n in range(5)]
    assert {answer.status for answer in answers} == {503}
    assert {answer.headers.first("retry-after") for answer in answers} == {"30"}
    assert talk.server.dialog_count == 1


def test_a_keep_alive_datagram_is_passed_over() -> None:
    talk = Conversation()
    assert talk.send_raw_bytes(b"\r\n\r\n") == []
    assert talk.send_raw_bytes(b"\0") == []
    assert talk.seen == []


def test_a_keep_alive_on_a_connection_is_answered() -> None:
    talk = Conversation(transport="tcp")
    assert talk.send_raw_bytes(b"\r\n\r\n") == [b"\r\n"]


def test_a_connection_without_content_length_is_told_and_closed() -> None:
    talk = Conversation(transport="tcp")
    raw = raw_request("INVITE", extra="Content-Type: application/sdp\r\n")
    answers = talk.send_raw(raw.replace(b"Content-Length: 0\r\n", b"") + b"v=0\r\n")
    assert [a.status for a in answers if isinstance(a, Response)] == [400]
    assert talk.server.flows_to_close() == [talk.server_flow]


def test_a_message_that_does_not_end_closes_its_connection() -> None:
    talk = Conversation(transport="tcp")
    talk.send_raw_bytes(b"INVITE sip:srs@192.0.2.200 SIP/2.0\r\nVia: ")
    talk.wait(31.9)
    assert talk.server.flows_to_close() == []
    talk.wait(0.2)
    assert talk.server.flows_to_close() == [talk.server_flow]


def test_two_messages_in_one_segment_are_two_messages() -> None:
    talk = Conversation(transport="tcp")
    pair = raw_request("OPTIONS") + raw_request("OPTIONS", branch="z9hG4bKtwo")
    assert len(talk.send_raw(pair)) == 2


def test_a_message_byte_by_byte_is_one_message() -> None:
    talk = Conversation(transport="tcp")
    answers = [a for byte in raw_request("OPTIONS") for a in talk.send_raw(bytes([byte]))]
    assert len(answers) == 1


def test_merged_requests_are_refused_and_new_attempts_are_not() -> None:
    """By RFC 3261, 8.2.2.2, told apart by the branch of the farthest Via."""
    talk = Conversation(answers=False)
    far = "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKfar"
    first = talk.ask("INVITE", branch="z9hG4bKone", extra=f"Via: {far}\r\n")
    merged = talk.ask("INVITE", branch="z9hG4bKtwo", extra=f"Via: {far}\r\n")
    again = talk.ask("INVITE", branch="z9hG4bKthree", extra=f"Via: {far}2\r\n")
    assert [first.status, merged.status, again.status] == [100, 482, 100]
    assert talk.server.dialog_count == 2


def test_the_same_call_id_may_name_several_dialogs() -> None:
    talk = Conversation()
    first = talk.ask("INVITE", branch="z9hG4bKone", from_="<sip:1001@example.com>;tag=a")
    second = talk.ask("INVITE", branch="z9hG4bKtwo", from_="<sip:1001@example.com>;tag=b")
    assert [first.status, second.status] == [100, 100]
    assert talk.server.dialog_count == 2


def test_an_application_that_never_answers_is_overtaken_by_500() -> None:
    talk = Conversation(answers=False)
    talk.invite()
    talk.wait(32)
    assert talk.statuses("INVITE")[-1] == 500
    assert talk.kinds() == ["InviteReceived", "AnswerOverdue", "DialogEnded"]
    assert not talk.accept(talk.request_id)


def test_headers_of_the_client_are_kept_as_received() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, X_Acme_Call_ID="42", User_to_User="ab;encoding=hex"))
    request = talk.seen[0].request  # type: ignore[union-attr]
    assert isinstance(request, Request)
    assert request.kept_headers() == [("X-Acme-Call-ID", "42"), ("User-to-User", "ab;encoding=hex")]


@pytest.mark.parametrize(
    ("answers", "method", "expected"),
    [(False, "INVITE", []), (True, "INVITE", [403]), (True, "OPTIONS", [403]), (True, "ACK", [])],
)
def test_a_stranger_gets_nothing_or_403(answers: bool, method: str, expected: list[int]) -> None:
    settings = AgentSettings(answers_strangers=answers)
    agent = UserAgentServer(settings, admits=lambda _: False)
    flow = Flow("tcp", SERVER, CLIENT, 1)
    agent.flow_opened(flow, 1.0)
    agent.receive(raw_request(method), flow=flow, now=1.0)
    sent = [parse_message(raw) for _, raw in agent.messages_to_send()]
    assert [one.status for one in sent if isinstance(one, Response)] == expected
    assert [type(event) for event in agent.events()] == [StrangerHeard]
    assert agent.flows_to_close() == [flow]


def test_connections_of_two_drivers_with_the_same_number_are_two() -> None:
    agent = UserAgentServer(AgentSettings(), admits=lambda _: True)
    tcp, tls = Flow("tcp", SERVER, CLIENT, 1), Flow("tls", SERVER, CLIENT, 1)
    for flow in (tcp, tls):
        agent.flow_opened(flow, 1.0)
    request = raw_request("OPTIONS")
    agent.receive(request[:100], flow=tcp, now=1.0)
    agent.receive(request, flow=tls, now=1.0)
    agent.receive(request[100:], flow=tcp, now=1.0)
    assert [flow for flow, _ in agent.messages_to_send()] == [tls, tcp]
    agent.flow_closed(tcp, 2.0)
    agent.receive(raw_request("OPTIONS", branch="z9hG4bKnext"), flow=tls, now=2.0)
    assert [flow for flow, _ in agent.messages_to_send()] == [tls]
