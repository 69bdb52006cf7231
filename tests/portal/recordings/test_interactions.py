"""Recordings of one conversation are linked: in any order, once, and never too far."""

import itertools
import threading
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from django.db import connection, connections

from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.people.models import User
from callvault.portal.recordings import interactions
from callvault.portal.recordings.models import Interaction, InteractionKey, Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.spool.entries import TrunkRef
from tests.portal.catalogue_facts import (
    STARTED,
    Spoken,
    call_facts,
    list_recording,
    recording_facts,
)

pytestmark = pytest.mark.django_db

GROUP = "group:7f31-aa02-group"
TRACKING = "tracking:002A5D3C9F10"


def spoken(*conversation: str, minutes: int = 0) -> Spoken:
    return Spoken(conversation=conversation, started_at=STARTED + timedelta(minutes=minutes))


def interaction_of(recording: Recording) -> object:
    return recordings_in_catalogue().get(pk=recording.pk).interaction_id


def test_recordings_that_share_an_id_are_one_interaction(ann: User, sam: User) -> None:
    first = list_recording(ann, spoken(GROUP))
    second = list_recording(sam, spoken(GROUP, minutes=7))
    other = list_recording(ann, spoken("group:another-group", minutes=3))
    alone = list_recording(ann, spoken(minutes=4))
    assert interaction_of(first) == interaction_of(second)
    assert len({interaction_of(one) for one in (first, other, alone)}) == 3
    assert Interaction.objects.count() == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_recording_that_knows_both_joins_them_whenever_it_comes(
    ann: User, order: tuple[int, ...]
) -> None:
    said = [spoken(GROUP), spoken(GROUP, TRACKING, minutes=5), spoken(TRACKING, minutes=9)]
    rows = [list_recording(ann, said[number]) for number in order]
    assert len({interaction_of(row) for row in rows}) == 1
    interaction = Interaction.objects.get()
    assert interaction.keys.count() == 5  # three dialogs, a group, a tracking id


def test_handing_over_again_changes_nothing(ann: User) -> None:
    list_recording(ann, spoken(GROUP))
    facts = recording_facts(ann, spoken(GROUP, minutes=5))
    call = call_facts(facts)
    DjangoCatalogue().add_call(call, (facts,))
    before = list(InteractionKey.objects.order_by("pk").values())
    DjangoCatalogue().add_call(call, (facts,))
    assert list(InteractionKey.objects.order_by("pk").values()) == before
    assert Interaction.objects.count() == 1


def test_two_recordings_of_one_session_are_linked_without_any_id(ann: User, sam: User) -> None:
    together = uuid4()
    first = list_recording(ann, Spoken(interaction_id=together))
    second = list_recording(sam, Spoken(interaction_id=together))
    assert interaction_of(first) == interaction_of(second) == together


def test_an_id_that_comes_again_after_days_is_that_of_another_conversation(ann: User) -> None:
    first = list_recording(ann, spoken(GROUP))
    soon = list_recording(ann, spoken(GROUP, minutes=23 * 60))
    late = list_recording(ann, spoken(GROUP, minutes=23 * 60 + 25 * 60))
    before = list_recording(ann, spoken(GROUP, minutes=-25 * 60))
    assert interaction_of(first) == interaction_of(soon)
    assert len({interaction_of(one) for one in (first, late, before)}) == 3


def test_the_same_group_on_another_trunk_is_another_phone_systems(ann: User) -> None:
    list_recording(ann, spoken(GROUP, TRACKING))
    facts = recording_facts(ann, spoken(GROUP))
    elsewhere = msgspec.structs.replace(facts, trunk=TrunkRef(uuid4(), "Elsewhere"))
    DjangoCatalogue().add_call(call_facts(elsewhere), (elsewhere,))
    assert Interaction.objects.count() == 2


def test_a_phone_system_that_calls_everything_by_one_id_is_bounded(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "MOST_PARTS", 3)
    for _ in range(7):
        list_recording(ann, spoken(GROUP))
    counts = [row.recordings.count() for row in Interaction.objects.all()]
    assert sorted(counts) == [1, 3, 3]


def test_keys_hold_no_id_of_the_phone_system(ann: User) -> None:
    list_recording(ann, spoken(GROUP))
    assert all(len(key.digest) == 64 for key in InteractionKey.objects.all())


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite lets one transaction write at a time"
)
def test_two_workers_that_list_two_parts_at_a_time_make_one_interaction(ann: User) -> None:
    parts = [recording_facts(ann, spoken(GROUP, minutes=n)) for n in range(8)]
    start = threading.Barrier(len(parts))

    def work(number: int) -> None:
        start.wait()
        try:
            DjangoCatalogue().add_call(call_facts(parts[number]), (parts[number],))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert connection.vendor == "postgresql"
    assert Interaction.objects.count() == 1
    assert recordings_in_catalogue().count() == len(parts)
