"""WAV and FLAC of a real sealed recording: rights, names, audit, and what stands in the way."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client

from callvault.audio import Mp3Encoder
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings import copies
from callvault.portal.recordings.models import Recording
from tests.portal.sealing import seal_audio

SAMPLES = 12_345

pytestmark = pytest.mark.django_db


def mp3() -> bytes:
    at = np.arange(SAMPLES) / 8000
    rows = (np.column_stack((np.sin(at * 2000), np.sin(at * 5000))) * 9000).astype(np.int16)
    encoder = Mp3Encoder(samples=SAMPLES, sample_rate_hz=8000, kbit_s=64, quality=5)
    return encoder.start() + encoder.encode(rows) + encoder.finish()


@pytest.fixture
def sealed(anns_recording: Recording, data_folder: Path) -> Recording:
    """Ann's recording: a second and a half of sound."""
    seal_audio(anns_recording, data_folder, mp3())
    return anns_recording


@pytest.fixture
def ann_client(client: Client, ann: User) -> Client:
    """Ann, who may download."""
    SystemSettings.objects.create(download_level=Level.BASE)
    client.force_login(ann)
    return client


def url(recording: Recording, form: str, query: str = "") -> str:
    return f"/recordings/{recording.recording_id}/download/{form}{query}"


def body(response: HttpResponseBase) -> bytes:
    assert isinstance(response, StreamingHttpResponse), response.status_code
    content = response.getvalue()
    response.close()
    return content


@pytest.mark.parametrize("form", ["wav", "flac"])
@pytest.mark.parametrize(("query", "channels"), [("", 2), ("?channels=mix", 1)])
def test_a_copy_is_the_whole_recording(
    sealed: Recording, ann_client: Client, form: str, query: str, channels: int
) -> None:
    response = ann_client.get(url(sealed, form, query))
    content = body(response)
    found = soundfile.info(io.BytesIO(content))
    assert (found.format, found.channels, found.frames) == (form.upper(), channels, SAMPLES)
    assert response["Content-Type"] == f"audio/{form}"
    assert response["Cache-Control"] == "private, no-store"
    assert response.get("Content-Length") in (None, str(len(content)))
    entry = AuditEntry.objects.get(action=Action.DOWNLOADED)
    assert entry.object_id == str(sealed.recording_id)
    assert (entry.detail["form"], entry.detail["channels"]) == (form, channels)


def test_a_copy_is_named_as_the_mp3_but_for_its_ending(
    sealed: Recording, ann_client: Client
) -> None:
    mp3_name = ann_client.get(f"/recordings/{sealed.recording_id}/download")
    wav_name = ann_client.get(url(sealed, "wav"))
    expected = mp3_name["Content-Disposition"].replace(".mp3", ".wav")
    assert wav_name["Content-Disposition"] == expected
    mp3_name.close()
    wav_name.close()


def test_who_may_play_and_not_download_gets_no_copy(sealed: Recording, ann_client: Client) -> None:
    SystemSettings.objects.update(download_level=Level.ADMINISTRATOR)
    assert ann_client.get(url(sealed, "wav")).status_code == 403
    assert not AuditEntry.objects.filter(action=Action.DOWNLOADED).exists()


def test_a_stranger_learns_nothing(sealed: Recording, client: Client, otto: User) -> None:
    client.force_login(otto)
    assert client.get(url(sealed, "flac")).status_code == 404


def test_another_form_is_not_found(sealed: Recording, ann_client: Client) -> None:
    assert ann_client.get(url(sealed, "ogg")).status_code == 404


def test_more_copies_than_places_are_told_to_wait(sealed: Recording, ann_client: Client) -> None:
    held = [ann_client.get(url(sealed, "wav")) for _each in range(copies.AT_A_TIME)]
    waiting = ann_client.get(url(sealed, "wav"))
    assert waiting.status_code == 503
    assert waiting["Retry-After"] == copies.RETRY_AFTER_S
    assert "Try again in a minute" in waiting.content.decode()
    for one in held:
        one.close()
    assert body(ann_client.get(url(sealed, "wav"))).startswith(b"RIFF")


def test_a_place_is_given_back_by_what_cannot_be_read(
    anns_recording: Recording, ann_client: Client, data_folder: Path
) -> None:
    seal_audio(anns_recording, data_folder, b"no audio" * 100)
    for _each in range(copies.AT_A_TIME + 1):
        assert ann_client.get(url(anns_recording, "wav")).status_code == 409


def test_without_the_key_the_page_of_the_recording_is_named(
    sealed: Recording, ann_client: Client, data_folder: Path
) -> None:
    for path in (data_folder / "keys").glob("*/*"):
        path.unlink()
    answer = ann_client.get(url(sealed, "wav"))
    assert answer.status_code == 409
    assert f"/recordings/{sealed.recording_id}/" in answer.content.decode()
