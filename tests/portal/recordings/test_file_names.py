"""File names outside the vault (EXP-2)."""

from zoneinfo import ZoneInfo

import pytest

from callvault.portal.recordings.file_names import file_name
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import STARTED

ROME = ZoneInfo("Europe/Rome")


def recording(**changed: object) -> Recording:
    columns: dict[str, object] = {
        "record_number": 123,
        "started_at": STARTED,
        "owner_username": "arossi",
        "direction": "in",
        "owner_extension": "2001",
        "remote_normalised": "+390212345678",
        "owner_group": "sales",
    }
    return Recording(**(columns | changed))


def test_the_name_tells_what_the_recording_is() -> None:
    expected = "000123_20261123_142530_arossi_IN_2001_+390212345678_sales.mp3"
    assert file_name(recording(), zone=ROME) == expected


def test_without_group_the_name_ends_with_the_number() -> None:
    name = file_name(recording(owner_group="", direction="dial_in"), zone=ROME)
    assert name == "000123_20261123_142530_arossi_DIALIN_2001_+390212345678.mp3"


@pytest.mark.parametrize(
    ("group", "part"),
    [
        ("A/B\\C:D", "A-B-C-D"),
        ("..", ""),
        ("Ko\u0308ln ", "Köln"),
        ('a"<>|?*\x00b', "a-------b"),
        ("a\r\n\x85b", "a---b"),
        ("\u202e3pm.exe", "3pm.exe"),
    ],
)
def test_what_a_file_system_refuses_is_replaced(group: str, part: str) -> None:
    assert file_name(recording(owner_group=group), zone=ROME).endswith(f"_{part}.mp3")


def test_the_longest_names_stay_below_what_a_file_system_takes() -> None:
    long = {
        "owner_username": "名" * 150,
        "owner_group": "群" * 100,
        "remote_normalised": "😀" * 254,
    }
    name = file_name(recording(**long, owner_extension="分" * 32), zone=ROME)
    assert len(name.encode()) <= 255
    assert name.count("_") == 7
