"""Whom a certificate names."""

from typing import Any

import pytest

from callvault.sip.peer_names import MAX_NAMES, peer_names

SUBJECT = ((("organizationName", "Example"),), (("commonName", "SBC.example.com."),))


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        ({"subject": SUBJECT}, ("sbc.example.com",)),
        ({"subject": SUBJECT, "subjectAltName": (("DNS", "A.example.com"),)}, ("a.example.com",)),
        (
            {
                "subjectAltName": (
                    ("URI", "sip:example.com"),
                    ("URI", "SIPS:Ann@example.com"),
                    ("IP Address", "2001:DB8:0:0:0:0:0:1\n"),
                    ("IP Address", "<invalid>"),
                    ("DNS", "a.example.com"),
                    ("email", "ann@example.com"),
                )
            },
            ("example.com", "sips:ann@example.com", "2001:db8::1", "a.example.com"),
        ),
        ({"subject": SUBJECT, "subjectAltName": (("email", "a@b.c"),)}, ("sbc.example.com",)),
        ({}, ()),
    ],
)
def test_alternative_names_count_and_else_the_common_name(
    certificate: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert peer_names(certificate) == names


def test_names_are_bounded_in_number_and_length() -> None:
    many = tuple(("DNS", f"h{number}.example.com") for number in range(1000))
    assert len(peer_names({"subjectAltName": many})) == MAX_NAMES
    assert peer_names({"subjectAltName": (("DNS", "x" * 300),)}) == ()
