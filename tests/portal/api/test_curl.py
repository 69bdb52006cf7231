"""The examples of the reference, run as they stand, with curl, against a portal that listens."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.recordings.test_media import AUDIO, sealed

from .conftest import Calling

__all__ = ["sealed"]

pytestmark = [
    pytest.mark.flow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="apt install curl"),
]

PAGE = Path(__file__).parents[3] / "docs/reference/api.md"
EXAMPLES = re.findall(r"^```sh\n(.+?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
COMMANDS = [
    one
    for some in EXAMPLES
    for one in re.split(r"\n(?=curl)", some)
    if "live-calls" not in one  # asks recorders: tests/flows/test_whole_path.py has one
]


def run(command: str, folder: Path, **variables: str) -> Any:
    """Run a command as a reader would, and return the JSON it prints."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, f"{command}{done.stdout}{done.stderr}"
    return json.loads(done.stdout) if done.stdout else None


def test_every_example_of_the_reference_works(
    live_server: Any, rita: User, sealed: Recording, calling: Calling, tmp_path: Path
) -> None:
    variables = {
        "TOKEN": calling(rita).token,
        "PORTAL": live_server.url,
        "RECORDING": str(sealed.recording_id),
    }
    printed = []
    for command in COMMANDS:
        printed.append(run(command, tmp_path, **variables))
        if isinstance(printed[-1], dict) and "version" in printed[-1]:
            variables["VERSION"] = str(printed[-1]["version"])
    me, found, sound, note, preserved, plan, _zip, calls, tried, person, *rest, audit = printed
    assert me["person"]["username"] == "rita"
    assert [one["id"] for one in found["items"]] == [variables["RECORDING"]]
    assert (sound, (tmp_path / "call.mp3").read_bytes()) == (None, AUDIO)
    assert (note["text"], note["at_ms"]) == ("Refund agreed.", 1200)
    assert preserved["is_preserved"] is True
    assert calls == {"items": [], "next": None}
    assert sum(tried["counts"].values()) == tried["calls"]
    assert User.objects.filter(public_id=person["id"], username="bea.vega").exists()
    assert plan["packed"] == [variables["RECORDING"]]
    assert zipfile.ZipFile(tmp_path / "calls.zip").testzip() is None
    _export, imported, system, changed, trunk, nodes, subject = rest
    assert imported["counts"]["unchanged"] == User.objects.count()
    assert (system["zone"], changed["zone"]) == ("UTC", "Europe/Rome")
    assert (trunk["name"], trunk["transports"]) == ("Main SBC", ["tcp"])
    assert nodes == []
    assert "+15550142999" in subject["forms"]
    assert audit["next"] >= 0


def test_a_range_of_audio_is_served(
    live_server: Any, ann: User, sealed: Recording, calling: Calling, tmp_path: Path
) -> None:
    command = (
        'curl -sf -r 100000-100009 -H "Authorization: Bearer $TOKEN" -o part '
        '"$PORTAL/api/v1/recordings/$RECORDING/audio"'
    )
    run(
        command, tmp_path, TOKEN=calling(ann).token, PORTAL=live_server.url,
        RECORDING=str(sealed.recording_id),
    )  # fmt: skip
    assert (tmp_path / "part").read_bytes() == AUDIO[100_000:100_010]
