"""Who called whom, of a call that left no recording."""

import pytest

from callvault.policy.decision import Outcome, Step, Verdict
from tests.finalise.bench import Node, RecordedCall
from tests.finalise.test_journal import finish


def test_a_call_of_nobody_shows_the_numbers_of_its_metadata(node: Node) -> None:
    values = {"reason": "no_match", "caller": "5550177", "callee": "2099"}
    call = RecordedCall(
        {0: [], 1: []},
        (),
        2,
        verdict=Verdict.DISCARDED,
        steps=(Step("owner", Outcome.STOPPED, values),),
    )
    finished = finish(node, call).call
    assert (finished.caller, finished.callee) == ("5550177", "2099")


@pytest.mark.parametrize(
    ("direction", "parties"), [("in", ("5550177", "2014")), ("out", ("2014", "5550177"))]
)
def test_a_filtered_call_shows_who_called_whom(
    node: Node, direction: str, parties: tuple[str, str]
) -> None:
    filtered = {"rule": "black_list", "number": "5550177", "direction": direction}
    steps = (
        Step("owner", Outcome.PASSED, {"number": "2014"}),
        Step("filters", Outcome.STOPPED, filtered),
    )
    call = RecordedCall({0: [], 1: []}, (), 2, verdict=Verdict.FILTERED, steps=steps)
    finished = finish(node, call).call
    assert (finished.caller, finished.callee) == parties
