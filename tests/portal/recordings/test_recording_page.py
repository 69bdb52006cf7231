"""The page of one recording: what is told of it."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from callvault.finalise.catalogue import TimelineItem
from callvault.policy.decision import Direction, Party
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.page import RecordingPage, Region
from callvault.portal.recordings.page_builder import page_of_recording
from callvault.portal.recordings.phrases import timeline_entry
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = pytest.mark.django_db

TIMELINE = (
    TimelineItem(0, "answered", who="Ann Keller"),
    TimelineItem(102_000, "held", 49_000, who="Ann Keller"),
    TimelineItem(151_000, "resumed"),
    TimelineItem(200_000, "lost", 1_200, channel="remote"),
    TimelineItem(238_000, "paused", 24_000, who="Ann Keller", detail="card number"),
    TimelineItem(300_000, "transferred", who="+15550199", detail="2014"),
    TimelineItem(372_000, "ended", detail="bye"),
)


@pytest.fixture(autouse=True)
def _own_folder(data_folder: Path) -> None:
    """Look for the objects in a vault of the test's own, which is empty."""


def page_of(user: User, recording: Recording, start_at_ms: int = 0) -> RecordingPage:
    return page_of_recording(
        user, recording, start_at_ms=start_at_ms, back=("/recordings/", "All recordings")
    )


def test_the_title_follows_the_direction(ann: User) -> None:
    titles = {
        direction: page_of(ann, list_recording(ann, Spoken(direction=direction))).title
        for direction in Direction
    }
    assert titles == {
        Direction.IN: "Incoming call, +1\u00a0555\u00a00142 to Ann Keller",
        Direction.OUT: "Outgoing call, Ann Keller to +1\u00a0555\u00a00142",
        Direction.DIAL_IN: "Dial-in of Ann Keller",
    }


@pytest.mark.parametrize(
    ("number", "shown", "plain"),
    [("anonymous", "Number withheld", ""), ("", "No number", ""), ("2040", "2040", "2040")],
)
def test_a_remote_party_without_number_is_named_as_such(
    ann: User, number: str, shown: str, plain: str
) -> None:
    remote = page_of(ann, list_recording(ann, Spoken(Party(number)))).remote
    assert (remote.label, remote.number_plain) == (shown, plain)


def test_the_timeline_is_told_in_sentences(ann: User) -> None:
    page = page_of(ann, list_recording(ann, Spoken(timeline=TIMELINE)))
    assert [(entry.seconds, entry.title, entry.text) for entry in page.timeline] == [
        (0, "Answered", "Ann Keller"),
        (102, "Put on hold", "by Ann Keller, 49\u00a0s"),
        (151, "Back from hold", ""),
        (200, "Audio lost", "1.2\u00a0s, remote party"),
        (
            238,
            "Recording paused",
            "by Ann Keller, 24\u00a0s of silence, nothing was stored, card number",
        ),
        (300, "Transferred", "to +1\u00a0555\u00a00199, from 2014"),
        (372, "Ended", ""),
    ]


def test_holds_pauses_and_losses_are_regions_of_the_player(ann: User) -> None:
    player = page_of(ann, list_recording(ann, Spoken(timeline=TIMELINE))).player
    assert player.regions == (
        Region(102_000, 151_000, "hold", "Hold 0:49", "both"),
        Region(200_000, 201_200, "lost", "Lost 1.2\u00a0s", "remote"),
        Region(238_000, 262_000, "pause", "Paused 0:24", "both"),
    )
    assert player.event_offsets_ms[:2] == (0, 102_000)


def test_a_hold_of_less_than_a_second_is_not_labelled_with_none(ann: User) -> None:
    timeline = (TimelineItem(7_000, "held", 300),)
    player = page_of(ann, list_recording(ann, Spoken(timeline=timeline))).player
    assert [region.label for region in player.regions] == ["Hold 0.3\u00a0s"]


def test_a_kind_that_a_newer_worker_writes_is_shown_by_its_name(ann: User) -> None:
    recording = list_recording(ann, Spoken(timeline=(TimelineItem(5_000, "whisper_started"),)))
    assert page_of(ann, recording).timeline[0].title == "Whisper started"


def test_details_tell_quality_and_audio(ann: User) -> None:
    page = page_of(ann, list_recording(ann, Spoken(flags=("one_way", "clipped"), lost=9)))
    facts = {fact.label: fact for fact in page.facts}
    assert facts["Audio"].value == "G.711 A-law, 2 channels, 1.5\u00a0MB"
    assert facts["Quality"].value == "One-way audio"
    assert facts["Quality"].note == "clipped, 0.02% lost"
    assert facts["Quality"].tone == "attention"
    assert facts["Trunk"].note == "192.0.2.14"


def test_what_was_recovered_of_lost_packets_is_told(ann: User) -> None:
    page = page_of(ann, list_recording(ann, Spoken(lost=370, recovered=185)))
    quality = {fact.label: fact for fact in page.facts}["Quality"]
    assert (quality.value, quality.note) == ("Good", "1% lost, 0.5% recovered")


def test_packets_of_one_sender_too_many_are_worded(ann: User) -> None:
    page = page_of(ann, list_recording(ann, Spoken(flags=("sources",))))
    assert {fact.label: fact.value for fact in page.facts}["Quality"] == "Too many senders"


@pytest.mark.parametrize(
    ("flags", "undecrypted", "value", "note"),
    [
        ((), 9, "Good", "0% lost, 0.02% not decrypted"),
        (("undecrypted",), 37_240, "50% not decrypted", "0% lost"),
    ],
)
def test_what_no_key_opened_is_told_with_its_share(
    ann: User, flags: tuple[str, ...], undecrypted: int, value: str, note: str
) -> None:
    page = page_of(ann, list_recording(ann, Spoken(flags=flags, undecrypted=undecrypted)))
    quality = {fact.label: fact for fact in page.facts}["Quality"]
    assert (quality.value, quality.note) == (value, note)


def test_the_decision_is_linked_for_administrators_only(ann: User, rita: User) -> None:
    recording = list_recording(ann)
    call = recording.call
    assert call is not None
    ann_sees, rita_sees = page_of(ann, recording).verdict, page_of(rita, recording).verdict
    assert ann_sees is not None
    assert rita_sees is not None
    assert ann_sees.text == "Always-on on trunk Webex."
    assert ann_sees.url == ""
    assert rita_sees.url == f"/decisions/{call.event_id}"


def test_signalling_is_linked_for_supervisors_only(ann: User, sam: User) -> None:
    recording = list_recording(ann)
    assert page_of(ann, recording).metadata_url == ""
    assert page_of(sam, recording).metadata_url == f"/recordings/{recording.recording_id}/metadata"


def test_playing_starts_where_the_link_says(client: Client, ann: User) -> None:
    recording = list_recording(ann)
    client.force_login(ann)
    url = f"/recordings/{recording.recording_id}/"
    starts = {
        query: client.get(url + query).context["page"].player.start_at_ms
        for query in ("", "?t=167", "?t=x", "?t=-5", "?t=999999")
    }
    assert starts == {"": 0, "?t=167": 167_000, "?t=x": 0, "?t=-5": 0, "?t=999999": 372_400}


@pytest.mark.parametrize(
    ("referer", "url"),
    [
        ("http://testserver/recordings/?q=ann", "/recordings/?q=ann"),
        ("http://testserver/recordings/mine/?sort=duration", "/recordings/mine/?sort=duration"),
        ("http://evil.example/recordings/?q=ann", "/recordings/"),
        ("http://testserver/x/recordings/?q=ann", "/recordings/"),
        ("", "/recordings/"),
    ],
)
def test_back_leads_to_the_list_one_came_from(
    client: Client, ann: User, sam: User, referer: str, url: str
) -> None:
    recording = list_recording(ann)
    client.force_login(sam)
    page = client.get(f"/recordings/{recording.recording_id}/", headers={"Referer": referer})
    assert page.context["page"].back_url == url


def test_what_the_player_is_given_has_javascript_names(ann: User) -> None:
    page = page_of(ann, list_recording(ann, Spoken(timeline=TIMELINE)), start_at_ms=5_000)
    assert page.player_json["startAtMs"] == 5_000
    regions = page.player_json["regions"]
    assert isinstance(regions, list)
    assert regions[0]["startMs"] == 102_000


def test_a_page_costs_few_queries(
    client: Client, ann: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    recording = list_recording(ann, Spoken(timeline=TIMELINE))
    client.force_login(ann)
    SystemSettings.objects.create()
    with django_assert_max_num_queries(28):  # three to find out where the missing audio may be
        client.get(f"/recordings/{recording.recording_id}/")


def test_a_pause_of_the_phone_system_is_told_as_such() -> None:
    entry = timeline_entry({"offset_ms": 0, "kind": "paused", "detail": "recording_client"})
    assert (entry.title, entry.text) == ("Recording paused", "by the phone system")


@pytest.mark.parametrize(
    ("item", "title", "text"),
    [
        (
            {"kind": "keys_in_clear", "detail": "udp"},
            "Encryption keys came unprotected",
            "by UDP, not TLS",
        ),
        (
            {"kind": "key_wrong", "channel": "remote"},
            "Audio cannot be decrypted",
            "remote party, the key that was negotiated is not the one that is used",
        ),
        ({"kind": "key_right", "channel": "owner"}, "Audio can be decrypted again", "owner"),
        (
            {"kind": "ended", "detail": "srtp_required"},
            "Ended",
            "the phone system sent in clear where encryption is required",
        ),
    ],
)
def test_what_becomes_of_keys_is_worded(item: dict[str, str], title: str, text: str) -> None:
    entry = timeline_entry({"offset_ms": 0, **item})
    assert (entry.title, entry.text) == (title, text)
