"""The search that goes along with a recording: neighbours, ends, rights, the way back."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.search import LONGEST
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def three(ann: User) -> list[Recording]:
    """Ann's recordings of three hours, the newest first; the middle one is the longest."""
    SystemSettings.objects.create()
    lengths_ms = (60_000, 300_000, 120_000)
    return [
        list_recording(ann, Spoken(started_at=START - timedelta(hours=back), duration_ms=length_ms))
        for back, length_ms in enumerate(lengths_ms)
    ]


@pytest.fixture
def ann_client(client: Client, ann: User) -> Client:
    client.force_login(ann)
    return client


def url(recording: Recording, carried: str = "") -> str:
    query = f"?{urlencode({'in': carried})}" if carried else ""
    return f"/recordings/{recording.recording_id}/{query}"


def beside(client: Client, address: str) -> tuple[str, str, int]:
    """Return the addresses of the recordings beside one, and its place."""
    found = client.get(address).context["neighbours"]
    return found.previous_url, found.next_url, found.place


def test_neighbours_are_those_of_the_list(ann_client: Client, three: list[Recording]) -> None:
    first, second, third = three
    in_mine = {"carried": "mine"}
    assert beside(ann_client, url(first)) == ("", url(second, **in_mine), 1)
    assert beside(ann_client, url(second)) == (url(first, **in_mine), url(third, **in_mine), 2)
    assert beside(ann_client, url(third)) == (url(second, **in_mine), "", 3)


def test_filters_and_order_hold_on_the_way(ann_client: Client, three: list[Recording]) -> None:
    _short, longest, middle = three
    carried = "mine?over=1.5&sort=-duration"
    assert beside(ann_client, url(longest, carried)) == ("", url(middle, carried), 1)
    page = ann_client.get(url(longest, carried)).context["page"]
    assert page.back_url == "/recordings/mine/?over=1.5&sort=-duration"


def test_the_search_is_read_from_the_list_one_came_from(
    ann_client: Client, three: list[Recording]
) -> None:
    headers = {"Referer": "http://testserver/recordings/mine/?over=1.5&after=x"}
    answer = ann_client.get(url(three[1]), headers=headers)
    assert answer.context["carried"] == "mine?over=1.5"
    following = parse_qs(urlsplit(answer.context["neighbours"].next_url).query)
    assert following == {"in": ["mine?over=1.5"]}


def test_the_search_outlives_a_note(ann_client: Client, three: list[Recording]) -> None:
    before = "http://testserver" + url(three[1], "mine?over=1.5")
    answer = ann_client.get(url(three[1]), headers={"Referer": before})
    assert answer.context["carried"] == "mine?over=1.5"


def test_a_search_that_does_not_hold_it_has_no_neighbours(
    ann_client: Client, three: list[Recording]
) -> None:
    answer = ann_client.get(url(three[0], "mine?over=30"))
    assert answer.context["neighbours"] is None


@pytest.mark.parametrize("carried", ["all", "every", "mine?" + "x" * LONGEST, "https://e.test/"])
def test_what_is_no_search_of_the_reader_is_left_out(
    ann_client: Client, three: list[Recording], carried: str
) -> None:
    page = ann_client.get(url(three[0], carried)).context["page"]
    assert page.back_url == "/recordings/mine/"


def test_neighbours_end_where_sight_ends(
    client: Client, sam: User, otto: User, three: list[Recording]
) -> None:
    """Otto's recording lies between Ann's; her supervisor does not step onto it."""
    list_recording(otto, Spoken(started_at=START - timedelta(minutes=30)))
    client.force_login(sam)
    first, second, _third = three
    assert beside(client, url(first, "all")) == ("", url(second, "all"), 1)


def test_owner_and_group_restrict_and_never_widen(
    client: Client, sam: User, otto: User, three: list[Recording]
) -> None:
    client.force_login(sam)
    answer = client.get(url(three[0], f"all?owner={otto.public_id}"))
    assert answer.context["neighbours"] is None
    answer = client.get(url(three[0], f"all?group={three[0].owner_group}"))
    assert answer.context["neighbours"].next_url


def test_a_link_to_a_moment_opens_there_after_the_sign_in(
    client: Client, ann: User, otto: User, three: list[Recording]
) -> None:
    link = url(three[1]) + "?t=42"
    strange = client.get(link)
    assert strange.status_code == 302
    assert parse_qs(urlsplit(strange["Location"]).query)["next"] == [link]
    client.force_login(otto)
    assert client.get(link).status_code == 404
    client.force_login(ann)
    assert client.get(link).context["page"].player.start_at_ms == 42_000
