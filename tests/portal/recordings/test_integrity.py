"""What the player asks when the sound breaks off."""

from pathlib import Path

import pytest
from django.test import Client

from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.sealing import seal_audio

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed(anns_recording: Recording, data_folder: Path) -> Recording:
    """Ann's recording, four segments of audio."""
    return seal_audio(anns_recording, data_folder, bytes(256_000))


def url(recording: Recording) -> str:
    return f"/recordings/{recording.recording_id}/integrity"


def audio_of(folder: Path) -> Path:
    return next(path for path in (folder / "vault").rglob("audio*") if path.is_file())


def test_audio_that_is_what_was_sealed_is_whole(
    sealed: Recording, client: Client, ann: User
) -> None:
    client.force_login(ann)
    assert client.get(url(sealed)).status_code == 204


def test_one_byte_that_was_changed_in_the_middle_is_told(
    sealed: Recording, client: Client, ann: User, data_folder: Path
) -> None:
    client.force_login(ann)
    path = audio_of(data_folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    answer = client.get(url(sealed))
    assert answer.status_code == 409
    title = "This recording was changed after it was sealed"
    assert answer.json() == {"title": title, "changed": True}


def test_a_file_that_is_away_is_no_change(
    sealed: Recording, client: Client, ann: User, data_folder: Path
) -> None:
    client.force_login(ann)
    audio_of(data_folder).unlink()
    answer = client.get(url(sealed)).json()
    assert answer == {"title": "The audio is not in the store", "changed": False}


def test_a_stranger_learns_nothing(sealed: Recording, client: Client, otto: User) -> None:
    assert client.get(url(sealed)).status_code == 302
    client.force_login(otto)
    assert client.get(url(sealed)).status_code == 404
