"""The card of what the phone system said."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client

from callvault.finalise.catalogue import PhoneSystemDetail
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.page import Fact, RecordingPage, Said
from callvault.portal.recordings.page_builder import page_of_recording
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = pytest.mark.django_db

SAID = (
    PhoneSystemDetail("", "start-time", "2026-03-12T14:25:30.000Z", is_time=True),
    PhoneSystemDetail("", "broadWorksRecordingMetadata/userID", "ann@tenant.example"),
    PhoneSystemDetail("", "a/callType", "x"),
    PhoneSystemDetail("", "b/callType", "y"),
    PhoneSystemDetail("Zoe <b>", "joined", "1970-01-01T00:04:12.000Z", is_time=True),
    PhoneSystemDetail("Zoe <b>", "header/value", "night"),
    PhoneSystemDetail("Zoe <b>", "header/value", "Sales & Service"),
)


@pytest.fixture(autouse=True)
def _own_folder(data_folder: Path) -> None:
    """Look for the objects in a vault of the test's own, which is empty."""


def page_of(user: User, recording: Recording) -> RecordingPage:
    return page_of_recording(user, recording, start_at_ms=0, back=("/recordings/", "All"))


def test_what_was_said_is_told_by_party_under_the_vendors_own_names(ann: User, sam: User) -> None:
    recording = list_recording(ann, Spoken(phone_system=SAID))
    assert page_of(sam, recording).phone_system == (
        Said(
            "The call",
            (
                Fact("Started", "12 Mar 2026, 14:25:30", "by its own clock"),
                Fact("userID", "ann@tenant.example"),
                Fact("a/callType", "x"),
                Fact("b/callType", "y"),
            ),
        ),
        Said(
            "Zoe <b>",
            (
                Fact(
                    "Joined", "1970-01-01T00:04:12.000Z, its clock was not set", "by its own clock"
                ),
                Fact("value", "night, Sales & Service"),
            ),
        ),
    )


def test_who_may_not_read_signalling_is_not_told(ann: User) -> None:
    assert page_of(ann, list_recording(ann, Spoken(phone_system=SAID))).phone_system == ()


def test_the_card_is_on_the_page_and_escaped(client: Client, ann: User, sam: User) -> None:
    recording = list_recording(ann, Spoken(phone_system=SAID))
    client.force_login(sam)
    page = client.get(f"/recordings/{recording.recording_id}/").content.decode()
    assert "Details from the phone system" in page
    assert "Zoe &lt;b&gt;" in page
    quiet = list_recording(ann)
    page = client.get(f"/recordings/{quiet.recording_id}/").content.decode()
    assert "Details from the phone system" not in page


def test_what_is_only_likely_is_said_to_be(ann: User) -> None:
    sure = Spoken()
    notes = {
        fact.label: fact.note
        for fact in page_of(ann, list_recording(ann, replace(sure, confidence="low"))).facts
    }
    assert notes["Direction"] == "likely: the phone system does not say who called"
    assert notes["Audio"] == "likely: the phone system does not say who speaks on which channel"
    notes = {fact.label: fact.note for fact in page_of(ann, list_recording(ann)).facts}
    assert (notes["Direction"], notes["Audio"]) == ("", "")
