"""Several recordings at a time, the interaction of one, and its other media, by the API."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import soundfile

from callvault.portal.audit.models import AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Note, Recording
from tests.portal.catalogue_facts import list_recording
from tests.portal.recordings import test_copies
from tests.portal.recordings.test_media import AUDIO, sealed
from tests.portal.sealing import seal_audio

from .conftest import Calling

__all__ = ["sealed"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(ann: User) -> list[str]:
    """Two recordings of Ann's."""
    return [str(list_recording(ann).recording_id) for _ in range(2)]


def test_each_is_done_by_its_own_right_and_the_others_are_told(
    ann: User, otto: User, rita: User, two: list[str], calling: Calling
) -> None:
    others = str(list_recording(otto).recording_id)
    caller = calling(ann)
    kept = caller("POST", "/recordings/preserve", {"ids": [*two, others]}).json()
    assert sorted(kept["done"]) == sorted(two)
    assert (kept["not_done"], sum(kept["reasons"].values())) == ([others], 1)
    calling(rita)("POST", "/recordings/preserve", {"ids": [others]})
    freed = caller("POST", "/recordings/release", {"ids": two}).json()
    assert (sorted(freed["done"]), freed["not_done"]) == (sorted(two), [])
    noted = caller("POST", "/recordings/note", {"ids": two, "text": "Refund agreed."}).json()
    assert len(noted["done"]) == Note.objects.count() == 2
    assert caller("POST", "/recordings/delete", {"ids": two}).json()["done"] == []


def test_administrators_give_several_to_somebody_else(
    ann: User, otto: User, rita: User, two: list[str], calling: Calling
) -> None:
    wanted = {"ids": two, "owner_id": str(otto.public_id)}
    assert calling(ann)("POST", "/recordings/owner", wanted).status_code == 422
    given = calling(rita)("POST", "/recordings/owner", wanted).json()
    assert sorted(given["done"]) == sorted(two)
    assert AuditEntry.objects.filter(action="reassigned").count() == 2


def test_nothing_is_deleted_without_the_scope(rita: User, two: list[str], calling: Calling) -> None:
    weaker = calling(rita, "recordings:write")
    assert weaker("POST", "/recordings/delete", {"ids": two}).json()["scope"] == "recordings:delete"
    done = calling(rita)("POST", "/recordings/delete", {"ids": two}).json()
    assert sorted(done["done"]) == sorted(two)


@pytest.mark.parametrize("body", [{"ids": []}, {}, {"ids": [str(uuid4())] * 201}, {"ids": ["1"]}])
def test_too_few_and_too_many_are_refused(
    ann: User, calling: Calling, body: dict[str, Any]
) -> None:
    assert calling(ann)("POST", "/recordings/preserve", body).status_code == 422


def test_a_zip_holds_what_may_be_downloaded_and_says_what_stays_out(
    ann: User, sealed: Recording, two: list[str], calling: Calling
) -> None:
    caller, whole = calling(ann), str(sealed.recording_id)
    wanted = {"ids": [whole, two[0]]}
    plan = caller("POST", "/recordings/zip-plan", wanted).json()
    assert (plan["packed"], list(plan["left_out"])) == ([whole], [two[0]])
    refused = caller("POST", "/recordings/zip", wanted)
    assert (refused.status_code, list(refused.json()["left_out"])) == (409, [two[0]])
    answer = caller("POST", "/recordings/zip", wanted | {"leave_out": True})
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "application/zip"
    assert int(answer["Content-Length"]) == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name, manifest = archive.namelist()
        assert (archive.read(name), manifest) == (AUDIO, "manifest.csv")
    nothing = caller("POST", "/recordings/zip", {"ids": [str(uuid4())]})
    assert nothing.status_code == 404
    assert AuditEntry.objects.filter(action="downloaded").count() == 1


def test_peaks_and_signalling_are_read_by_right(
    ann: User, sam: User, otto: User, sealed: Recording, calling: Calling
) -> None:
    path = f"/recordings/{sealed.recording_id}"
    peaks = calling(ann)("GET", f"{path}/peaks")
    assert json.loads(b"".join(peaks.streaming_content)) == {"version": 1}
    assert calling(ann)("GET", f"{path}/signalling").status_code == 403
    text = b"".join(calling(sam)("GET", f"{path}/signalling").streaming_content)
    assert text.startswith(b"--- 2026")
    for one in ("peaks", "signalling", "interaction"):
        assert calling(otto)("GET", f"{path}/{one}").status_code == 404


def test_an_interaction_shows_what_the_caller_may_see(
    ann: User, otto: User, rita: User, calling: Calling
) -> None:
    first, second, hidden = (list_recording(one) for one in (ann, ann, otto))
    Recording.objects.update(interaction=first.interaction)
    path = f"/recordings/{first.recording_id}/interaction"
    seen = [one["id"] for one in calling(ann)("GET", path).json()]
    assert sorted(seen) == sorted([str(first.recording_id), str(second.recording_id)])
    assert len(calling(rita)("GET", path).json()) == 3
    assert str(hidden.recording_id) not in seen


def test_a_copy_is_downloaded_as_wav_or_flac(
    ann: User,
    otto: User,
    anns_recording: Recording,
    data_folder: Path,
    calling: Calling,
) -> None:
    seal_audio(anns_recording, data_folder, test_copies.mp3())
    path = f"/recordings/{anns_recording.recording_id}/audio"
    whole = calling(ann)("GET", f"{path}/wav")
    assert b"".join(whole.streaming_content)[:4] == b"RIFF"
    mixed = calling(ann, name="mix")("GET", f"{path}/flac?channels=mix")
    sound, _rate = soundfile.read(io.BytesIO(b"".join(mixed.streaming_content)))
    assert sound.ndim == 1
    assert calling(otto)("GET", f"{path}/wav").status_code == 404
    assert calling(ann, name="ogg")("GET", f"{path}/ogg").status_code == 422
    assert [one.detail["form"] for one in AuditEntry.objects.filter(action="downloaded")] == [
        "flac",
        "wav",
    ]
