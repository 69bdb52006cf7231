"""The page *Permissions*."""

from pathlib import Path
from typing import ClassVar

import pytest
from django.test import Client

from callvault.portal.configuration.deletion_ban import marker_file
from callvault.portal.configuration.models import LowestLevel, SystemSettings
from callvault.portal.configuration.rights import LowestLevels, levels_in_force
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
SIMPLE, SUPERVISORS, ADMINISTRATORS, NOBODY = LowestLevel
PAGE = "/settings/permissions"
NOW = {"seen_download": "20", "seen_delete": "40"}


class TestPermissions(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = PAGE


@pytest.fixture(autouse=True)
def _system(data_folder: Path) -> None:
    marker_file().parent.mkdir()
    SystemSettings.objects.create()


def test_who_may_is_saved_and_shown(rita_client: Client) -> None:
    answer = rita_client.post(PAGE, NOW | {"download": "30", "delete": "20"})
    assert answer.status_code == 302
    assert levels_in_force() == LowestLevels(SUPERVISORS, SIMPLE)
    assert "Download: Group supervisors. Delete: Simple users." in (
        rita_client.get(PAGE).content.decode()
    )


def test_nobody_may_delete_asks_for_its_phrase_on_a_page_of_its_own(rita_client: Client) -> None:
    sent = NOW | {"download": "30", "delete": "90"}
    asked = rita_client.post(PAGE, sent)
    text = asked.content.decode()
    assert "Type “Nobody may ever delete” to confirm" in text
    assert "Who may download is saved with it: Group supervisors." in text
    check_policy(asked)
    wrong = rita_client.post(PAGE, sent | {"phrase": "yes, do"})
    assert wrong.status_code == 422
    assert 'value="yes, do"' in wrong.content.decode()
    assert levels_in_force() == LowestLevels(SIMPLE, ADMINISTRATORS)
    done = rita_client.post(PAGE, sent | {"phrase": "nobody may ever delete"})
    assert done.status_code == 302
    assert levels_in_force() == LowestLevels(SUPERVISORS, NOBODY)
    page = rita_client.get(PAGE).content.decode()
    assert "Nobody may delete, and nobody can change that." in page
    assert "Decided by Rita Marsh" in page
    assert 'type="radio" name="delete"' not in page


def test_it_cannot_be_changed_back_by_sending_another_form(rita_client: Client) -> None:
    sent = NOW | {"download": "20", "delete": "90", "phrase": "Nobody may ever delete"}
    rita_client.post(PAGE, sent)
    for seen in ("40", "90"):
        answer = rita_client.post(
            PAGE,
            {"seen_download": "20", "seen_delete": seen, "download": "20", "delete": "20"},
        )
        assert answer.status_code == 422
    assert levels_in_force().delete == NOBODY
    answer = rita_client.post(
        PAGE, {"seen_download": "20", "seen_delete": "90", "download": "90", "delete": "90"}
    )
    assert answer.status_code == 302
    assert levels_in_force() == LowestLevels(NOBODY, NOBODY)


def test_the_general_settings_do_not_touch_it(rita_client: Client) -> None:
    sent = NOW | {"download": "20", "delete": "90", "phrase": "Nobody may ever delete"}
    rita_client.post(PAGE, sent)
    answer = rita_client.post(
        "/settings/general", {"zone": "UTC", "country_code": "39", "delete_level": "20"}
    )
    assert answer.status_code == 302
    assert SystemSettings.objects.get().delete_level == NOBODY


def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(
    rita_client: Client,
) -> None:
    SystemSettings.objects.update(delete_level=SIMPLE)
    answer = rita_client.post(PAGE, NOW | {"download": "30", "delete": "30"})
    assert answer.status_code == 422
    assert "changed these rights meanwhile" in answer.content.decode()
    assert levels_in_force() == LowestLevels(SIMPLE, SIMPLE)


@pytest.mark.parametrize("delete", ["", "10", "91", "x"])
def test_what_is_no_level_is_refused(rita_client: Client, delete: str) -> None:
    assert rita_client.post(PAGE, NOW | {"download": "20", "delete": delete}).status_code == 422
    assert levels_in_force() == LowestLevels(SIMPLE, ADMINISTRATORS)
