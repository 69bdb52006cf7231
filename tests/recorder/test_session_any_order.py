"""Whatever an SRC sends, in whatever order: each request is answered, each journal is ended."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from callvault import sip
from callvault.errors import ProtocolError
from callvault.policy.decision import Capturing
from callvault.policy.modes import RecordingMode
from callvault.recorder.actions import (
    Append,
    CaptureAs,
    CloseJournal,
    EndRequested,
    MediaChecked,
    OpenJournal,
    PauseRequested,
    Respond,
    ResumeRequested,
)
from callvault.recorder.requests import (
    DropRequested,
    KeepRequested,
    StartRequested,
    StopRequested,
)
from callvault.recorder.states import State
from callvault.spool import entries
from tests.policy.cast import TRUNK
from tests.recorder.bench import DIALOG, Bench
from tests.recorder.bodies import (
    ANN,
    BOB,
    METADATA,
    MULTIPART,
    REMOTE,
    both,
    metadata,
    request,
    sdp,
)

BODIES = [
    (b"", ""),
    (sdp(), "application/sdp"),
    (sdp("sendonly", "inactive", "sendonly"), "application/sdp"),
    (sdp("closed", "closed"), "application/sdp"),
    (sdp("sendrecv", address="0.0.0.0"), "application/sdp"),
    (b"v=0\r\n\xff", "application/sdp"),
    (metadata(ANN, REMOTE), METADATA),
    (metadata(BOB, ANN, silent=[ANN]), METADATA),
    (metadata(REMOTE, mode="partial"), METADATA),
    (metadata(ANN, BOB)[:-90], METADATA),
    (both(sdp(), metadata(BOB, REMOTE)), MULTIPART),
    (both(sdp("inactive"), b"<recording"), MULTIPART),
]
REQUESTS = ("invite", "reinvite", "update")
EVENTS = [
    sip.AckTimedOut(DIALOG, sip.RequestId(1)),
    sip.SessionExpired(DIALOG),
    sip.InviteCancelled(DIALOG, sip.RequestId(1), request("CANCEL")),
    sip.ByeReceived(DIALOG, request("BYE")),
    sip.DialogEnded(DIALOG, "bye_sent", 200),
    MediaChecked(0),
    MediaChecked(9),
    PauseRequested("Ann"),
    ResumeRequested("Ann"),
    EndRequested("shutdown"),
    *(StartRequested("Ann"), StopRequested("Ann"), KeepRequested("Ann"), DropRequested("Ann")),
]
STEPS = st.one_of(
    st.tuples(st.sampled_from(REQUESTS), st.sampled_from(BODIES)),
    st.tuples(st.just("ack"), st.sampled_from(BODIES[:5])),
    st.tuples(st.just("feed"), st.sampled_from(EVENTS)),
    st.tuples(st.just("wait"), st.integers(1, 400)),
)


def _take(bench: Bench, step: tuple[str, object]) -> None:
    """Do one step, and see that a request that is taken is answered, once."""
    kind, what = step
    if kind == "wait":
        bench.now_s += float(str(what))
        return
    before = sum(isinstance(one, Respond) for one in bench.actions)
    arguments = what if isinstance(what, tuple) else (what,)
    getattr(bench, kind)(*(arguments[:1] if kind == "ack" else arguments))
    answered = sum(isinstance(one, Respond) for one in bench.actions) - before
    assert answered == (1 if kind in REQUESTS else 0)


@given(st.lists(STEPS, max_size=14), st.booleans())
def test_every_request_is_answered_and_every_journal_ended(
    steps: list[tuple[str, object]], has_ports: bool
) -> None:
    bench = Bench(media_timeout_s=60)
    bench.has_ports = has_ports
    bench.invite()
    for step in steps:
        with contextlib.suppress(ProtocolError):
            _take(bench, step)
    with contextlib.suppress(ProtocolError):
        bench.feed(sip.DialogEnded(DIALOG, "bye_sent", 408))
    assert bench.session.state is State.ENDED
    _check_journal(bench)


def _check_journal(bench: Bench) -> None:
    assert sum(isinstance(one, OpenJournal) for one in bench.actions) == 1
    (closed,) = [one for one in bench.actions if isinstance(one, CloseJournal)]
    if not closed.keep:
        assert 503 in [one.status for one in bench.actions if isinstance(one, Respond)]
        return
    written = [one.entry for one in bench.actions if isinstance(one, Append)]
    assert isinstance(written[-1], entries.DialogEnded)
    assert sum(isinstance(one, entries.DialogEnded) for one in written) == 1
    assert isinstance(written[-3], entries.Decided)
    ids = {
        (one.communication_session_id, one.owner_id, one.recording_id)
        for decided in bench.entries(entries.Decided)
        for one in decided.decision.assignments
    }
    assert len({(session, owner) for session, owner, _ in ids}) == len(ids)


MODES = (RecordingMode.ON_DEMAND, RecordingMode.NEVER)


@given(st.lists(STEPS, max_size=12), st.sampled_from(MODES))
def test_nothing_is_captured_of_a_call_that_nobody_started(
    steps: list[tuple[str, object]], mode: RecordingMode
) -> None:
    bench = Bench(trunk=replace(TRUNK, mode=mode))
    bench.invite()
    for step in steps:
        with contextlib.suppress(ProtocolError):
            _take(bench, step)
        judge = bench.session.learning.judge
        started = judge is not None and any(map(judge.wishes.is_started, judge.wishes.pieces))
        if not started or mode is RecordingMode.NEVER:
            assert not bench.session.capturing.takes_in
            kept = [one for one in bench.actions if isinstance(one, CaptureAs)]
            assert not kept or kept[-1].capturing is Capturing.NOTHING
            opened = [one for one in bench.actions if isinstance(one, OpenJournal)]
            assert not any(one.captures or one.holds for one in opened)
