"""Holds a recording against what its dialog file expects and what was really said."""

import numpy as np
from numpy.typing import NDArray

from callvault.finalise.catalogue import RecordingFacts
from callvault.simulator.channels import Heard
from tests.dialogs.cast import CAST
from tests.dialogs.player import Moment, Played, Said
from tests.dialogs.script import Expected

LENGTH_MS = 40  # beyond what the moments of request and answer leave open
WINDOW_MS = 40  # of a stretch at a time: a packet that is late shifts the tone
EDGE_MS = 60  # of what was said: neither end of it is looked at
HEARD = 0.05  # amplitude of a tone that is heard alone, of full scale; it is sent with 0.18,
# but on a busy machine a third of its packets come late, and what they carry lies elsewhere
UNHEARD = 0.01


def check_facts(facts: RecordingFacts, expected: Expected, played: Played) -> None:
    """Owner, direction, parties, length, timeline and flags.

    The recorder answers and ends somewhere between a request and its answer: on an idle machine a
    millisecond apart, on a busy one more.
    """
    assignment = facts.assignment
    assert assignment.owner_username == expected.owner
    assert assignment.direction.value == expected.direction
    if expected.remote:
        remote = "" if expected.remote == "-" else expected.remote
        assert assignment.remote.number == remote
    if expected.name:
        assert assignment.remote.name == expected.name
    start, end = span_of(expected, played)
    shortest_ms, longest_ms = (end[0] - start[1]) / 1e6, (end[1] - start[0]) / 1e6
    if expected.ends != "later":
        told = (shortest_ms, facts.duration_ms, longest_ms)
        assert shortest_ms - LENGTH_MS <= facts.duration_ms <= longest_ms + LENGTH_MS, told
    kinds = tuple(item.kind for item in facts.timeline)
    assert kinds == expected.events, kinds
    assert set(facts.quality.flags) == set(expected.flags), facts.quality.flags


def span_of(expected: Expected, played: Played) -> tuple[Moment, Moment]:
    """From when to when the recording goes: the call, or between marks of the file."""
    marks = played.marks_ns
    start = marks.get(expected.begins, played.answered_ns[expected.dialog])
    return start, marks.get(expected.ends, played.ended_ns[expected.dialog])


def check_sound(heard: Heard, facts: RecordingFacts, expected: Expected, played: Played) -> int:
    """Listen for each tone while it was sent; return how many stretches were listened to."""
    listened = 0
    for said in played.said:
        is_inside = said.dialog == expected.dialog and _is_within(said, facts)
        if not is_inside:
            continue
        listened += 1
        for channel, who in ((heard.left, expected.left), (heard.right, expected.right)):
            levels = _levels(_part(channel, heard.rate_hz, said, facts), heard.rate_hz, said.who)
            wanted = said.is_kept and said.who in who
            level = float(np.percentile(levels, 70 if wanted else 80))
            told = f"{said.who} at {_offset_ms(said.start_ns, facts):.0f} ms: {level:.3f}"
            bar = HEARD / said.mixed_with if wanted else UNHEARD
            assert (level > bar) is wanted, told
    return listened


def _is_within(said: Said, facts: RecordingFacts) -> bool:
    middle_ns = (said.start_ns + said.end_ns) // 2
    return facts.started_at_ns <= middle_ns <= facts.ended_at_ns


def _offset_ms(at_ns: int, facts: RecordingFacts) -> float:
    return (at_ns - facts.started_at_ns) / 1e6


def _part(
    channel: NDArray[np.int16], rate_hz: int, said: Said, facts: RecordingFacts
) -> NDArray[np.float64]:
    start = round((_offset_ms(said.start_ns, facts) + EDGE_MS) * rate_hz / 1000)
    end = round((_offset_ms(said.end_ns, facts) - EDGE_MS) * rate_hz / 1000)
    return channel[max(start, 0) : max(end, 1)].astype(np.float64) / 32768


def _levels(samples: NDArray[np.float64], rate_hz: int, who: str) -> NDArray[np.float64]:
    """Return the amplitude of somebody's tone in each window of a stretch."""
    size = rate_hz * WINDOW_MS // 1000
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(windows):
        return np.zeros(1)
    shape = np.hanning(size)
    turns = np.exp(-2j * np.pi * CAST[who].tone_hz * np.arange(size) / rate_hz)
    levels: NDArray[np.float64] = 2 * np.abs(windows @ (shape * turns)) / np.sum(shape)
    return levels
