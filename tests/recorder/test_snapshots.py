"""When an SRC is asked for its metadata as a whole (RFC 7866)."""

import pytest

from callvault.recorder.parties import MAX_SNAPSHOTS
from tests.recorder.bench import Bench

SERVES = "Accept: application/sdp, application/rs-metadata, application/rs-metadata-request\r\n"
PARTIAL = b"<recording><datamode>partial</datamode>%s</recording>"
OF_STRANGER = PARTIAL % b"<participantstreamassoc participant_id='x'/>"
OF_STRANGE_STREAM = (
    PARTIAL % b"<participantstreamassoc participant_id='p1'><send>x</send></participantstreamassoc>"
)


def established(headers: str = SERVES, body: bytes | None = None) -> Bench:
    bench = Bench()
    bench.invite(body, headers=headers)
    assert bench.session.snapshot_wish() == ""  # not before the ACK
    bench.ack()
    return bench


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        (b"<<<", "metadata could not be read"),
        (b"<recording><session id='c'/><partic", "metadata could not be read"),
        (OF_STRANGER, "metadata name what is not known"),
        (OF_STRANGE_STREAM, "metadata name what is not known"),
        (PARTIAL % b"<participantstreamassoc participant_id='p1'/>", ""),
        (b"<recording><participantstreamassoc participant_id='x'/></recording>", ""),
    ],
)
def test_the_whole_is_wanted_where_what_came_cannot_be_used(update: bytes, reason: str) -> None:
    bench = established()
    bench.update(update)
    assert [bench.session.snapshot_wish() for _ in range(2)] == [reason, ""]


def test_a_peer_that_does_not_say_that_it_serves_it_is_not_asked() -> None:
    bench = established(headers="")
    bench.update(OF_STRANGER)
    assert bench.session.snapshot_wish() == ""


def test_it_is_asked_a_few_times_and_no_more() -> None:
    bench = established()
    asked = 0
    for number in range(10):
        bench.update(b"<<< %d" % number)
        asked += bool(bench.session.snapshot_wish())
    assert asked == MAX_SNAPSHOTS


def test_nobody_is_asked_when_the_call_is_over() -> None:
    bench = established()
    bench.bye(OF_STRANGER)
    assert bench.session.snapshot_wish() == ""
