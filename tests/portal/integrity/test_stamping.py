"""Time stamps of days, by OpenSSL as the authority; what is no time stamp is not taken."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from callvault.portal.integrity.keeper import IntegrityKeeper
from callvault.portal.integrity.models import Head, Line, LogState, StampSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault import StampRefused, read_authorities, read_stamp, stamp_request
from tests.portal.catalogue_facts import list_recording
from tests.servers.time_stamp import Authority, make_authority, openssl

from .conftest import NOON, Check

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _asked(authority: Authority) -> None:
    StampSettings.objects.create(url=authority.url, authorities=authority.root)


def test_a_closed_day_is_stamped_once_and_openssl_agrees(
    recordings: list[Recording], authority: Authority, check: Check, tmp_path: Path
) -> None:
    assert check() == set()
    assert check(now=NOON + 2 * DAY) == set()
    head = Head.objects.get()
    assert head.stamped_at is not None
    assert head.stamped_by == "Example time stamps"
    assert abs(timezone.now() - head.stamped_at) < timedelta(minutes=5)
    assert len(authority.asked) == 1
    (tmp_path / "data").write_bytes(head.signed.stamped)
    (tmp_path / "stamp.tsr").write_bytes(bytes(head.stamp or b""))
    told = openssl(
        *("ts", "-verify", "-data", tmp_path / "data", "-in", tmp_path / "stamp.tsr"),
        *("-CAfile", authority.folder / "root.pem"),
    )
    assert "Verification: OK" in told


def test_the_day_in_progress_is_not_stamped(
    recordings: list[Recording], authority: Authority, keeper: IntegrityKeeper
) -> None:
    keeper.step(now=NOON + timedelta(minutes=10))
    assert authority.asked == []


def test_an_authority_that_is_away_is_asked_again_later_and_nothing_waits_for_it(
    recordings: list[Recording], authority: Authority, keeper: IntegrityKeeper, ann: User
) -> None:
    authority.status = 503
    keeper.step(now=NOON + DAY)
    state = LogState.objects.get()
    assert state.stamp_problem == "it answered with status 503"
    list_recording(ann)
    authority.status = 200
    keeper.step(now=NOON + DAY + timedelta(seconds=30))
    assert Line.objects.count() == 4  # entered meanwhile
    assert len(authority.asked) == 1  # not so soon
    keeper.step(now=NOON + DAY + timedelta(minutes=2))
    assert Head.objects.get(number=1).stamp is not None
    assert LogState.objects.get().stamp_problem == ""


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        ({"status": 302, "location": "http://127.0.0.1:9/"}, "it answered with status 302"),
        ({"answer": b"<html>"}, "this is no answer of a time-stamp authority"),
        ({"answer": b"x" * 200_000}, "its answer is too long or too slow"),
        ({"answer": bytes.fromhex("30053003020102")}, "the authority refused: rejection"),
    ],
)
def test_what_is_no_time_stamp_is_not_taken(
    recordings: list[Recording],
    authority: Authority,
    keeper: IntegrityKeeper,
    behave: dict[str, object],
    problem: str,
) -> None:
    for name, value in behave.items():
        setattr(authority, name, value)
    keeper.step(now=NOON + DAY)
    assert LogState.objects.get().stamp_problem == problem
    assert Head.objects.get().stamp is None


def test_a_stamp_of_something_else_or_of_somebody_else_proves_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    trusted = read_authorities(authority.root.encode())
    asked = stamp_request(b"a day")
    answer = authority.reply(asked.body)
    assert read_stamp(answer, b"a day", trusted, nonce=asked.nonce).authority
    with pytest.raises(StampRefused, match="mismatch between messages"):
        read_stamp(answer, b"another day", trusted)
    with pytest.raises(StampRefused, match="nonce mismatch"):
        read_stamp(answer, b"a day", trusted, nonce=asked.nonce + 1)
    other = make_authority(tmp_path / "other", "Somebody else")
    with pytest.raises(StampRefused, match="certificate"):
        read_stamp(answer, b"a day", read_authorities(other.root.encode()))
    with pytest.raises(StampRefused):
        read_stamp(answer[:-40] + bytes(40), b"a day", trusted)


@pytest.mark.parametrize("tamper", ["stamp", "stamped_at", "stamped_by"])
def test_a_stamp_that_is_changed_is_found(
    recordings: list[Recording], authority: Authority, check: Check, tamper: str
) -> None:
    assert check() == set()
    head = Head.objects.get()
    other = {
        "stamp": bytes(head.stamp or b"")[:-1] + b"x",
        "stamped_at": NOON,
        "stamped_by": "Somebody else",
    }
    Head.objects.update(**{tamper: other[tamper]})
    assert check(now=NOON + 2 * DAY) == {"stamp"}
