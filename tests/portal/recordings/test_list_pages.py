"""The lists of recordings as pages: rows, chips, paging, empty states, and what they cost."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from callvault.policy.decision import Direction, Party
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings import search
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import STARTED, Spoken, list_recording
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(data_folder: Path) -> None:
    """Keep the recorder's heartbeat of the test apart."""


@pytest.fixture
def many(ann: User) -> list[Recording]:
    """Sixty calls of Ann's, one a minute."""
    return [
        list_recording(
            ann,
            Spoken(started_at=STARTED + timedelta(minutes=number), duration_ms=60_000 + number),
        )
        for number in range(60)
    ]


@pytest.fixture
def sam_client(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def test_a_row_tells_who_spoke_with_whom_when_and_how_long(sam_client: Client, ann: User) -> None:
    SystemSettings.objects.create(zone="Europe/Rome")
    recording = list_recording(ann, Spoken(Party("+15550142", "Tom Vega"), flags=("one_way",)))
    page = sam_client.get("/recordings/").content.decode()
    for told in (
        f'href="/recordings/{recording.recording_id}/"',
        "Ann Keller",
        "2014",
        "Tom Vega",
        "+1\u00a0555\u00a00142",
        'data-cv-copy="+15550142"',
        'datetime="2026-11-23T13:25:30Z"',
        "14:25:30",
        "6:12",
        "One-way audio",
        "Times in Europe/Rome",
    ):
        assert told in page, told


def test_a_page_holds_fifty_rows_and_older_leads_on(
    sam_client: Client, many: list[Recording]
) -> None:
    first = sam_client.get("/recordings/")
    assert [row.recording_id for row in first.context["rows"]] == [
        recording.recording_id for recording in reversed(many)
    ][:50]
    assert first.context["told"] == "Newest 50 of 60"
    assert first.context["newer_url"] == ""
    second = sam_client.get(first.context["older_url"])
    assert len(second.context["rows"]) == 10
    assert second.context["older_url"] == ""
    back = sam_client.get(second.context["newer_url"])
    assert back.context["rows"] == first.context["rows"]


def test_the_address_of_a_page_carries_no_sequential_number(
    sam_client: Client, many: list[Recording]
) -> None:
    url = sam_client.get("/recordings/").context["older_url"]
    assert url == f"/recordings/?after={many[10].recording_id}"


def test_the_list_is_sorted_by_duration_both_ways(
    sam_client: Client, many: list[Recording]
) -> None:
    page = sam_client.get("/recordings/?sort=duration&rows=25")
    assert [row.duration_ms for row in page.context["rows"]] == list(range(60_000, 60_025))
    assert page.context["sort_duration"].state == "ascending"
    assert "sort=-duration" in page.context["sort_duration"].url
    assert "rows=25" in page.context["sort_duration"].url
    assert 'aria-sort="ascending"' in page.content.decode()


@pytest.mark.parametrize(
    "query", ["sort=owner", "rows=7", "rows=x", "after=x", "before=0", "rows=" + "9" * 5000]
)
def test_nonsense_in_the_address_falls_back_to_the_usual(
    sam_client: Client, many: list[Recording], query: str
) -> None:
    assert sam_client.get(f"/recordings/?{query}").context["told"] == "Newest 50 of 60"


def test_chips_tell_the_search_and_how_to_take_each_part_away(
    sam_client: Client, many: list[Recording]
) -> None:
    query = "first=2026-11-16&last=2026-11-23&direction=in&group=sales&over=0:30&q=ann"
    page = sam_client.get(f"/recordings/?{query}")
    chips = {chip.name: chip for chip in page.context["chips"]}
    assert {name: chip.value for name, chip in chips.items()} == {
        "start": "16\u201323 Nov 2026",
        "direction": "In",
        "group": "sales",
        "owner": "",
        "duration": "over 30\u00a0s",
        "note": "",
        "preserved": "",
        "remark": "",
        "trunk": "",
    }
    assert chips["start"].remove_url == "/recordings/?direction=in&group=sales&over=0%3A30&q=ann"
    assert page.context["head_line"] == "60 recordings match. You see claims, sales."


def test_a_wrong_field_is_pointed_out_and_the_rest_is_found(
    sam_client: Client, many: list[Recording]
) -> None:
    page = sam_client.get("/recordings/?first=someday&direction=in")
    assert len(page.context["rows"]) == 50
    assert "first" in page.context["form"].errors
    assert "data-cv-add-filter open" in page.content.decode()


def test_htmx_gets_the_list_alone_and_a_clean_address(
    sam_client: Client, many: list[Recording]
) -> None:
    page = sam_client.get("/recordings/?q=ann&first=&over=", headers={"HX-Request": "true"})
    text = page.content.decode()
    assert text.lstrip().startswith('<div id="recordings"')
    assert "<html" not in text
    assert page["HX-Push-Url"] == "/recordings/?q=ann"
    assert "HX-Request" in page["Vary"]
    check_policy(page)


def test_a_list_whose_session_ended_leads_to_the_sign_in_and_back_to_the_search(
    client: Client,
) -> None:
    response = client.get("/recordings/?q=ann", headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in/?next=/recordings/%3Fq%3Dann"


def test_nothing_recorded_yet_says_what_will_come_and_what_is_missing(
    rita_client: Client, data_folder: Path
) -> None:
    page = rita_client.get("/recordings/")
    assert "The first recording will appear here" in page.content.decode()
    assert [(check.good, check.text) for check in page.context["checks"]] == [
        (False, "No recorder runs on this machine"),
        (False, "No trunk: nobody may send calls"),
        (False, "Nobody has an extension yet"),
    ]


def test_nothing_found_offers_to_remove_the_filter_that_hides_most(
    sam_client: Client, many: list[Recording]
) -> None:
    page = sam_client.get("/recordings/?direction=out&over=0:30")
    assert page.context["hiding"] == "direction"
    assert page.context["hiding_url"] == "/recordings/?over=0%3A30"
    text = page.content.decode()
    assert "No recordings match these 2 filters." in text
    assert "Remove Direction" in text


def test_my_recordings_are_the_own_ones_even_for_a_supervisor(
    sam_client: Client, sam: User, anns_recording: Recording
) -> None:
    own = list_recording(sam, Spoken(direction=Direction.OUT))
    rows = sam_client.get("/recordings/mine/").context["rows"]
    assert [row.recording_id for row in rows] == [own.recording_id]


def test_a_supervisor_is_offered_groups_and_owners_that_are_theirs(
    sam_client: Client, many: list[Recording], otto: User
) -> None:
    form = sam_client.get("/recordings/").context["form"]
    assert form.choices_of("group") == [("claims", "claims"), ("sales", "sales")]
    assert [label for _value, label in form.choices_of("owner")] == ["Ann Keller", "Sam Whitlock"]
    assert sam_client.get("/recordings/?group=depot").context["form"].errors


def test_an_owner_beyond_those_offered_is_filtered_by_in_the_own_groups_only(
    sam_client: Client,
    many: list[Recording],
    ann: User,
    otto: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "OWNERS_OFFERED", 0)
    asked = sam_client.get(f"/recordings/?owner={ann.public_id}")
    assert asked.context["wanted"].owner == str(ann.public_id)
    assert sam_client.get(f"/recordings/?owner={otto.public_id}").context["wanted"].owner == ""


def test_an_administrator_is_offered_every_group_that_occurs(
    rita_client: Client, ann: User, otto: User
) -> None:
    for owner, group in ((ann, ""), (ann, "sales"), (otto, "depot"), (ann, "sales")):
        list_recording(owner, Spoken(group=group))
    form = rita_client.get("/recordings/").context["form"]
    assert form.choices_of("group") == [("-", "No group"), ("depot", "depot"), ("sales", "sales")]
    assert len(rita_client.get("/recordings/?group=-").context["rows"]) == 1


def test_record_only_is_told_what_the_level_means(client: Client, ann: User) -> None:
    ann.level = Level.RECORD_ONLY
    ann.save()
    client.force_login(ann)
    response = client.get("/recordings/mine/")
    assert response.status_code == 403
    assert "your level shows no recordings" in response.content.decode()


def test_names_from_the_line_are_shown_as_text(sam_client: Client, ann: User) -> None:
    hostile = '"><script>alert(1)</script>'
    list_recording(ann, Spoken(Party(hostile, hostile)))
    page = sam_client.get("/recordings/")
    check_policy(page)
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("number_of_rows", [1, 40])
def test_the_list_costs_the_same_however_many_rows(
    sam_client: Client,
    ann: User,
    number_of_rows: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(number_of_rows):
        list_recording(ann)
    SystemSettings.objects.create()
    # session, person, sign-in, settings, owners, keys and counts of two groups and of the own
    # ones, rows, parts, notes, rights, plan (two), saved searches, the default (two)
    with django_assert_num_queries(22):
        sam_client.get("/recordings/")
