"""The example client, run as its README says, against a portal that listens."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callvault.portal.audit.linking import link_waiting
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PilotNumbers
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import list_recording
from tests.portal.recordings.test_media import AUDIO, sealed

from .conftest import Calling

__all__ = ["sealed"]

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

FOLDER = Path(__file__).parents[3] / "examples"


@pytest.fixture
def client(live_server: Any, rita: User, calling: Calling, tmp_path: Path) -> Any:
    """Run the client in a folder of its own: what it printed, and how it ended."""
    variables = {"CALLVAULT_URL": live_server.url, "CALLVAULT_TOKEN": calling(rita).token}

    def run(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(FOLDER / "callvault_client.py"), *arguments],
            cwd=tmp_path,
            env=os.environ | variables | changed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_new_recordings_are_listed_over_pages(client: Any, ann: User) -> None:
    listed = {str(list_recording(ann).recording_id) for _ in range(101)}
    done = client("new")
    assert done.returncode == 0, done.stderr
    assert {line.partition(" ")[0] for line in done.stdout.splitlines()} == listed
    assert client("new", "--since", "2999-01-01T00:00:00Z").stdout == ""


def test_audio_is_downloaded_and_goes_on_where_it_broke_off(
    client: Any, sealed: Recording, tmp_path: Path
) -> None:
    for part in (AUDIO[:100_000], AUDIO):
        (tmp_path / "call.mp3.part").write_bytes(part)
        done = client("download", str(sealed.recording_id), "call.mp3")
        assert done.stdout == f"{len(AUDIO)} bytes\n", done.stderr
        assert [one.name for one in tmp_path.glob("call*")] == ["call.mp3"]
        assert (tmp_path / "call.mp3").read_bytes() == AUDIO


def test_a_recording_is_ordered_by_its_extension(client: Any, ann: User) -> None:
    refused = client("order", "--extension", ann.extension)
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "409 no_pilot")
    PilotNumbers.objects.create(automated_prefix="9000")
    done = client("order", "--extension", ann.extension, "--reason", "Board meeting")
    assert done.stdout.startswith("Call 9000"), done.stderr


def test_what_happens_is_followed_from_the_last_one_seen(client: Any, rita: User) -> None:
    for _ in range(3):
        record(request_of(rita), Action.SETTINGS_CHANGED, kind="settings", fields=[])
    link_waiting()
    last = AuditEntry.objects.count()
    done = client("follow", "--after", "1", "--until", str(last))
    numbers = [int(line.partition(" ")[0]) for line in done.stdout.splitlines()]
    assert numbers == list(range(2, last + 1))


def test_a_wrong_token_is_told_in_a_line(client: Any) -> None:
    done = client("new", CALLVAULT_TOKEN="cv_none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("401 unauthorized: ")
