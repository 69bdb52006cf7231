"""IDENT-6: an extension moves to another person; what was recorded before stays."""

import pytest

from callvault.policy import Address, Match, PeopleIndex
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.people.applying import apply_plan, everybody
from callvault.portal.people.models import User
from callvault.portal.people.people_audit import Actor
from callvault.portal.people.planning import Outcome, Wanted, plan
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.portal.snapshot import build_snapshot
from tests.portal.catalogue_facts import list_recording

pytestmark = pytest.mark.django_db


def owner_of_2014() -> str:
    match = PeopleIndex.of(build_snapshot()).find([Address("2014")])
    assert isinstance(match, Match)
    return match.person.username


def test_recordings_stay_with_whom_the_extension_belonged_to(ann: User, otto: User) -> None:
    before = list_recording(ann)
    assert owner_of_2014() == "ann"
    rows = [
        Wanted("1", {"username": "ann", "extension": "2090"}),
        Wanted("2", {"username": "otto", "extension": "2014"}),
    ]
    done = plan(everybody(), rows)
    assert done.counts[Outcome.CHANGED] == 2
    apply_plan(done, revision=PolicyRevision.current(), actor=Actor(name="test"))
    assert owner_of_2014() == "otto"
    stored = Recording.objects.get(pk=before.pk)
    assert (stored.owner, stored.owner_username, stored.owner_extension) == (ann, "ann", "2014")
    ann.refresh_from_db()
    otto.refresh_from_db()
    assert list(recordings_visible_to(ann)) == [stored]
    assert not recordings_visible_to(otto).exists()
    after = list_recording(otto)
    assert list(recordings_visible_to(otto)) == [after]
