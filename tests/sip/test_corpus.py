"""Messages of the field, one quirk a file, each with a twin that must be refused.

All are of our own making: invented names and numbers, documentation addresses.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from callvault.sip import Flow, InviteReceived, Request, RequestRefused, Response
from tests.sip.harness import Conversation

CORPUS = Path(__file__).parent.parent / "corpus" / "sip"
TRUNCATION_STEP = 13  # with some sixty files, each byte position is cut somewhere


@dataclass(frozen=True)
class Reading:
    """What the agent understands of a good message, and how it refuses its twin."""

    caller: str = "1001"  # user of From
    tag: str = "a1"
    is_src: bool = True
    refusal: int | None = 400  # None: not even an answer is possible


EXPECTED = {
    "accept_folded_and_repeated": Reading(refusal=420),
    "avaya_src_tag_inside_brackets": Reading(refusal=420),
    "bare_line_feeds": Reading(),
    "blanks_before_colons": Reading(),
    "broadworks_route_naming_itself": Reading(),
    "broadworks_src_as_plain_parameter": Reading(),
    "compact_headers": Reading(refusal=422),
    "cseq_close_to_its_limit": Reading(),
    "cucm_from_folded": Reading(tag="cucm1", is_src=False),
    "cucm_invite_without_offer": Reading(tag="cucm1", is_src=False, refusal=415),
    "cucm_supported_on_three_lines": Reading(is_src=False, refusal=420),
    "from_without_blank_before_bracket": Reading(),
    "gvp_parameters_after_to": Reading(refusal=416),
    "intrado_call_info_null": Reading(refusal=415),
    "ios_contact_without_colon": Reading(refusal=505),
    "ipv6_addresses": Reading(),
    "kamailio_two_record_routes": Reading(refusal=None),
    "latin1_display_name": Reading(),
    "length_beyond_datagram": Reading(refusal=422),
    "metaswitch_contact_without_closing_bracket": Reading(refusal=None),
    "opensips_from_to_and_uri_alike": Reading(caller="srs", tag="o1"),
    "oracle_from_without_brackets": Reading(caller="acmeSrc"),
    "sems_two_content_types": Reading(refusal=415),
    "session_id_without_remote": Reading(refusal=501),
    "siprecclient_dash_in_tag": Reading(),
    "siprecclient_rec_for_src": Reading(),
    "sips_over_tls": Reading(refusal=416),
}


def message(name: str) -> bytes:
    return (CORPUS / f"{name}.sip").read_bytes()


def invite_of(talk: Conversation) -> Request:
    event = talk.seen[0]
    assert isinstance(event, InviteReceived)
    return event.request


def test_each_file_of_the_corpus_is_expected_and_has_its_twin() -> None:
    names = {path.stem for path in CORPUS.glob("*.sip")}
    assert names == set(EXPECTED) | {f"{name}_invalid" for name in EXPECTED}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_message_of_the_field_is_answered_and_understood(name: str) -> None:
    talk, expected = Conversation(), EXPECTED[name]
    answers = talk.send_raw(message(name))
    assert [a.status for a in answers if isinstance(a, Response)] == [100, 200]
    invite = invite_of(talk)
    assert invite.from_address.uri.user == expected.caller
    assert invite.from_address.tag == expected.tag
    assert invite.is_from_recording_client is expected.is_src
    assert answers[1].headers.first("call-id") == invite.call_id


@pytest.mark.parametrize("name", EXPECTED)
def test_its_invalid_twin_is_refused(name: str) -> None:
    talk, expected = Conversation(), EXPECTED[name]
    answers = talk.send_raw(message(f"{name}_invalid"))
    statuses = [a.status for a in answers if isinstance(a, Response)]
    assert statuses == ([] if expected.refusal is None else [expected.refusal])
    assert talk.server.dialog_count == 0
    assert all(isinstance(event, RequestRefused) for event in talk.seen)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.sip")), ids=lambda path: path.stem)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_no_truncation_of_it_upsets_the_agent(path: Path, transport: str) -> None:
    raw = path.read_bytes()
    start = sum(path.stem.encode()) % TRUNCATION_STEP
    for end in range(start, len(raw), TRUNCATION_STEP):
        talk = Conversation(transport=transport)  # type: ignore[arg-type]
        talk.send_raw_bytes(raw[:end])
        assert talk.server.dialog_count <= 1


def test_cucm_parameters_survive_folding() -> None:
    talk = Conversation()
    talk.send_raw(message("cucm_from_folded"))
    sender = invite_of(talk).from_address
    assert sender.any_parameter("x-nearend") == ""
    assert sender.any_parameter("x-refci") == "25471835"
    assert sender.any_parameter("X-NearEndDevice") == "SEP0011AABBCCDD"
    assert sender.any_parameter("x-farendaddr") == "0200000"


def test_lists_over_several_lines_are_joined() -> None:
    talk = Conversation()
    talk.send_raw(message("cucm_supported_on_three_lines"))
    assert invite_of(talk).supported == {
        "timer",
        "resource-priority",
        "replaces",
        "x-cisco-srtp-fallback",
        "geolocation",
    }
    snapshots = Conversation()
    snapshots.send_raw(message("accept_folded_and_repeated"))
    assert invite_of(snapshots).serves_snapshots


def test_our_bye_follows_both_record_routes() -> None:
    talk = Conversation()
    talk.send_raw(message("kamailio_two_record_routes"))
    talk.wait(33)
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(flow, raw)] = talk.server.messages_to_send()
    assert flow.remote == ("192.0.2.14", 5060)
    assert raw.startswith(b"BYE sip:src@192.0.2.14:5070 SIP/2.0\r\n")
    assert raw.index(b"<sip:192.0.2.14;r2=on;lr>") < raw.index(b"<sip:198.51.100.1;")


def test_an_unreadable_contact_leads_back_to_the_source() -> None:
    talk = Conversation()
    talk.send_raw(message("ios_contact_without_colon"))
    talk.wait(33)
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(flow, _)] = talk.server.messages_to_send()
    assert flow == talk.server_flow


def test_addresses_of_ipv6_are_read_and_written_in_brackets() -> None:
    talk = Conversation()
    flow = Flow("udp", ("2001:db8::200", 5060), ("2001:db8::14", 5070))
    talk.server.receive(message("ipv6_addresses"), flow=flow, now=talk.now)
    talk.settle()
    answer = talk.sent_by_server[-1]
    assert answer.headers.first("contact") == "<sip:srs@[2001:db8::200]:5060>;+sip.srs"
    assert answer.headers.first("via") == (
        "SIP/2.0/UDP [2001:db8::14]:5070;branch=z9hG4bKcorpus61;rport=5070;received=2001:db8::14"
    )
    talk.wait(33)
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(to, raw)] = talk.server.messages_to_send()
    assert to.remote == ("2001:db8::1", 5080)
    assert raw.startswith(b"BYE sip:src@[2001:db8::14]:5070 SIP/2.0\r\n")
    assert b"Via: SIP/2.0/UDP [2001:db8::200]:5060;branch=" in raw


def test_a_sips_request_gets_a_sips_contact_and_our_bye_goes_by_tls() -> None:
    talk = Conversation()
    flow = Flow("tls", ("192.0.2.200", 5061), ("192.0.2.14", 40000), 1)
    talk.server.flow_opened(flow, talk.now)
    talk.server.receive(message("sips_over_tls"), flow=flow, now=talk.now)
    talk.settle()
    contact = talk.sent_by_server[-1].headers.first("contact")
    assert contact == "<sips:srs@192.0.2.200:5061>;+sip.srs"
    talk.server.flow_closed(flow, talk.now)
    talk.wait(33)
    talk.server.bye(talk.dialog_id, now=talk.now)
    [(to, raw)] = talk.server.messages_to_send()
    assert to == Flow("tls", ("192.0.2.200", 5061), ("192.0.2.14", 5071))
    assert raw.startswith(b"BYE sips:src@192.0.2.14:5071 SIP/2.0\r\n")
    assert b"Via: SIP/2.0/TLS 192.0.2.200:5061;branch=" in raw
