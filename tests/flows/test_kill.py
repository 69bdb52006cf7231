"""Programs of a node killed at random in twenty calls: the soak of tests/soak, a short run."""

import signal
from pathlib import Path

import pytest

from tests.flows.node import Node
from tests.soak.kill_at_random import run

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]

SHARED_MACHINE_S = 5.0
"""The bar of 1.5 s holds on a machine that has a core to spare; `make soak` asks for it."""


def test_no_call_is_lost_doubled_or_left_over_whatever_is_killed(tmp_path: Path) -> None:
    node = Node(tmp_path / "data").start()
    try:
        outcome = run(
            node,
            calls=20,
            concurrent=20,
            seconds="10-14",
            kills=3,
            seed=1,
            longest_loss_s=SHARED_MACHINE_S,
        )
    finally:
        node.stop(signal.SIGINT)
    assert outcome.faults == [], node.log.read_text()
    assert outcome.recordings == 20
    assert outcome.pieces >= 1
