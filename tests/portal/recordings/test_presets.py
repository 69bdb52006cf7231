"""Ranges of days at one press, in the reader's zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from callvault.portal.recordings.listing import presets


@pytest.mark.parametrize(
    ("zone", "today", "since", "until"),
    [
        ("Europe/Rome", "2026-12-01", "2026-11-01", "2026-11-30"),
        ("America/New_York", "2026-11-30", "2026-10-01", "2026-10-31"),
    ],
)
def test_a_day_is_a_day_of_the_reader(
    monkeypatch: pytest.MonkeyPatch, zone: str, today: str, since: str, until: str
) -> None:
    late = datetime(2026, 12, 1, 0, 30, tzinfo=ZoneInfo("Europe/Rome"))
    monkeypatch.setattr(timezone, "now", lambda: late)
    with timezone.override(zone):
        ranges = dict(presets("/recordings/", QueryDict("first=2020-01-01&q=ann&after=x")))
    assert ranges["Today"] == f"/recordings/?q=ann&first={today}&last={today}"
    assert ranges["Last month"] == f"/recordings/?q=ann&first={since}&last={until}"
