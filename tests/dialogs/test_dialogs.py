"""Every dialog file, played over real sockets: answers, recordings, sound, interactions."""

from collections import Counter

import pytest

from tests.dialogs.checks import check_facts, check_sound
from tests.dialogs.script import read_all
from tests.dialogs.stage import Outcome, Stage

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("dialogs"), pytest.mark.timeout(180)]

SCRIPTS = read_all()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Play them all at one recorder."""
    played = Stage(tmp_path_factory.mktemp("stage"))
    played.play(SCRIPTS)
    return played


@pytest.mark.parametrize("name", [one.name for one in SCRIPTS])
def test_a_dialog_is_answered_by_the_rules_and_becomes_what_it_should(
    stage: Stage, name: str
) -> None:
    outcome = stage.outcomes[name]
    assert outcome.failure == ""
    assert outcome.played is not None
    assert outcome.played.answers > 0
    _check_verdicts(outcome)
    expected = outcome.script.expected
    found = {dialog: list(facts) for dialog, facts in outcome.recordings.items()}
    counted = Counter(
        (dialog, one.assignment.owner_username) for dialog in found for one in found[dialog]
    )
    assert counted == Counter((one.dialog, one.owner) for one in expected)
    for one in expected:
        facts = next(
            each for each in found[one.dialog] if each.assignment.owner_username == one.owner
        )
        found[one.dialog].remove(facts)
        check_facts(facts, one, outcome.played)
        sound = stage.sound(facts.assignment.recording_id)
        assert check_sound(sound, facts, one, outcome.played) > 0


def _check_verdicts(outcome: Outcome) -> None:
    """Each dialog that was answered has ended, and with its verdict."""
    assert outcome.played is not None
    verdicts = {dialog: call.verdict.value for dialog, call in outcome.calls.items()}
    wanted = {name: "recorded" for name in outcome.played.answered_ns}
    assert verdicts == wanted | outcome.script.verdicts
