"""The columns that a person chooses for the lists of recordings."""

import pytest
from django.test import Client

from callvault.portal.access.models import OwnChoices
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.columns import FURTHER, STANDARD
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


@pytest.fixture
def sam_client(client: Client, sam: User, ann: User) -> Client:
    SystemSettings.objects.create()
    list_recording(ann, Spoken(group="sales"))
    client.force_login(sam)
    return client


def heads(client: Client) -> list[str]:
    """Return the heads of the list's columns, but for the boxes and the play button."""
    page = client.get("/recordings/").content.decode()
    table = page[page.index("<thead") : page.index("</thead>")]
    told = ["Owner", "Remote party", "Start", "Direction", "Group", "Duration", "Marks"]
    told += ["Own number", "Trunk", "Size", "Node"]
    return [head for head in told if f">{head}<" in table]


def test_the_standard_columns_stand_until_others_are_chosen(sam_client: Client) -> None:
    standard = ["Owner", "Remote party", "Start", "Direction", "Group", "Duration", "Marks"]
    assert heads(sam_client) == standard
    chosen = {"column": ["trunk", "group", "nothing", "size"], "next": "/recordings/?q=1"}
    answer = sam_client.post("/recordings/columns", chosen)
    assert answer.headers["Location"] == "/recordings/?q=1"
    assert heads(sam_client) == ["Owner", "Remote party", "Start", "Group", "Trunk", "Size"]
    sam_client.post("/recordings/columns", {"column": ["node"], "standard": "yes"})
    assert heads(sam_client) == standard


def test_what_always_stands_stands_alone(sam_client: Client, sam: User) -> None:
    sam_client.post("/recordings/columns", {})
    assert heads(sam_client) == ["Owner", "Remote party", "Start"]
    assert OwnChoices.objects.get(person=sam).list_columns == []


def test_the_choice_is_the_persons_own(sam_client: Client, client: Client, rita: User) -> None:
    sam_client.post("/recordings/columns", {"column": [*STANDARD, *FURTHER]})
    client.force_login(rita)
    assert "Node" not in heads(client)


def test_a_trunk_is_filtered_by(sam_client: Client, ann: User) -> None:
    row = list_recording(ann, Spoken(group="sales"))
    row.trunk_name = "Branch office"
    row.save()
    found = sam_client.get("/recordings/?trunk=Branch+office").context["rows"]
    assert [one.recording_id for one in found] == [row.recording_id]
    assert "Branch office" in sam_client.get("/recordings/?trunk=Branch+office").content.decode()
