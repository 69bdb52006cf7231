"""Keys of one call: read from RTP, plain or sealed, and from INFO."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from callvault import sip
from callvault.policy.keypad import Command, Keypad
from callvault.recorder.call_keypad import CallKeypad, key_of
from callvault.spool.entries import PayloadFormat, StreamDescription
from callvault.srtp import SUITES, Context, MasterKey, Protection

SUITE = "AES_CM_128_HMAC_SHA1_80"
SECRET = bytes(range(SUITES[SUITE].master_bytes))
SECOND = 1_000_000_000
LINE = StreamDescription(
    index=0,
    label="",
    media="audio",
    formats=(PayloadFormat(0, "PCMU", 8000), PayloadFormat(101, "telephone-event", 8000)),
    active=True,
    port=30000,
)


def packet(number: int, event: int, payload: bytes = b"\x0a\x00\xa0") -> bytes:
    head = bytes([0x80, 101]) + number.to_bytes(2) + (number * 800).to_bytes(4) + b"\0\0\0\7"
    return head + bytes([event]) + payload


@dataclass
class FakeStream:
    """A stream that gives what waits."""

    waiting: list[tuple[int, bytes]] = field(default_factory=list)
    opened: list[tuple[int, ...]] = field(default_factory=list)

    def open_keypad(self, payload_types: Sequence[int]) -> None:
        self.opened.append(tuple(payload_types))

    def close_keypad(self) -> None:
        self.opened.append(())

    def pressed(self) -> list[tuple[int, bytes]]:
        taken, self.waiting = self.waiting, []
        return taken


def opened(context: Context | None = None, *, is_on: bool = True) -> tuple[CallKeypad, FakeStream]:
    stream = FakeStream()
    keypad = CallKeypad(lambda: {0: context} if context else {})
    keypad.change({0: stream}, (LINE,), Keypad(is_on=is_on))
    return keypad, stream


def test_the_payload_type_that_was_negotiated_is_listened_to_once() -> None:
    keypad, stream = opened()
    keypad.change({0: stream}, (LINE,), Keypad(is_on=True))  # a session refresh
    assert (stream.opened, keypad.is_open) == ([(101,)], True)


def test_where_keys_are_off_nothing_is_listened_to() -> None:
    keypad, stream = opened(is_on=False)
    assert (stream.opened, keypad.is_open, keypad.commands()) == ([], False, [])
    plain = CallKeypad(dict)
    plain.change({0: stream}, (LINE,), None)  # no dial-in
    assert (stream.opened, plain.is_open) == ([], False)


def test_keys_of_rtp_are_read_in_the_order_of_their_arrival() -> None:
    keypad, stream = opened()
    stream.waiting = [(2 * SECOND, packet(2, 3)), (SECOND, packet(1, 10))]
    assert keypad.commands() == [Command.PAUSE]
    assert keypad.commands() == []


def test_sealed_keys_are_opened_and_those_of_strangers_are_not() -> None:
    context = Context(SUITE, (MasterKey(SECRET),))
    keypad, stream = opened(context)
    seal = Protection(SUITES[SUITE], SECRET).seal_rtp
    stream.waiting = [
        (SECOND, packet(1, 10)),  # in clear: from whoever has no key
        (SECOND, seal(packet(1, 10), 12, 1)),
        (SECOND + 1, seal(packet(2, 4), 12, 2)),
    ]
    assert keypad.commands() == [Command.RESUME]


def info(body: str, kind: str = "application/dtmf-relay") -> sip.Request:
    raw = (
        "INFO sip:8600@192.0.2.200 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.14;branch=z9hG4bK1\r\n"
        "From: <sip:1001@192.0.2.14>;tag=a\r\nTo: <sip:8600@192.0.2.200>;tag=b\r\nCall-ID: 1\r\n"
        f"CSeq: 2 INFO\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    return cast("sip.Request", sip.parse_message(raw.encode()))


def test_keys_of_info_are_read_and_so_is_a_key_that_comes_by_both() -> None:
    keypad, stream = opened()
    keypad.hear_info(info("Signal=*\r\nDuration=100\r\n"), SECOND)
    stream.waiting = [(SECOND + 9, packet(1, 10)), (SECOND + 50, packet(2, 2))]
    keypad.hear_info(info("2", "application/dtmf"), SECOND + 99)
    assert keypad.commands() == [Command.STOP]


def test_a_flood_of_info_takes_no_memory() -> None:
    keypad, _ = opened()
    for number in range(1000):
        keypad.hear_info(info("Signal=*"), number)
    assert keypad.commands() == []
    closed, _ = opened(is_on=False)
    closed.hear_info(info("Signal=*"), 1)
    assert closed.commands() == []


@pytest.mark.parametrize(
    ("datagram", "key"),
    [
        (packet(1, 0), "0"),
        (packet(1, 9), "9"),
        (packet(1, 11), "#"),
        (packet(1, 15), "D"),
        (packet(1, 16), ""),  # a hook flash
        (packet(1, 255), ""),
        (packet(1, 3, b""), ""),  # cut
        (b"\x80\x65", ""),
        (b"", ""),
    ],
)
def test_a_key_is_what_its_event_says(datagram: bytes, key: str) -> None:
    assert key_of(datagram) == key
