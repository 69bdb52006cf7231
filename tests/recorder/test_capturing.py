"""What is done with media: by the pauses of who asked us and the SRC, and by the decision."""

from uuid import UUID

import msgspec
import pytest

from callvault.clock import Instant
from callvault.policy.decision import Capturing, Decision, Verdict
from callvault.policy.snapshot import RecordingMode
from callvault.recorder.actions import (
    Action,
    Append,
    CaptureAs,
    OpenJournal,
    PauseCapture,
    ResumeCapture,
)
from callvault.recorder.capturing import BY_SRC, CaptureControl
from callvault.recorder.memory import AskedPause
from callvault.recorder.parties import says_paused
from callvault.siprec import Document, read_metadata
from callvault.spool.entries import Decided, JournalHeader, TimelineEvent
from tests.policy.cast import TRUNK

NOW = Instant(1_000, 2_000)


def paused(who: str = "", detail: str = "") -> PauseCapture:
    return PauseCapture(TimelineEvent(NOW.realtime_ns, "paused", who, detail))


def unpaused(who: str = "", detail: str = "") -> TimelineEvent:
    return TimelineEvent(NOW.realtime_ns, "unpaused", who, detail)


def test_the_recording_client_pauses_and_goes_on() -> None:
    control = CaptureControl(Capturing.KEEP)
    assert control.follow(src_pauses=True, now=NOW) == [paused(detail=BY_SRC)]
    assert control.follow(src_pauses=True, now=NOW) == []
    assert control.follow(src_pauses=False, now=NOW) == [ResumeCapture(unpaused(detail=BY_SRC))]
    assert control.follow(src_pauses=False, now=NOW) == []


def test_what_both_paused_goes_on_when_neither_wants_it_paused() -> None:
    control = CaptureControl(Capturing.KEEP)
    steps: list[list[Action]] = [
        control.request("Ann", "card number", wanted=True, now=NOW),
        control.follow(src_pauses=True, now=NOW),
        control.request("Ann", "", wanted=False, now=NOW),
        control.follow(src_pauses=False, now=NOW),
    ]
    assert steps == [
        [paused("Ann", "card number")],
        [],
        [],
        [ResumeCapture(unpaused(detail=BY_SRC))],
    ]


def test_the_end_of_a_pause_keeps_nothing_of_a_trunk_of_which_nothing_may_be_kept() -> None:
    control = CaptureControl(Capturing.NOTHING)
    control.request("Ann", "", wanted=True, now=NOW)
    assert control.request("Ann", "", wanted=False, now=NOW) == [Append(unpaused("Ann"))]


def asked(control: CaptureControl) -> AskedPause | None:
    return control.asked


def test_a_pause_that_somebody_asked_for_says_by_whom_and_since_when() -> None:
    control, later = CaptureControl(Capturing.KEEP), Instant(5_000, 6_000)
    control.request("Ann", "", wanted=True, now=NOW)
    control.request("Sam", "", wanted=True, now=later)
    assert asked(control) == AskedPause("Ann", NOW.realtime_ns)
    control.request("Sam", "", wanted=False, now=later)
    assert asked(control) is None
    control.follow(src_pauses=True, now=later)
    assert asked(control) is None


def decision(capturing: Capturing) -> Decision:
    return Decision(Verdict.RECORDED, (), capturing=capturing)


def test_only_a_change_of_what_is_wanted_is_told_and_stands_before_the_decision() -> None:
    control, told = CaptureControl(Capturing.KEEP), []
    wanted = (Capturing.KEEP, Capturing.HOLD, Capturing.HOLD, Capturing.NOTHING, Capturing.KEEP)
    for one in wanted:
        *change, written = control.decided(decision(one), NOW)
        assert written == Append(Decided(NOW.realtime_ns, decision(one)))
        told.append(change)
    assert told == [
        [],
        [CaptureAs(Capturing.HOLD)],
        [],
        [CaptureAs(Capturing.NOTHING)],
        [CaptureAs(Capturing.KEEP)],
    ]


@pytest.mark.parametrize("wanted", list(Capturing))
@pytest.mark.parametrize("is_paused", [False, True])
def test_media_are_taken_in_unless_there_is_a_pause_or_nothing_is_wanted(
    wanted: Capturing, *, is_paused: bool
) -> None:
    control = CaptureControl(wanted, by_src=is_paused)
    takes_in = not is_paused and wanted is not Capturing.NOTHING
    header = JournalHeader(UUID(int=1), "dialog", "node-1", NOW.realtime_ns)
    opened = OpenJournal(header, captures=takes_in, holds=wanted is Capturing.HOLD)
    assert (control.takes_in, control.opening(header)) == (takes_in, opened)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [(RecordingMode.ALWAYS_ON, Capturing.KEEP), (RecordingMode.NEVER, Capturing.NOTHING)],
)
def test_before_the_first_decision_the_trunk_says_what_is_kept(
    mode: RecordingMode, wanted: Capturing
) -> None:
    trunk = msgspec.structs.replace(TRUNK, mode=mode)
    assert CaptureControl.of(trunk).wanted is wanted


def document(kind: str) -> Document:
    return read_metadata(
        f"<recording_metadata><session id='s'/><extensiondata id='e' parent='s'>"
        f"<broadWorksRecordingMetadata>{kind}</broadWorksRecordingMetadata>"
        f"</extensiondata></recording_metadata>".encode()
    )


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("<recordingType>pause</recordingType>", False, True),
        ("<recordingType> Paused </recordingType>", False, True),
        ("<recordingType>on</recordingType>", True, False),
        ("<userID>ann</userID>", True, True),
        ("<userID>ann</userID>", False, False),
    ],
)
def test_metadata_say_whether_the_recording_pauses(said: str, before: bool, after: bool) -> None:
    assert says_paused(document(said), before=before) is after
