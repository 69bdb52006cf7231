"""What verification and recovery ask the catalogue."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from callvault.policy.decision import Verdict
from callvault.portal import listed
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.people.models import User
from callvault.vault import ObjectKind, SealedObject
from tests.portal.catalogue_facts import (
    STARTED,
    Spoken,
    call_facts,
    list_recording,
    recording_facts,
)

pytestmark = pytest.mark.django_db


def test_all_recordings_are_walked_page_by_page(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "PAGE", 2)
    expected = [list_recording(ann).recording_id for _ in range(5)]
    rows = listed.chosen(since=None, recording_id=None)
    walked = list(listed.walk(rows))
    assert [one.recording_id for one in walked] == expected
    assert listed.amount(rows) == (5, 5 * 1_489_600)
    assert walked[0].objects == (
        SealedObject(ObjectKind.AUDIO, 1_489_600, "ab" * 32),
        SealedObject(ObjectKind.METADATA, 4_000, "cd" * 32),
    )
    assert walked[0].certificates == ("4f" * 32,)


def test_recordings_with_kept_packets_that_were_not_decoded_are_found(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "PAGE", 1)
    whole, marked, without_packets = [list_recording(ann) for _ in range(3)]
    for row in (marked, without_packets):
        row.flags = ["loss", "undecodable"]
    raw = {"kind": "raw", "size_bytes": 9, "sha256": "ef" * 32}
    for row in (whole, marked):
        row.objects_sealed = [*row.objects_sealed, raw]
    for row in (whole, marked, without_packets):
        row.save()
    rows = listed.chosen(since=None, recording_id=None)
    assert list(listed.undecoded(rows)) == [marked.recording_id]


def test_recordings_are_chosen_by_the_start_of_their_call_or_by_id(ann: User) -> None:
    early = list_recording(ann, Spoken(started_at=STARTED - timedelta(days=2))).recording_id
    late = list_recording(ann, Spoken(started_at=STARTED)).recording_id
    since = listed.chosen(since=STARTED, recording_id=None)
    assert [one.recording_id for one in listed.walk(since)] == [late]
    only = listed.chosen(since=None, recording_id=early)
    assert [one.recording_id for one in listed.walk(only)] == [early]
    assert listed.amount(listed.chosen(since=None, recording_id=uuid4())) == (0, 0)


def test_which_of_many_are_listed_is_asked_in_portions(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "PAGE", 2)
    known = {list_recording(ann).recording_id for _ in range(3)}
    assert listed.listed_among([*known, uuid4(), uuid4()]) == known


def test_the_recordings_of_a_journal_are_those_of_its_call(ann: User) -> None:
    facts = recording_facts(ann, Spoken())
    call = call_facts(facts)
    catalogue = DjangoCatalogue()
    assert catalogue.recordings_of(call.event_id) is None
    catalogue.add_call(call, (facts,))
    assert catalogue.recordings_of(call.event_id) == (facts.assignment.recording_id,)


def test_a_call_listed_as_failed_is_not_listed_yet(ann: User) -> None:
    failed = msgspec.structs.replace(call_facts(), verdict=Verdict.FAILED)
    catalogue = DjangoCatalogue()
    catalogue.add_call(failed, ())
    assert catalogue.recordings_of(failed.event_id) is None
