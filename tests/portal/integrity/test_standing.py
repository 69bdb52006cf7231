"""What the page of a recording says of it, and the check that a person asks for."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from callvault.portal.integrity.keeper import IntegrityKeeper
from callvault.portal.integrity.models import Head, Line
from callvault.portal.integrity.standing import standing_of
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import list_recording
from tests.portal.sealing import seal_audio

from .conftest import NOON
from .test_objects_check import audio_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(ann: User, data_folder: Path, keeper: IntegrityKeeper) -> Recording:
    """Ann's, sealed, entered and signed."""
    made = seal_audio(list_recording(ann), data_folder, bytes(70_000))
    keeper.step(now=NOON)
    return made


def url(recording: Recording, deed: str = "") -> str:
    return f"/recordings/{recording.recording_id}/{deed}"


def test_a_recording_is_not_signed_before_it_entered(ann: User) -> None:
    assert standing_of(list_recording(ann)).state == "waiting"


def test_a_recording_says_since_when_it_is_unchanged(
    recording: Recording, keeper: IntegrityKeeper
) -> None:
    standing = standing_of(recording)
    assert (standing.state, standing.since, standing.signed_at) == ("signed", NOON, NOON)
    assert (standing.again_at, standing.stamped_at, standing.problems) == (None, None, ())


def test_a_recording_that_no_head_speaks_of_waits_for_its_signature(
    recording: Recording, keeper: IntegrityKeeper, ann: User
) -> None:
    other = list_recording(ann)
    keeper.step(now=NOON + timedelta(minutes=1))
    assert standing_of(other).state == "entered"


def test_the_page_shows_it_and_the_check_finds_nothing(
    recording: Recording, client: Client, ann: User
) -> None:
    client.force_login(ann)
    assert "Unchanged since" in client.get(url(recording)).content.decode()
    checked = client.post(url(recording, "check"), follow=True)
    assert "Checked: nothing was changed." in checked.content.decode()


def change_row(recording: Recording, folder: Path) -> None:
    Recording.objects.filter(pk=recording.pk).update(duration_ms=1000)


def change_file(recording: Recording, folder: Path) -> None:
    file = audio_of(folder, recording)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b"x")


def change_line(recording: Recording, folder: Path) -> None:
    Line.objects.update(at="2020-01-01T00:00:00Z")


def change_head(recording: Recording, folder: Path) -> None:
    Head.objects.update(signature=bytes(64))


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (change_row, "facts", "What the catalogue says of it is not"),
        (change_file, "object", "A file of it in the store is not"),
        (change_line, "lines", "The lines of its day are not"),
        (change_head, "signature", "The signature of its day is not right"),
    ],
)
def test_a_changed_recording_is_shown_as_changed(
    recording: Recording,
    client: Client,
    ann: User,
    data_folder: Path,
    change: object,
    code: str,
    words: str,
) -> None:
    assert callable(change)
    change(recording, data_folder)
    client.force_login(ann)
    told = client.post(url(recording, "check"), follow=True).content.decode()
    assert "Checked: this recording was changed." in told
    assert words in told
    assert "Tell an administrator" in told
    assert standing_of(Recording.objects.get(pk=recording.pk)).codes == (code,)


def test_strangers_cannot_have_it_checked(recording: Recording, client: Client, otto: User) -> None:
    client.force_login(otto)
    assert client.post(url(recording, "check")).status_code == 404


def test_a_store_that_is_away_is_said(
    recording: Recording, client: Client, ann: User, data_folder: Path
) -> None:
    (data_folder / "vault").rename(data_folder / "elsewhere")
    (data_folder / "vault").write_text("")
    client.force_login(ann)
    told = client.post(url(recording, "check"), follow=True).content.decode()
    assert "The store cannot be reached now" in told
