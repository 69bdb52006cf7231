"""INVITEs told apart, and addresses as they come."""

import pytest

from callvault.siprec import CallClass, classify, display_name, user_and_host


@pytest.mark.parametrize(
    ("has_metadata", "is_from_recording_client", "expected"),
    [
        (True, False, CallClass.SIPREC),  # BroadWorks and IOS 15.6 do not say what they are
        (False, True, CallClass.SIPREC_WITHOUT_METADATA),
        (False, False, CallClass.PLAIN),
    ],
)
def test_what_is_carried_counts_for_more_than_what_is_said(
    has_metadata: bool, is_from_recording_client: bool, expected: CallClass
) -> None:
    found = classify(has_metadata=has_metadata, is_from_recording_client=is_from_recording_client)
    assert found is expected


@pytest.mark.parametrize(
    ("aor", "expected"),
    [
        ("sip:1001@pbx.example.com", ("1001", "pbx.example.com")),
        ("SIPS:ann%20k@PBX.example.com:5061;user=phone", ("ann k", "pbx.example.com")),
        ("tel:+1-555-0142;phone-context=x", ("+1-555-0142", "")),
        ("+15550142", ("+15550142", "")),
        ("sip: 777 @host.example", ("777", "host.example")),
        ("sip:x", ("x", "")),
        ("sip:192.0.2.14", ("", "192.0.2.14")),
        ("sip:1001:secret@[2001:db8::1]:5060", ("1001", "[2001:db8::1]")),
        ('"Ann Keller" <sip:1001@h>;tag=1', ("1001", "h")),
        ("1001;x=y@h", ("1001", "h")),
        ("", ("", "")),
    ],
)
def test_an_address_is_taken_apart_however_it_is_written(
    aor: str, expected: tuple[str, str]
) -> None:
    assert user_and_host(aor) == expected


def test_a_display_name_inside_an_address_is_found() -> None:
    assert display_name('"Ann Keller" <sip:1001@h>') == "Ann Keller"
    assert display_name("sip:1001@h") == ""
