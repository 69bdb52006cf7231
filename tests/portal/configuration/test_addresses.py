"""Lists of addresses and networks, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.configuration.addresses import AddressError, parse_networks


def test_addresses_and_networks_come_back_in_one_form() -> None:
    typed = " 192.0.2.14 \n\n2001:DB8::/32\n198.51.100.0/24\n192.0.2.14/32\n2001:0db8:0::1"
    assert parse_networks(typed) == [
        "192.0.2.14",
        "2001:db8::/32",
        "198.51.100.0/24",
        "2001:db8::1",
    ]


def test_an_ipv4_address_written_as_ipv6_is_the_peer_it_means() -> None:
    assert parse_networks("::ffff:192.0.2.15\n192.0.2.15") == ["192.0.2.15"]


@pytest.mark.parametrize(
    ("typed", "line", "message"),
    [
        ("192.0.2.14\nsbc.example.com", 2, "Line 2: “sbc.example.com” is no address or network."),
        ("\n192.0.2.300", 2, "Line 2: “192.0.2.300” is no address or network."),
        ("fe80::1%eth0", 1, "Line 1: “fe80::1%eth0” is no address or network."),
        ("192.0.2.14/24", 1, "Line 1: 192.0.2.14/24 is inside a network. Write 192.0.2.0/24."),
    ],
)
def test_the_line_that_is_wrong_is_named(typed: str, line: int, message: str) -> None:
    with pytest.raises(AddressError, match=message) as refused:
        parse_networks(typed)
    assert refused.value.line == line


@given(st.text(max_size=40))
def test_any_text_is_a_list_or_an_address_error(typed: str) -> None:
    try:
        found = parse_networks(typed)
    except AddressError:
        return
    assert parse_networks("\n".join(found)) == found
