"""Messages as values: what is asked of them, and how they are written."""

from collections.abc import Callable

import pytest

from callvault.errors import RemoteProtocolError
from callvault.sip import Headers, MediaType, Request, Response, SessionExpires, parse_message
from callvault.sip.headers import CSeq
from callvault.sip.message import build_headers


def request(*fields: tuple[str, str], body: bytes = b"") -> Request:
    return Request(Headers(fields), body, b"", "INVITE", "sip:85001234@192.0.2.200")


def test_a_message_of_ours_is_written_with_its_length() -> None:
    built = request(("Call-ID", "a@b"), ("Content-Type", "text/plain"), body=b"hello")
    assert bytes(built) == (
        b"INVITE sip:85001234@192.0.2.200 SIP/2.0\r\nCall-ID: a@b\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    )
    answer = Response(Headers((("Call-ID", "a@b"),)), b"", b"", 200, "OK")
    assert bytes(answer) == b"SIP/2.0 200 OK\r\nCall-ID: a@b\r\nContent-Length: 0\r\n\r\n"


def test_a_built_message_reads_back_as_itself() -> None:
    built = request(("From", "<sip:a@b>;tag=\udcff"), ("To", "é"), body=b"\x00\xff")
    read = parse_message(bytes(built))
    assert isinstance(read, Request)
    assert (read.method, read.uri, read.body) == (built.method, built.uri, built.body)
    assert read.headers.fields[:2] == built.headers.fields


def test_a_value_of_ours_cannot_begin_a_new_header() -> None:
    built = build_headers([("Reason", "Q.850\r\nVia: evil")])
    assert built.fields == (("Reason", "Q.850 Via: evil"),)


def test_repeated_and_listed_headers_are_one_list() -> None:
    message = request(
        ("Supported", "timer, 100rel"),
        ("k", "replaces"),
        ("SUPPORTED", ""),
        ("Require", "Siprec"),
        ("Allow", "invite,ACK"),
    )
    assert message.supported == {"timer", "100rel", "replaces"}
    assert message.require == {"siprec"}
    assert message.allow == {"INVITE", "ACK"}
    assert message.accept == frozenset()


def test_an_empty_supported_has_no_tags() -> None:
    assert request(("Supported", "")).supported == frozenset()


def test_typed_access_reads_what_is_asked_and_nothing_else() -> None:
    message = request(
        ("CSeq", "1002417742 INVITE"),
        ("Session-Expires", "1800;refresher=uac"),
        ("Min-SE", "90"),
        ("Content-Type", "application/SDP"),
        ("Content-Disposition", "session;handling=optional"),
        ("Server", "pbx/1"),
        ("Via", "unreadable"),
        ("Call-Info", "(null)"),
    )
    assert message.cseq == CSeq(1002417742, "INVITE")
    assert message.session_expires == SessionExpires(1800, "uac")
    assert message.min_se_s == 90
    assert message.content_type == MediaType("application/sdp")
    assert message.content_disposition.parameter("handling") == "optional"
    assert message.user_agent == "pbx/1"
    assert message.request_uri.user == "85001234"


READERS: tuple[Callable[[Request], object], ...] = (
    lambda m: m.call_id,
    lambda m: m.cseq,
    lambda m: m.from_address,
    lambda m: m.to_address,
    lambda m: m.via,
)


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_mandatory_header_is_told_when_it_is_asked_for(
    reader: Callable[[Request], object],
) -> None:
    with pytest.raises(RemoteProtocolError):
        reader(request())


def test_of_several_content_types_the_first_counts() -> None:
    """SEMS sends a second, empty one."""
    message = request(("Content-Type", "application/rs-metadata+xml"), ("Content-Type", ""))
    assert message.content_type.value == "application/rs-metadata+xml"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((("Require", "siprec"),), True),
        ((("Supported", "timer,SIPREC"),), True),
        ((("Contact", "<sip:a@192.0.2.1;+sip.src>"),), True),
        ((("m", "<sip:a@192.0.2.1>;src"),), True),
        ((("Contact", "<sip:a@192.0.2.1>"), ("Supported", "timer")), False),
        ((), False),
    ],
)
def test_a_recording_client_is_known_by_any_of_its_signs(
    fields: tuple[tuple[str, str], ...], *, expected: bool
) -> None:
    assert request(*fields).is_from_recording_client is expected


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/sdp", b"v=0", True),
        ("application/sdp", b"", False),
        ("multipart/mixed;boundary=x", b"--x\r\nContent-Type:application/SDP\r\n\r\nv=0", True),
        ("multipart/mixed;boundary=x", b"--x\r\nContent-Type: text/xml\r\n\r\n<r/>", False),
        ("application/rs-metadata+xml", b"<r/>", False),
    ],
)
def test_a_message_says_whether_it_carries_sdp(
    content_type: str, body: bytes, *, expected: bool
) -> None:
    assert request(("Content-Type", content_type), body=body).carries_sdp is expected


def test_a_client_that_serves_snapshots_says_so_in_accept() -> None:
    assert request(("Accept", "application/sdp, application/rs-metadata-request")).serves_snapshots
    assert not request(("Accept", "application/sdp")).serves_snapshots


def test_addresses_of_any_header_are_read_in_order() -> None:
    message = request(
        ("Diversion", "<sip:8500@192.0.2.1>;reason=unconditional"), ("Diversion", "<sip:8501@x>")
    )
    assert [a.uri.user for a in message.addresses("diversion")] == ["8500", "8501"]


def test_kept_headers_are_bounded_in_number_and_size() -> None:
    many = request(*((f"X-{n}", "v") for n in range(100)))
    assert len(many.kept_headers()) == 64
    large = request(("X-Big", "v" * 16_000), ("X-More", "v" * 400), ("X-Least", "v"))
    assert [name for name, _ in large.kept_headers()] == ["X-Big"]
