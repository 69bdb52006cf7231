"""What should have been recorded beside what was."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from callvault.policy.decision import Direction
from callvault.simulator.cast import DEMO_PEOPLE
from callvault.simulator.channels import ChannelOrder, Heard
from callvault.simulator.comparison import (
    Expected,
    Found,
    Listed,
    PlacedCall,
    Row,
    are_all_there,
    compare,
)
from callvault.simulator.placed import placed_call
from callvault.simulator.preparation import PreparedCall
from callvault.simulator.report import table, verdict
from callvault.simulator.script import Party, Speaker
from tests.simulator.calls import FLOW, VOICE, FakeClient, answered, new_call, new_script

_RNG = np.random.default_rng(1)
OWNER = np.repeat(_RNG.integers(0, 2, 10), 10).astype(np.float64) * 9000
REMOTE = np.repeat(_RNG.integers(0, 2, 10), 10).astype(np.float64) * 9000
EXPECTED = Expected("Ann Keller", "2014", "+15550142", Direction.IN, OWNER, REMOTE)
CALL = PlacedCall(0, "call-1", 2_000.0, (EXPECTED,), "+15550142", "2014")
FOUND = Found(UUID(int=1), "call-1", "Ann Keller", "2014", "+1 555 0142", Direction.IN, 2_010)
VERDICTS = {"call-1": "recorded", "call-2": "discarded"}
UNKNOWN = PlacedCall(1, "call-2", 1_500.0, (), "+15550108", "2099")


def heard(left: np.ndarray, right: np.ndarray) -> Heard:
    """Two seconds at 8 kHz with these loudnesses."""
    tracks = [np.repeat(pattern, 160).astype(np.int16) for pattern in (left, right)]
    return Heard(tracks[0], tracks[1], 8000)


def rows_of(*found: Found, audio: Heard | None = None, call: PlacedCall = CALL) -> list[Row]:
    return list(compare([call], Listed(found, VERDICTS), lambda recording_id: audio))


def test_a_recording_as_it_should_be_has_no_faults() -> None:
    (row,) = rows_of(FOUND, audio=heard(OWNER, REMOTE))
    assert row == Row(CALL, EXPECTED, FOUND, 10.0, ChannelOrder.RIGHT, ())


def test_without_a_key_only_lengths_are_compared() -> None:
    (row,) = rows_of(FOUND)
    assert row.order is None
    assert row.faults == ()


def test_a_missing_recording_is_a_fault() -> None:
    (row,) = rows_of()
    assert row.faults == ("missing",)


def test_a_recording_nobody_expected_is_a_fault() -> None:
    extra = replace(FOUND, owner_extension="2031")
    rows = rows_of(FOUND, extra)
    assert [row.faults for row in rows] == [(), ("not expected",)]


def test_a_second_recording_of_the_same_owner_is_a_fault() -> None:
    rows = rows_of(FOUND, replace(FOUND, recording_id=UUID(int=2)))
    assert [row.faults for row in rows] == [(), ("not expected",)]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"duration_ms": 2_041}, "length"),
        ({"duration_ms": 1_959}, "length"),
        ({"direction": Direction.OUT}, "direction out"),
        ({"remote_number": "+15550143"}, "remote number"),
    ],
)
def test_each_difference_is_named(change: dict[str, object], fault: str) -> None:
    (row,) = rows_of(replace(FOUND, **change))  # type: ignore[arg-type]
    assert row.faults == (fault,)


@pytest.mark.parametrize("duration_ms", [1_960, 2_040])
def test_40_ms_are_within_the_tolerance(duration_ms: int) -> None:
    (row,) = rows_of(replace(FOUND, duration_ms=duration_ms))
    assert row.faults == ()


def test_a_slow_answer_may_make_the_recording_longer_but_never_shorter() -> None:
    slow = replace(CALL, answering_ms=90.0)
    (longer,) = rows_of(replace(FOUND, duration_ms=2_120), call=slow)
    assert longer.faults == ()
    assert table([longer]).endswith("the recorder's answers took 90 ms")
    (too_long,) = rows_of(replace(FOUND, duration_ms=2_131), call=slow)
    assert too_long.faults == ("length",)
    (shorter,) = rows_of(replace(FOUND, duration_ms=1_959), call=slow)
    assert shorter.faults == ("length",)


def test_swapped_channels_are_a_fault() -> None:
    (row,) = rows_of(FOUND, audio=heard(REMOTE, OWNER))
    assert row.faults == ("channels swapped",)


def test_audio_shorter_than_the_catalogue_says_is_a_fault() -> None:
    (row,) = rows_of(FOUND, audio=heard(OWNER[:-5], REMOTE[:-5]))
    assert row.faults == ("length of the audio",)


def test_a_call_of_nobody_needs_no_recording() -> None:
    (row,) = rows_of(call=UNKNOWN)
    assert row == Row(UNKNOWN, None, None, None, None, (), "discarded")


def test_a_call_that_left_no_trace_is_a_fault() -> None:
    (row,) = rows_of(call=replace(UNKNOWN, call_id="call-3"))
    assert row.faults == ("no decision is listed",)


def test_waiting_ends_when_each_recording_and_verdict_is_listed() -> None:
    assert not are_all_there([CALL], Listed([], VERDICTS))
    assert not are_all_there([CALL], Listed([replace(FOUND, owner_extension="2031")], VERDICTS))
    assert not are_all_there([UNKNOWN], Listed([], {}))
    assert are_all_there([CALL, UNKNOWN], Listed([FOUND], VERDICTS))


def test_a_fault_of_the_signalling_stays_with_its_call() -> None:
    (row,) = rows_of(call=replace(CALL, faults=("refused with 503 Busy",), expected=()))
    assert row.faults == ("refused with 503 Busy",)


def test_the_table_shows_each_call_and_the_verdict_counts() -> None:
    good = rows_of(FOUND, audio=heard(OWNER, REMOTE))
    nobody = rows_of(call=UNKNOWN)
    lines = table(good + nobody).splitlines()
    assert lines[0].split() == [
        "Owner", "Remote", "Way", "Placed", "Recorded", "Differs", "Channels"
    ]  # fmt: skip
    assert lines[1].split("  ")[0] == "Ann Keller 2014"
    assert "+10 ms" in lines[1]
    assert lines[2].endswith("not to be recorded: discarded")
    assert verdict(good + nobody) == (
        "1 of 1 recordings are there. Each is as long as its call (± 40 ms). "
        "Owner left and remote party right in all of them."
    )


def test_the_verdict_says_how_many_differ() -> None:
    rows = rows_of(replace(FOUND, duration_ms=9)) + rows_of()
    assert verdict(rows).startswith("1 of 2 recordings are there. 2 differ from the call placed.")


def finished(**script: object) -> PlacedCall:
    """Place and answer a call of two seconds, and let it say all it has to say."""
    call = new_call(new_script(**script))  # type: ignore[arg-type]
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(answered(), now=100.5)
    list(call.packets_due(102.5))
    call.receive(answered("BYE"), now=102.51)
    patterns = {Speaker.OWNER: OWNER, Speaker.REMOTE: REMOTE}
    return placed_call(call, PreparedCall(call.script, {}, patterns))


def test_a_call_of_one_user_must_leave_one_recording() -> None:
    call = finished()
    (expected,) = call.expected
    assert (expected.owner_extension, expected.direction) == ("2014", Direction.IN)
    assert (call.caller, call.callee, call.length_ms) == ("+15550142", "2014", 2_000)
    assert call.answering_ms == pytest.approx(510)
    assert expected.owner_pattern.tolist() == OWNER.tolist()


def test_a_call_between_users_must_leave_one_for_each_from_either_side() -> None:
    bruno = Party("2031", "Bruno Castellani", VOICE, DEMO_PEOPLE[1])
    own, other = finished(remote=bruno).expected
    assert (own.owner_extension, own.remote_number, own.direction) == ("2014", "2031", "in")
    assert (other.owner_extension, other.remote_number, other.direction) == ("2031", "2014", "out")
    assert other.owner_pattern.tolist() == REMOTE.tolist()


def test_what_was_not_sent_is_not_expected_to_be_heard() -> None:
    call = new_call(new_script())
    call.place(FakeClient(), FLOW, now=100.0)
    call.receive(answered(), now=100.5)
    list(call.packets_due(101.001))
    call.hang_up(now=101.001)
    patterns = {Speaker.OWNER: OWNER, Speaker.REMOTE: REMOTE}
    (expected,) = placed_call(call, PreparedCall(call.script, {}, patterns)).expected
    assert expected.owner_pattern[:26].tolist() == OWNER[:26].tolist()
    assert not expected.owner_pattern[26:].any()


def test_calls_of_nobody_alone_are_told_as_such() -> None:
    assert verdict([]).startswith("No recording was to be made, and none was")


def test_a_call_of_several_dialogs_is_found_under_any_of_their_ids() -> None:
    pair = replace(CALL, call_id="call-9", other_call_ids=("call-1",))
    (row,) = rows_of(FOUND, call=pair)
    assert row.faults == ()
    assert are_all_there([pair], Listed([FOUND], {}))
    unknown = replace(UNKNOWN, call_id="call-8", other_call_ids=("call-2",))
    (row,) = rows_of(call=unknown)
    assert (row.faults, row.verdict) == ((), "discarded")
    assert are_all_there([unknown], Listed([], VERDICTS))
    assert not are_all_there([unknown], Listed([], {}))
