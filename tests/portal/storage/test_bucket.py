"""A bucket of a real server as the store: moved there, played from there, away and back."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from callvault.portal.recordings.models import Recording
from callvault.portal.storage import watching
from callvault.portal.storage.models import Kind, Move, StorageLocation
from callvault.portal.storage.moving import Carrier
from callvault.portal.storage.scattered import ScatteredStore
from callvault.vault import RecordingObjects
from tests.ports import free_ports
from tests.servers import seaweed
from tests.servers.seaweed import ACCESS_KEY, SECRET_KEY, Seaweed

from .conftest import AUDIO, NODE

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with seaweed.running(tmp_path_factory.mktemp("weed")) as running:
        yield running


@pytest.fixture
def bucket(server: Seaweed, data_folder: object) -> StorageLocation:
    row = StorageLocation(
        name="Archive bucket", kind=Kind.S3, endpoint=server.endpoint, bucket="calls",
        access_key=ACCESS_KEY, is_current=True,
    )  # fmt: skip
    row.secret = SECRET_KEY
    row.save()
    return row


def change(row: StorageLocation, endpoint: str) -> None:
    """Have the bucket be looked for there, as a form that is saved does."""
    StorageLocation.objects.filter(pk=row.pk).update(endpoint=endpoint, version=F("version") + 1)


def test_recordings_go_to_a_bucket_wait_while_it_is_away_and_play_from_it(
    bucket: StorageLocation, server: Seaweed, sealed: Callable[[], Recording], rita_client: Client
) -> None:
    recording = sealed()
    carrier = Carrier(NODE, grace=timedelta(0))
    assert (carrier.turn(), carrier.tidy(now=timezone.now())) == (1, 1)
    recording.refresh_from_db()
    assert recording.location == bucket
    address = f"/recordings/{recording.recording_id}/audio"
    answer = rita_client.get(address)
    assert b"".join(answer.streaming_content) == AUDIO  # type: ignore[attr-defined]
    assert RecordingObjects(ScatteredStore()).stored(recording.recording_id) is not None
    (nowhere,) = free_ports(1)
    change(bucket, f"http://127.0.0.1:{nowhere}")
    other = sealed()
    assert Carrier(NODE).turn() == 0
    bucket.refresh_from_db()
    assert "cannot be reached" in bucket.trouble
    assert rita_client.get(address).json()["title"] == "Archive bucket cannot be reached now"
    assert rita_client.get(f"/recordings/{other.recording_id}/audio").status_code == 200
    change(bucket, server.endpoint)
    watching.look(NODE, now=timezone.now() + watching.LOOK_EVERY * 1.1)
    assert Carrier(NODE).turn() == 1
    assert not Move.objects.exists()
