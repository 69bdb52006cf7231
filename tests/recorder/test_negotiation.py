"""Which of our addresses stands in an answer: the one of the family that the media speak."""

import os

import pytest

from callvault.errors import OfferRefused
from callvault.recorder.negotiation import Negotiation


def offer(*connections: str) -> bytes:
    lines = [f"m=audio 4000 RTP/AVP 0\r\n{line}" for line in connections]
    return ("v=0\r\no=- 1 1 IN IP4 192.0.2.14\r\ns=-\r\nt=0 0\r\n" + "".join(lines)).encode()


def negotiated(address: str, text: bytes, ours: str = "2001:db8::5") -> str:
    asked: list[str] = []

    def own_address(peer: str) -> str:
        asked.append(peer)
        return ours

    one = Negotiation(address, session_id=1)
    indexes = one.take_offer(text, own_address)
    ports = {index: 10000 + 2 * index for index in indexes}
    local = bytes(one.complete(ports, os.urandom)).decode()
    assert len(asked) <= 1
    return next(line for line in local.splitlines() if line.startswith("c="))


@pytest.mark.parametrize(
    ("address", "connections", "answered"),
    [
        ("192.0.2.200", ["c=IN IP4 192.0.2.14\r\n"], "c=IN IP4 192.0.2.200"),
        ("192.0.2.200", ["c=IN IP6 2001:db8::14\r\n"], "c=IN IP6 2001:db8::5"),
        ("2001:db8::9", ["c=IN IP6 2001:db8::14\r\n"], "c=IN IP6 2001:db8::9"),
        # A hold's address, a name and no address at all say nothing.
        ("192.0.2.200", ["c=IN IP6 ::\r\n"], "c=IN IP4 192.0.2.200"),
        ("192.0.2.200", ["c=IN IP6 sbc.example.com\r\n"], "c=IN IP4 192.0.2.200"),
        ("2001:db8::9", [""], "c=IN IP6 2001:db8::9"),
        ("192.0.2.200", ["c=IN IP6 ::\r\n", "c=IN IP6 2001:db8::14\r\n"], "c=IN IP6 2001:db8::5"),
    ],
)
def test_the_answer_is_of_the_family_of_the_offer(
    address: str, connections: list[str], answered: str
) -> None:
    assert negotiated(address, offer(*connections)) == answered


def test_media_of_a_family_that_we_do_not_have_are_refused_and_nothing_changes() -> None:
    one = Negotiation("192.0.2.200", session_id=1)
    with pytest.raises(OfferRefused, match="media of IPv6 cannot reach this node"):
        one.take_offer(offer("c=IN IP6 2001:db8::14\r\n"))
    assert (one.address, one.remote, one.plans) == ("192.0.2.200", None, ())
