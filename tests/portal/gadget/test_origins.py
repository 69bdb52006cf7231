"""What is an origin, and what is told of a text that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.gadget.origins import BadOrigin, origin_of


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://finesse.example.com:8445", "https://finesse.example.com:8445"),
        (" HTTPS://Finesse.Example.com/ ", "https://finesse.example.com"),
        ("https://desk.example.com:443", "https://desk.example.com"),
        ("https://192.0.2.7:8445", "https://192.0.2.7:8445"),
        ("https://[2001:db8::7]:8445", "https://[2001:db8::7]:8445"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_an_origin_is_written_in_one_form(typed: str, origin: str) -> None:
    assert origin_of(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "finesse.example.com",
        "https://",
        "https://finesse.example.com/desktop",
        "https://finesse.example.com?x=1",
        "https://ann:secret@finesse.example.com",
        "https://*.example.com",
        "https://finesse.example.com:port",
        "https://finesse.example.com; script-src *",
        "http://finesse.example.com",
        "javascript:alert(1)",
        "'self'",
        "*",
        "https://[2001:db8::7",
        "https://[fe80::1%eth0]",
        "https://[fe80::1%; script-src *]",
    ],
)
def test_what_is_none_is_refused(typed: str) -> None:
    with pytest.raises(BadOrigin):
        origin_of(typed)


@given(
    st.text(max_size=60)
    | st.text(max_size=40).map("https://{}".format)
    | st.text(max_size=20).map("https://[fe80::1%{}]".format)
)
def test_nothing_that_means_more_gets_into_a_policy(typed: str) -> None:
    try:
        origin = origin_of(typed)
    except BadOrigin:
        return
    assert not set(origin) & set(" ;,'\"*\n\t")
    assert origin_of(origin) == origin
