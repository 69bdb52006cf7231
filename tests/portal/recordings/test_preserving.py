"""The preserve flag, by hierarchy."""

import pytest

from callvault.policy.permissions import Refusal
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import Refused
from callvault.portal.recordings.preserving import preserve, preserved_until, release
from tests.portal.acting import request_of

pytestmark = pytest.mark.django_db


def test_the_flag_keeps_who_set_it_at_which_level_and_when(
    sam: User, anns_recording: Recording
) -> None:
    preserve(request_of(sam), anns_recording)
    anns_recording.refresh_from_db()
    assert anns_recording.preserved_level == Level.GROUP_SUPERVISOR
    assert anns_recording.preserved_by_name == "Sam Whitlock"
    assert anns_recording.preserved_at is not None
    assert preserved_until(anns_recording) is None
    assert AuditEntry.objects.get(action=Action.PRESERVED).detail == {"level": 30, "before": None}


def test_nobody_releases_what_a_higher_level_preserved_not_even_the_owner(
    ann: User, sam: User, rita: User, anns_recording: Recording
) -> None:
    preserve(request_of(sam), anns_recording)
    preserve(request_of(rita), anns_recording)
    for person in (ann, sam):
        with pytest.raises(Refused) as refused:
            release(request_of(person), anns_recording)
        assert refused.value.refusal is Refusal.PRESERVED_HIGHER
    assert release(request_of(rita), anns_recording).preserved_by_name == ""
    anns_recording.refresh_from_db()
    assert (anns_recording.preserved_level, anns_recording.preserved_at) == (None, None)


def test_the_level_at_the_time_counts_whatever_became_of_the_person(
    rita: User, sam: User, anns_recording: Recording
) -> None:
    preserve(request_of(rita), anns_recording)
    rita.level, rita.group = Level.GROUP_SUPERVISOR, "sales"
    rita.save()
    for person in (rita, sam):
        with pytest.raises(Refused):
            release(request_of(person), anns_recording)
    rita.delete()
    anns_recording.refresh_from_db()
    assert anns_recording.preserved_by_name == "Rita Marsh"


def test_a_flag_of_the_same_level_stays_as_it_is(
    sam: User, ann: User, anns_recording: Recording
) -> None:
    preserve(request_of(sam), anns_recording)
    with pytest.raises(Refused) as refused:
        preserve(request_of(ann), anns_recording)
    assert refused.value.refusal is Refusal.PRESERVED_ALREADY
