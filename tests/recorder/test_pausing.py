"""A pause has up to two owners: who asked us, and the recording client."""

import pytest

from callvault.clock import Instant
from callvault.recorder.actions import Action, Append, PauseCapture, ResumeCapture
from callvault.recorder.memory import AskedPause
from callvault.recorder.parties import says_paused
from callvault.recorder.pausing import BY_SRC, Pausing
from callvault.siprec import Document, read_metadata
from callvault.spool.entries import TimelineEvent

NOW = Instant(1_000, 2_000)


def paused(who: str = "", detail: str = "") -> PauseCapture:
    return PauseCapture(TimelineEvent(NOW.realtime_ns, "paused", who, detail))


def unpaused(who: str = "", detail: str = "") -> TimelineEvent:
    return TimelineEvent(NOW.realtime_ns, "unpaused", who, detail)


def test_the_recording_client_pauses_and_goes_on() -> None:
    pausing = Pausing(may_capture=True)
    assert pausing.follow(src_pauses=True, now=NOW) == [paused(detail=BY_SRC)]
    assert pausing.follow(src_pauses=True, now=NOW) == []
    assert pausing.follow(src_pauses=False, now=NOW) == [ResumeCapture(unpaused(detail=BY_SRC))]
    assert pausing.follow(src_pauses=False, now=NOW) == []


def test_what_both_paused_goes_on_when_neither_wants_it_paused() -> None:
    pausing = Pausing(may_capture=True)
    steps: list[list[Action]] = [
        pausing.request("Ann", "card number", wanted=True, now=NOW),
        pausing.follow(src_pauses=True, now=NOW),
        pausing.request("Ann", "", wanted=False, now=NOW),
        pausing.follow(src_pauses=False, now=NOW),
    ]
    assert steps == [
        [paused("Ann", "card number")],
        [],
        [],
        [ResumeCapture(unpaused(detail=BY_SRC))],
    ]


def test_the_end_of_a_pause_keeps_nothing_of_a_trunk_of_which_nothing_may_be_kept() -> None:
    pausing = Pausing(may_capture=False)
    pausing.request("Ann", "", wanted=True, now=NOW)
    assert pausing.request("Ann", "", wanted=False, now=NOW) == [Append(unpaused("Ann"))]


def asked(pausing: Pausing) -> AskedPause | None:
    return pausing.asked


def test_a_pause_that_somebody_asked_for_says_by_whom_and_since_when() -> None:
    pausing, later = Pausing(may_capture=True), Instant(5_000, 6_000)
    pausing.request("Ann", "", wanted=True, now=NOW)
    pausing.request("Sam", "", wanted=True, now=later)
    assert asked(pausing) == AskedPause("Ann", NOW.realtime_ns)
    pausing.request("Sam", "", wanted=False, now=later)
    assert asked(pausing) is None
    pausing.follow(src_pauses=True, now=later)
    assert asked(pausing) is None


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
