"""Keys told by SIP INFO, and what a transcript says of keys when it may not say which."""

import pytest

from callvault.audio import Digit
from callvault.finalise.evidence import entries_of
from callvault.finalise.pressed_keys import keys_in, without_keys
from callvault.finalise.transcript import Transcript
from callvault.sip import PressedKey, key_in_info
from callvault.spool.entries import JournalHeader, SignallingSeen
from tests.audio.wire import START_NS, Sender, speech
from tests.finalise.bench import Node, RecordedCall, assignment
from tests.finalise.test_journal import at, finish


def info(body: bytes, kind: bytes = b"application/dtmf-relay") -> bytes:
    return (
        b"INFO sip:srs@192.0.2.200 SIP/2.0\r\nCall-ID: c1\r\nCSeq: 7 INFO\r\n"
        b"Content-Type: " + kind + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (info(b"Signal=5\r\nDuration=160\r\n"), PressedKey(9, "5", 160)),
        (info(b"Signal= #\nDuration= 250"), PressedKey(9, "#", 250)),
        (info(b"7\r\n", b"application/dtmf"), PressedKey(9, "7")),
        (info(b"Signal=10\r\n"), PressedKey(9, "*")),
        (info(b"Signal=11\r\n"), PressedKey(9, "#")),
        (info(b"signal=d", b"Application/DTMF-Relay"), PressedKey(9, "D")),
        (info(b"Signal=55\r\n"), None),
        (info(b"Signal=\r\n"), None),
        (info(b"Signal=5\r\n", b"application/xml"), None),
        (info(b"Signal=5\r\n").replace(b"INFO ", b"MESSAGE ", 1), None),
        (b"INFO", None),
        (info(b"x" * 5000), None),
    ],
)
def test_a_key_is_read_from_an_info_of_either_form(raw: bytes, key: PressedKey | None) -> None:
    assert key_in_info(raw, at_ns=9) == key


class Text:
    def __init__(self) -> None:
        self.content = b""

    def write(self, data: bytes, /) -> int:
        self.content += data
        return len(data)


def transcript() -> bytes:
    text = Text()
    header = JournalHeader(assignment().recording_id, "dialog", "node-1", START_NS)
    written = Transcript(text, header)
    written.add(SignallingSeen(START_NS, sent=False, raw=info(b"Signal=4\r\nDuration=100\r\n")))
    written.add(SignallingSeen(START_NS, sent=False, raw=b"BYE sip:a SIP/2.0\r\n\r\n--- x y 3\n"))
    written.add_digit(Digit(9, START_NS + 5_000_000, 800), stream=1)
    return text.content


def test_a_transcript_tells_all_keys() -> None:
    assert [one.key for one in keys_in(transcript())] == ["4", "9"]


def test_a_transcript_that_hides_keys_loses_nothing_else() -> None:
    whole = transcript()
    hidden = without_keys(whole)
    assert b"Signal" not in hidden
    assert b'"9"' not in hidden
    assert list(keys_in(hidden)) == [PressedKey(START_NS + 5_000_000, "(hidden)")]
    before, after = list(entries_of(whole)), list(entries_of(hidden))
    assert [one[:2] for one in before] == [one[:2] for one in after]
    assert [one for one in before if one in after] == [before[0], before[2]]


def test_keys_of_info_messages_are_on_the_timeline_without_their_value(node: Node) -> None:
    owner = Sender()
    owner.say(speech(3))
    call = RecordedCall({0: owner.arrivals, 1: []}, (assignment(),), 3)
    journal_events = (SignallingSeen(at(2), sent=False, raw=info(b"Signal=5\r\nDuration=160\r\n")),)
    call.events = journal_events  # type: ignore[assignment]  # any event has a moment
    (recording,) = finish(node, call).recordings
    keys = [one for one in recording.timeline if one.kind == "digit"]
    assert [(one.offset_ms, one.length_ms, one.detail, one.who) for one in keys] == [
        (2_000, 160, "", "")
    ]
    assert recording.call_id == "c1"
