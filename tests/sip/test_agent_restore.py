"""Dialogs that outlive the process: saved by one agent, gone on with by the next."""

from dataclasses import replace

import msgspec
import pytest

from callvault.sip import (
    AgentSettings,
    DialogId,
    Flow,
    Request,
    SavedDialog,
    Transport,
    UserAgentClient,
    UserAgentServer,
)
from tests.sip.harness import (
    CLIENT,
    INVITATION,
    OFFER,
    SERVER,
    Conversation,
    LossyWire,
    raw_request,
    tokens,
    with_headers,
)


def save(talk: Conversation) -> SavedDialog:
    """Describe the first dialog, by way of bytes as a checkpoint does."""
    one = talk.server.save(talk.dialog_id)
    assert one is not None
    return msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=SavedDialog)


def restart(talk: Conversation, *, connection_id: int = 0) -> None:
    """Replace the server by a new one that knows the dialog only as it was saved."""
    one = save(talk)
    talk.server = UserAgentServer(AgentSettings(), admits=lambda _: True, new_token=tokens("after"))
    if connection_id:
        talk.server_flow = replace(talk.server_flow, connection_id=connection_id)
        talk.server.flow_opened(talk.server_flow, talk.now)
    talk.seen.clear()
    talk.sent_by_server.clear()
    talk.server.restore(one, now=talk.now)


@pytest.mark.parametrize(("transport", "connection_id"), [("udp", 0), ("tcp", 5)])
def test_the_peer_goes_on_in_a_restored_dialog_as_if_nothing_had_been(
    transport: Transport, connection_id: int
) -> None:
    talk = Conversation(transport=transport)
    call = talk.invite()
    restart(talk, connection_id=connection_id)
    talk.client.request(call, "INVITE", content_type="application/sdp", body=OFFER, now=talk.now)
    talk.settle()
    talk.client.request(call, "BYE", now=talk.now)
    talk.settle()
    assert talk.kinds() == ["ReinviteReceived", "AckReceived", "ByeReceived", "DialogEnded"]
    assert talk.statuses("INVITE") == [100, 200]
    assert talk.statuses("BYE") == [200]


def test_a_restored_dialog_is_ended_by_us_with_a_higher_cseq_and_both_tags() -> None:
    talk = Conversation()
    talk.invite()
    one = save(talk)
    restart(talk)
    dialog_id = talk.server.restore(replace(one, call_id="other"), now=talk.now)
    assert talk.server.bye(dialog_id, now=talk.now)
    (raw,) = [raw for _, raw in talk.server.messages_to_send()]
    assert b"BYE sip:src@192.0.2.14:5070 SIP/2.0" in raw
    assert b"CSeq: 1001 BYE" in raw
    assert one.local.encode() in raw
    assert one.remote.encode() in raw


def test_a_connection_that_is_gone_is_replaced_by_one_to_the_contact() -> None:
    talk = Conversation(transport="tcp")
    talk.invite()
    restart(talk)
    assert talk.server.bye(DialogId(1), now=talk.now)
    ((flow, _),) = talk.server.messages_to_send()
    assert flow == Flow("tcp", SERVER, CLIENT, 0)


def test_a_restored_refresher_refreshes_soon_and_ends_a_dialog_whose_peer_has_gone() -> None:
    talk = Conversation()
    timer = with_headers(INVITATION, Session_Expires="1800;refresher=uas")
    talk.invite(timer)
    restart(talk)
    talk.wait(5)
    assert [m.method for m in talk.sent_by_server if isinstance(m, Request)] == ["UPDATE"]


def test_a_restored_dialog_whose_peer_has_gone_expires() -> None:
    talk = Conversation()
    talk.invite(with_headers(INVITATION, Session_Expires="1800;refresher=uas"))
    restart(talk)
    talk.client = UserAgentClient(new_token=tokens("gone"))
    talk.wait(40)
    assert talk.kinds() == ["SessionExpired"]


@pytest.mark.parametrize(("transport", "connection_id"), [("udp", 0), ("tcp", 5)])
def test_an_answer_whose_ack_was_lost_in_between_is_repeated_until_it_comes_again(
    transport: Transport, connection_id: int
) -> None:
    the_ack = [False, True]
    talk = Conversation(transport=transport, to_server=LossyWire(the_ack))
    talk.invite(replace(INVITATION, content_type="", body=b""))
    assert [one.is_offer for one in save(talk).answers] == [True]
    restart(talk, connection_id=connection_id)
    talk.wait(1)
    assert talk.kinds() == ["AckReceived"]
    repeated = talk.statuses("INVITE")
    assert repeated[0] == 200
    talk.wait(10)
    assert talk.statuses("INVITE") == repeated


def test_only_a_confirmed_dialog_can_be_saved() -> None:
    talk = Conversation(answers=False)
    talk.invite()
    assert talk.server.save(talk.dialog_id) is None
    talk.accept(talk.request_id)
    assert talk.server.save(talk.dialog_id) is not None
    talk.server.bye(talk.dialog_id, now=talk.now)
    assert talk.server.save(talk.dialog_id) is None


def test_an_old_request_is_still_old_after_a_restore() -> None:
    talk = Conversation()
    talk.send_raw(raw_request("INVITE"))
    talk.send_raw(raw_request("ACK", to="<sip:srs@192.0.2.200>;tag=s1", cseq="7 ACK"))
    restart(talk)
    answer = talk.ask("UPDATE", to="<sip:srs@192.0.2.200>;tag=s1", cseq="6 UPDATE")
    assert answer.status == 500
