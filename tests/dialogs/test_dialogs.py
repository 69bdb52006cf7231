"""Every dialog file, played over real sockets: answers, recordings, sound, interactions."""

import random
from collections import Counter
from uuid import UUID

import pytest

from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.recordings.models import Interaction
from callvault.portal.recordings.permissions import recordings_in_catalogue
from tests.dialogs.checks import check_facts, check_sound
from tests.dialogs.script import read_all
from tests.dialogs.stage import Outcome, Stage

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

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


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_recordings_are_linked_by_conversation_whatever_their_order(
    stage: Stage, seed: int
) -> None:
    handed_over = [
        (call, tuple(outcome.recordings.get(dialog, ())))
        for outcome in stage.outcomes.values()
        for dialog, call in outcome.calls.items()
    ]
    random.Random(seed).shuffle(handed_over)
    for call, recordings in handed_over:
        DjangoCatalogue().add_call(call, recordings)
    found = {name: _interactions(outcome) for name, outcome in stage.outcomes.items()}
    assert {name: len(ids) for name, ids in found.items()} == {
        one.name: one.interactions if one.expected else 0 for one in SCRIPTS
    }
    assert Interaction.objects.count() == sum(map(len, found.values())), "linked across files"


def _interactions(outcome: Outcome) -> set[UUID]:
    ids = [one.assignment.recording_id for each in outcome.recordings.values() for one in each]
    rows = recordings_in_catalogue().filter(recording_id__in=ids)
    assert rows.count() == len(ids)
    return set(rows.values_list("interaction_id", flat=True))


def _check_verdicts(outcome: Outcome) -> None:
    """Each dialog that was answered has ended, and with its verdict."""
    assert outcome.played is not None
    verdicts = {dialog: call.verdict.value for dialog, call in outcome.calls.items()}
    wanted = {name: "recorded" for name in outcome.played.answered_ns}
    assert verdicts == wanted | outcome.script.verdicts
