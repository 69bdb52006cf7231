"""Single header values, in the spellings of the field."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.errors import RemoteProtocolError
from callvault.sip.headers import (
    Address,
    CSeq,
    MediaType,
    SessionExpires,
    Uri,
    Via,
    join_host_port,
    parse_parameters,
    split_host_port,
    split_list,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '"Ann Lee" <sip:1001@example.com;user=phone>;tag=a1',
            Address(
                "Ann Lee",
                Uri(
                    "sip:1001@example.com;user=phone",
                    "sip",
                    "1001",
                    "example.com",
                    None,
                    (("user", "phone"),),
                ),
                (("tag", "a1"),),
            ),
        ),
        (
            '"X"<sip:1001@192.0.2.1:5070>;tag=a1',
            Address(
                "X",
                Uri("sip:1001@192.0.2.1:5070", "sip", "1001", "192.0.2.1", 5070),
                (("tag", "a1"),),
            ),
        ),
        (
            "sip:acmeSrc@192.0.2.1;tag=a1",
            Address(
                "", Uri("sip:acmeSrc@192.0.2.1", "sip", "acmeSrc", "192.0.2.1"), (("tag", "a1"),)
            ),
        ),
        ("<sip:192.0.2.200>", Address("", Uri("sip:192.0.2.200", "sip", "", "192.0.2.200"))),
        (
            "Ann Lee <sip:1001@example.com",
            Address("Ann Lee", Uri("sip:1001@example.com", "sip", "1001", "example.com")),
        ),
        ("<sip192.168.1.1>", Address("", Uri("sip192.168.1.1"))),
        (
            "tel:+390212345;ext=7",
            Address("", Uri("tel:+390212345", "tel", "+390212345"), (("ext", "7"),)),
        ),
        (
            '"a \\"quoted\\" name, with <things>" <sip:x@example.com>',
            Address(
                'a "quoted" name, with <things>',
                Uri("sip:x@example.com", "sip", "x", "example.com"),
            ),
        ),
        ("", Address("", Uri(""))),
    ],
)
def test_addresses_are_read_in_all_their_spellings(text: str, expected: Address) -> None:
    assert Address.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:%2B390212@example.com", "+390212", "example.com", None),
        ("sip:+390212;phone-context=x@example.com", "+390212", "example.com", None),
        ("sips:ann:secret@[2001:db8::1]:5061;transport=tls", "ann", "2001:db8::1", 5061),
        ("sip: 777 @example.com", "777", "example.com", None),
        ("SIP:ann@example.com?subject=x@y", "ann", "example.com", None),
        ("sip:a?b@example.com", "a?b", "example.com", None),
        ("sip:ann@example.com:99999", "ann", "example.com", None),
        ("tel:+39-02-1", "+39-02-1", "", None),
    ],
)
def test_uris_are_taken_apart(text: str, user: str, host: str, port: int | None) -> None:
    uri = Uri.parse(text)
    assert (uri.user, uri.host, uri.port, uri.text) == (user, host, port, text)


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:src@192.0.2.1>;+sip.src",
        "<sip:src@192.0.2.1;+sip.src>",
        "<sip:src@192.0.2.1>;src",
        "<sip:src@192.0.2.1;transport=tcp>;expires=5;+SIP.SRC",
        "<sip:src@192.0.2.1;+sip.src",
        "sip:src@192.0.2.1;+sip-src",
    ],
)
def test_a_recording_client_is_known_by_any_spelling_of_its_tag(contact: str) -> None:
    assert Address.parse(contact).is_recording_client


def test_a_contact_without_the_tag_is_no_recording_client() -> None:
    assert not Address.parse("<sip:src@192.0.2.1;source=x>;q=0.5").is_recording_client


def test_parameters_of_uri_and_header_are_found_wherever_they_stand() -> None:
    """CUCM folds its sixteen parameters into the URI; others put them behind it."""
    inside = Address.parse("<sip:1001@192.0.2.1;x-nearend;x-refci=25 ;X-NearEndDevice=SEP1>;tag=t")
    outside = Address.parse("<sip:1001@192.0.2.1>; x-nearend; x-refci=25; x-nearenddevice=SEP1")
    for address in (inside, outside):
        assert address.any_parameter("x-nearend") == ""
        assert address.any_parameter("X-REFCI") == "25"
        assert address.any_parameter("x-nearenddevice") == "SEP1"
        assert address.any_parameter("x-farend") is None


def test_lists_are_split_outside_quotes_and_brackets() -> None:
    text = ' "a,b" <sip:x@example.com;p=1,2>;q="x,y" , <sip:z>,,last '
    assert split_list(text) == [
        '"a,b" <sip:x@example.com;p=1,2>;q="x,y"',
        "<sip:z>",
        "last",
    ]
    assert split_list("") == []


def test_parameters_keep_order_case_and_flags() -> None:
    assert parse_parameters(';a = 1; B ;c="x;\\"y";; =z') == (("a", "1"), ("B", ""), ("c", 'x;"y'))


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1:5070", "192.0.2.1", 5070),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("a b", "a b", None),
    ],
)
def test_hosts_and_ports_are_split(text: str, host: str, port: int | None) -> None:
    assert split_host_port(text) == (host, port)


def test_ipv6_hosts_are_written_in_brackets() -> None:
    assert join_host_port("2001:db8::1", 5060) == "[2001:db8::1]:5060"
    assert join_host_port("example.com", None) == "example.com"


def test_a_via_is_completed_with_where_the_request_came_from() -> None:
    via = Via.parse("SIP / 2.0 / UDP  pbx.example.com : 5070 ;branch=z9hG4bK1 ;rport")
    assert (via.transport, via.host, via.port, via.branch) == (
        "UDP",
        "pbx.example.com",
        5070,
        "z9hG4bK1",
    )
    assert str(via.with_source("192.0.2.1", 40000)) == (
        "SIP/2.0/UDP pbx.example.com:5070;branch=z9hG4bK1;rport=40000;received=192.0.2.1"
    )


def test_a_via_that_says_the_truth_stays_as_it_is() -> None:
    via = Via.parse("SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bK1;alias")
    assert via.with_source("192.0.2.1", 40000) == via


@pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "HTTP/1.1/TCP host", "SIP/2.0/UDP    "])
def test_a_via_without_protocol_or_place_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Via.parse(text)


def test_a_cseq_is_a_number_of_32_bits_and_a_method() -> None:
    assert CSeq.parse(" 4294967295   INVITE ") == CSeq(4294967295, "INVITE")


@pytest.mark.parametrize("text", ["", "INVITE", "4294967296 INVITE", "-1 INVITE", "1", "٣ INVITE"])
def test_any_other_cseq_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        CSeq.parse(text)


def test_media_types_lose_case_and_blanks() -> None:
    parsed = MediaType.parse('Multipart/Mixed ; Boundary = "a b" ;charset=x')
    assert parsed == MediaType("multipart/mixed", (("Boundary", "a b"), ("charset", "x")))
    assert parsed.parameter("boundary") == "a b"
    assert MediaType.parse("") == MediaType("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1800", SessionExpires(1800)),
        (" 1800 ;refresher=UAS", SessionExpires(1800, "uas")),
        ("1800;refresher=both", SessionExpires(1800)),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_session_intervals_are_read_or_passed_over(
    text: str, expected: SessionExpires | None
) -> None:
    assert SessionExpires.parse(text) == expected


@given(st.text(max_size=80))
def test_no_text_upsets_the_tolerant_readers(text: str) -> None:
    Address.parse(text)
    Uri.parse(text)
    MediaType.parse(text)
    SessionExpires.parse(text)
    split_list(text)
    parse_parameters(text)


@given(st.text(max_size=80))
def test_the_strict_readers_raise_only_our_error(text: str) -> None:
    for reader in (Via.parse, CSeq.parse):
        with suppress(RemoteProtocolError):
            reader(text)
