"""Words for peers: which warning goes with which problem (RFC 3261, section 20.43)."""

import pytest

from callvault.errors import OfferRefused
from callvault.recorder.facts import warning
from callvault.recorder.negotiation import Negotiation


def refusal(lines: str, connection: str = "IN IP4 192.0.2.14") -> str:
    text = f"v=0\r\no=- 1 1 IN IP4 192.0.2.14\r\ns=-\r\nc={connection}\r\nt=0 0\r\n{lines}"
    with pytest.raises(OfferRefused) as refused:
        Negotiation("192.0.2.200", session_id=1).take_offer(text.encode())
    return str(refused.value)


@pytest.mark.parametrize(
    ("lines", "connection", "code"),
    [
        ("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 X-SECRET/8000\r\n", "IN IP4 192.0.2.14", 305),
        ("m=video 4000 RTP/AVP 97\r\n", "IN IP4 192.0.2.14", 304),
        (
            "m=video 4000 RTP/AVP 97\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 X-SECRET/8000\r\n",
            "IN IP4 192.0.2.14",
            305,
        ),
        ("m=audio 4000 TCP/RTP/AVP 0\r\n", "IN IP4 192.0.2.14", 302),
        ("m=audio 4000 RTP/AVP 0\r\n", "IN IP6 2001:db8::14", 301),
        ("m=audio 0 RTP/AVP 0\r\n", "IN IP4 192.0.2.14", 399),
    ],
)
def test_each_problem_of_an_offer_has_its_code(lines: str, connection: str, code: int) -> None:
    name, value = warning("192.0.2.200", refusal(lines, connection))
    assert name == "Warning"
    assert value.startswith(f'{code} 192.0.2.200 "')


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert warning("2001:db8::5", 'a "word"')[1] == '399 [2001:db8::5] "a word"'
