"""CUCM's calls through a whole node: two calls in, one recording out, pieces linked.

All conversations are placed at once, by the simulator's own CUCM; each test looks at one of them.
"""

import asyncio
import csv
import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from random import SystemRandom
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from callvault.commands.demo import Archive
from callvault.config import load
from callvault.policy.decision import Direction
from callvault.simulator.cast import DEMO_PEOPLE
from callvault.simulator.channels import LIKE, likeness
from callvault.simulator.comparison import Found, Listed, PlacedCall, Row, are_all_there, compare
from callvault.simulator.cucm.placed import placed_pairs
from callvault.simulator.cucm.plan import (
    Conversation,
    CucmWishes,
    Fault,
    Order,
    Scene,
    plan_conversations,
)
from callvault.simulator.cucm.sender import CucmSender
from callvault.simulator.driver import Driver
from callvault.simulator.media import envelope
from callvault.simulator.preparation import new_preparers
from callvault.simulator.script import CallScript, Speaker, Wishes, plan_calls
from callvault.simulator.speech import Speech
from callvault.simulator.wire import Placing
from tests.flows.node import Node, callvault, environment, sets, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]

LENGTH_MS = 5_000
SURELY_AFTER_MS = 3_000  # of 10 s, when the recorder dies within three
CONVERSATIONS = {
    "near first": CucmWishes(),
    "at once, far first": CucmWishes(order=Order.FAR_FIRST, gap_ms=0),
    "4 s apart": CucmWishes(gap_ms=4_000),
    "4 s apart, far first": CucmWishes(gap_ms=4_000, order=Order.FAR_FIRST),
    "early offer": CucmWishes(early_offer=True),
    "hold": CucmWishes(scene=Scene.HOLD),
    "transferred": CucmWishes(scene=Scene.TRANSFERRED),
    "conference": CucmWishes(scene=Scene.CONFERENCE),
    "update": CucmWishes(scene=Scene.UPDATE),
    "shared line": CucmWishes(scene=Scene.SHARED_LINE),
    "mirror": CucmWishes(is_mirrored=True, scene=Scene.HOLD),
    "two clusters": CucmWishes(two_clusters=True),
    "far missing": CucmWishes(fault=Fault.FAR_MISSING),
    "one BYE": CucmWishes(fault=Fault.ONE_BYE),
    "no codec": CucmWishes(fault=Fault.CAUSE_47),
}
DIRECTIONS = {  # of those whose later ids say the opposite
    "transferred": Direction.IN,
    "update": Direction.IN,
    "shared line": Direction.OUT,
}
LISTED = """
    SELECT recording_id, sip_call_id, owner_name, owner_extension, remote_number, direction,
           duration_ms, interaction_id, timeline FROM recordings_recording
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one conversation."""

    rows: tuple[Row, ...]
    interactions: tuple[str, ...]  # of its recordings, in the order of its pairs
    timelines: tuple[str, ...]


Outcomes = dict[str, Outcome]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that knows the people who call."""
    started = Node(tmp_path_factory.mktemp("node") / "data").start()
    try:
        yield started
    finally:
        if started.process is not None and started.process.poll() is None:
            started.stop()


@pytest.fixture(scope="module")
def outcomes(node: Node) -> Outcomes:
    """Place all conversations at once and wait for their recordings."""
    add_people(node)
    calls = asyncio.run(placed(node, planned(node)))
    every = [call for some in calls.values() for call in some]
    until(lambda: are_all_there(every, listed(node)[0]))
    found, linked = listed(node)
    archive = Archive(load(node.data / "callvault.toml"))
    outcomes: Outcomes = {}
    for name, some in calls.items():
        rows = compare(some, found, archive.hearing_of)
        of = [linked[row.found.recording_id] for row in rows if row.found is not None]
        outcomes[name] = Outcome(rows, tuple(one for one, _ in of), tuple(one for _, one in of))
    return outcomes


def add_people(node: Node) -> None:
    """Have every demo user's calls recorded."""
    file = node.data.parent / "people.csv"
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["username", "first_name", "last_name", "extension"])
        for person in DEMO_PEOPLE:
            writer.writerow(
                [person.username, person.first_name, person.last_name, person.extension]
            )
    command = callvault("users", "import", file, "--data", node.data, *sets(node.settings))
    subprocess.run(command, check=True, capture_output=True, env=environment())
    time.sleep(2.5)  # a change of policy is in force within two seconds


def planned(node: Node) -> list[Conversation]:
    """Plan them all; no two are of the same people, or they would be one conversation."""
    length_of = Speech(node.data / "speech").length_ms
    conversations: list[Conversation] = []
    seeds, taken = count(), set[frozenset[str]]()
    while len(conversations) < len(CONVERSATIONS):
        name, wishes = list(CONVERSATIONS.items())[len(conversations)]
        kind = Wishes(1, LENGTH_MS, LENGTH_MS, internal_share=float(wishes.is_mirrored))
        (script,) = plan_calls(replace(kind, hold_share=0), seed=next(seeds), length_of=length_of)
        script = replace(script, index=len(conversations))
        (one,) = plan_conversations(
            [script], wishes, seed=1, ids=SystemRandom(), length_of=length_of
        )
        who = {frozenset((pair.near.number, pair.far.number)) for pair in one.pairs}
        if DIRECTIONS.get(name, script.direction) is script.direction and not who & taken:
            taken |= who
            conversations.append(one)
    return conversations


async def placed(node: Node, plans: Sequence[Conversation]) -> dict[str, list[PlacedCall]]:
    """Place them; return the pairs of each."""
    placing = Placing(
        ("127.0.0.1", node.sip_port),
        concurrent=len(plans),
        stagger_s=0.02,
        media_address="127.0.0.3",  # phones send from elsewhere
    )
    with new_preparers() as executor:
        driver = Driver(
            placing,
            CucmSender(placing, ids=SystemRandom()),
            executor=executor,
            cache_folder=node.data / "speech",
            on_progress=lambda _: None,
        )
        finished = await driver.run(plans)
    names = list(CONVERSATIONS)
    return {
        names[one.call.plan.index]: list(placed_pairs(one.call, one.prepared)) for one in finished
    }


def listed(node: Node) -> tuple[Listed, dict[UUID, tuple[str, str]]]:
    """Read the catalogue: its recordings, and interaction and timeline of each."""
    with closing(sqlite3.connect(node.data / "callvault.sqlite3", timeout=10)) as catalogue:
        rows: list[Any] = catalogue.execute(LISTED).fetchall()
        verdicts = dict(
            catalogue.execute("SELECT sip_call_id, verdict FROM decisions_call").fetchall()
        )
    found = [
        Found(UUID(row[0]), row[1], row[2], row[3], row[4], Direction(row[5]), row[6])
        for row in rows
    ]
    return Listed(found, verdicts), {UUID(row[0]): (str(row[7]), row[8]) for row in rows}


def events(node: Node) -> str:
    """Return the kinds of what the node reported."""
    with closing(sqlite3.connect(node.data / "callvault.sqlite3", timeout=10)) as catalogue:
        return " ".join(str(row) for row in catalogue.execute("SELECT * FROM decisions_nodeevent"))


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_each_pair_is_one_recording_as_long_as_it_and_the_right_way_round(
    outcomes: Outcomes, name: str
) -> None:
    rows = outcomes[name].rows
    assert [row.faults for row in rows] == [()] * len(rows)
    pairs = {
        "hold": 2,
        "transferred": 2,
        "conference": 3,
        "mirror": 4,
        "two clusters": 2,
        "shared line": 2,
    }
    assert len(rows) == pairs.get(name, 1)


@pytest.mark.parametrize(
    ("name", "interactions"),
    [("hold", 1), ("transferred", 1), ("mirror", 1), ("shared line", 1), ("two clusters", 2)],
)
def test_pieces_of_one_conversation_are_linked_and_others_are_not(
    outcomes: Outcomes, name: str, interactions: int
) -> None:
    assert len(set(outcomes[name].interactions)) == interactions


def test_a_conference_goes_on_with_the_call_that_it_came_of(outcomes: Outcomes) -> None:
    first, _, together = outcomes["conference"].interactions
    assert first == together


def test_a_far_end_that_changes_is_told_on_the_timeline(outcomes: Outcomes) -> None:
    (timeline,) = outcomes["update"].timelines
    assert "transferred" in timeline


def test_no_conversation_is_linked_to_another(outcomes: Outcomes) -> None:
    by_name: dict[str, set[str]] = {
        name: set(outcome.interactions) for name, outcome in outcomes.items()
    }
    every = [one for some in by_name.values() for one in some]
    assert len(every) == len(set(every))


def test_a_call_without_codec_leaves_a_decision_and_an_event(
    node: Node, outcomes: Outcomes
) -> None:
    (row,) = outcomes["no codec"].rows
    assert (row.found, row.verdict) == (None, "failed")
    until(lambda: "cucm_no_codec" in events(node))


def test_a_side_that_never_came_is_told_of(node: Node, outcomes: Outcomes) -> None:
    assert outcomes["far missing"].rows[0].found is not None
    until(lambda: "cucm_one_sided" in events(node))


def test_encrypted_calls_over_tls_are_recorded_just_so(node: Node, outcomes: Outcomes) -> None:
    assert outcomes  # the people are there
    done = node.simulate(
        *("--sender", "cucm", "--calls", "1", "--seconds", "3", "--seed", "21", "--gap", "500"),
        *("--transport", "tls", "--srtp", "AES_CM_128_HMAC_SHA1_80"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 recordings are there. Each is as long as its call" in done.stdout


def test_a_recorder_that_dies_in_a_call_comes_back_and_goes_on_with_both_voices(
    node: Node, outcomes: Outcomes
) -> None:
    before = set(listed(node)[1])
    assert before, outcomes
    length_of = Speech(node.data / "speech").length_ms
    kind = Wishes(1, 10_000, 10_000, hold_share=0)
    drawn = (next(plan_calls(kind, seed=seed, length_of=length_of)) for seed in count(90))
    script = next(one for one in drawn if both_speak_at_last(one))
    plans = plan_conversations(
        [script], CucmWishes(), seed=1, ids=SystemRandom(), length_of=length_of
    )

    async def dying() -> list[PlacedCall]:
        placing = asyncio.create_task(placed(node, list(plans)))
        await asyncio.to_thread(until, lambda: calls_in_progress(node) == 2)
        await asyncio.sleep(1)
        node.kill("recorder")
        ((call,),) = (await placing).values()
        return [call]

    (call,) = asyncio.run(dying())
    assert call.faults == ()
    until(lambda: set(listed(node)[1]) > before)
    (saved,) = set(listed(node)[1]) - before
    heard = Archive(load(node.data / "callvault.toml")).hearing_of(saved)
    assert heard is not None
    assert call.agrees_with(heard.length_ms)
    (expected,) = call.expected
    for voice, pattern in (
        (heard.left, expected.owner_pattern),
        (heard.right, expected.remote_pattern),
    ):
        frames = envelope(voice, heard.rate_hz).astype(np.float64)
        last = slice(len(pattern) - SURELY_AFTER_MS // 20, len(pattern))
        assert pattern[last].any()
        assert likeness(frames[last], pattern[last]) > LIKE


def both_speak_at_last(script: CallScript) -> bool:
    """Tell whether each side begins to say something after the restart."""
    since_ms = script.length_ms - SURELY_AFTER_MS
    late = [turn for turn in script.turns if turn.start_ms > since_ms and turn.length_ms >= 300]
    return {turn.speaker for turn in late} == set(Speaker)


def calls_in_progress(node: Node) -> int:
    """Return what the recorder last said, which it does each second."""
    heartbeat = json.loads((node.data / "run" / "recorder.json").read_bytes())
    return int(heartbeat["calls"])
