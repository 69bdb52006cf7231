"""A session whose filter waits for the other number."""

import msgspec

from callvault import sip
from callvault.clock import Instant
from callvault.policy.decision import Capturing, Verdict
from callvault.policy.filters import FilterRules, Filters, Traffic
from callvault.recorder.actions import Action, Append, CaptureAs, MediaChecked, OpenJournal
from callvault.spool import entries
from tests.policy.cast import SNAPSHOT
from tests.recorder.bench import DIALOG, FLOW, SECOND, Bench
from tests.recorder.bodies import ANN, BOB, REMOTE, both, metadata, sdp

OUTSIDE_ONLY = msgspec.structs.replace(
    SNAPSHOT, filters=Filters(system=FilterRules(traffic=Traffic.EXTERNAL))
)
NOBODY_YET = both(sdp(), metadata(ANN, "sip:unknown@192.0.2.14"))


def waiting() -> Bench:
    """A call that is answered while nobody knows the other number."""
    bench = Bench(snapshot=OUTSIDE_ONLY)
    bench.invite(NOBODY_YET)
    bench.ack()
    return bench


def changes(actions: list[Action]) -> list[Capturing]:
    return [one.capturing for one in actions if isinstance(one, CaptureAs)]


def test_media_are_held_before_the_call_is_answered_and_kept_once_they_may_be() -> None:
    bench = waiting()
    kinds = [type(one).__name__ for one in bench.actions]
    assert kinds.index("CaptureAs") < kinds.index("Respond")
    bench.update(metadata(ANN, REMOTE))
    assert changes(bench.actions) == [Capturing.HOLD, Capturing.KEEP]


def test_what_a_filter_forbids_is_not_kept_and_what_it_allows_again_is() -> None:
    bench = waiting()
    for remote in (BOB, REMOTE):
        bench.update(metadata(ANN, remote))
    assert changes(bench.actions) == [Capturing.HOLD, Capturing.NOTHING, Capturing.KEEP]


def test_a_filter_waits_no_longer_than_media_are_held() -> None:
    bench = waiting()
    bench.now_s = 19
    assert bench.feed(MediaChecked(100)) == []
    bench.now_s = 21
    assert changes(bench.feed(MediaChecked(200))) == [Capturing.KEEP]
    bench.now_s = 26
    assert bench.feed(MediaChecked(300)) == []
    assert changes(bench.update(metadata(ANN, BOB))) == [Capturing.NOTHING]


def test_a_call_that_ends_while_its_filter_waits_is_judged_by_what_is_known() -> None:
    bench = waiting()
    done = bench.bye()
    assert changes(done) == [Capturing.KEEP]
    written = [one.entry for one in done if isinstance(one, Append)]
    decided = [one.decision for one in written if isinstance(one, entries.Decided)]
    assert decided[-1].verdict is Verdict.RECORDED


def test_a_call_that_waited_at_a_restart_waits_on_in_memory() -> None:
    before, after = waiting(), Bench(snapshot=OUTSIDE_ONLY)
    memory = before.session.memory(Instant(before.at_ns, 100 * SECOND))
    assert memory is not None
    header = entries.JournalHeader(before.session.journal_id, "dialog", "node-1", after.at_ns)
    opened = after.session.go_on(memory, header, DIALOG, now=Instant(after.at_ns, 7 * SECOND))[0]
    assert isinstance(opened, OpenJournal)
    assert (opened.captures, opened.holds) == (True, True)
    assert after.session.capturing.held_ns(Instant(after.at_ns, 9 * SECOND)) == 2 * SECOND


def test_no_key_that_is_pressed_while_audio_is_held_is_kept() -> None:
    bench = waiting()
    body = b"Signal=7\r\nDuration=160\r\n"
    info = (
        b"INFO sip:srs@192.0.2.200 SIP/2.0\r\nCall-ID: 1\r\n"
        b"Content-Type: application/dtmf-relay\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body
    pressed = sip.MessageSeen(DIALOG, raw=info, sent=False, flow=FLOW)
    bench.feed(pressed)  # it may come to nothing, and the number be of a card
    bench.update(metadata(ANN, REMOTE))
    bench.feed(pressed)
    seen = [one.raw for one in bench.entries(entries.SignallingSeen) if b"INFO" in one.raw]
    assert [b"Signal=7" in raw for raw in seen] == [False, True]
