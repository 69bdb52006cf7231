"""Every action of the log is walked: the deed is done, and one entry says so, without a number."""

import json
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.audit import walk
from tests.portal.audit.walk import ELSEWHERE, NUMBERS, PASSWORD, WALKS, Stage
from tests.portal.recordings.test_media import sealed  # noqa: F401

pytestmark = pytest.mark.django_db
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}")
"""Ids and digests: any digits may stand in them."""
TESTS = Path(__file__).parents[1]
SOURCE = Path(__file__).parents[3] / "src/callvault"
for area in pkgutil.iter_modules(walk.__path__, f"{walk.__name__}."):
    import_module(area.name)  # each fills WALKS


def _is_done_somewhere(action: Action) -> bool:
    """Whether the code writes the action: its own list and sentences do not count."""
    files = (path for path in SOURCE.rglob("*.py") if path.parent.name != "audit")
    return any(f"Action.{action.name}" in path.read_text(encoding="utf-8") for path in files)


@pytest.fixture
def stage(
    client: Client,
    rita: User,
    ann: User,
    sealed: Recording,  # noqa: F811 - a fixture and its use
    data_folder: Path,
) -> Stage:
    """Rita and Ann have signed in; Ann has a recording whose sound is in the vault."""
    ann.set_password(PASSWORD)
    ann.save()
    anns_client, ritas_client = Client(), Client()
    anns_client.force_login(ann)
    ritas_client.force_login(rita)
    return Stage(ritas_client, anns_client, client, rita, ann, sealed, data_folder)


@pytest.mark.parametrize("action", [one for one in Action if one not in ELSEWHERE])
def test_the_deed_leaves_one_entry_and_no_number_in_it(
    action: Action, stage: Stage, django_capture_on_commit_callbacks: object
) -> None:
    assert action in WALKS, (
        f"add a walk for {action.name} to a file of tests/portal/audit/walk, or the folder of "
        "tests that walk it to ELSEWHERE there"
    )
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    WALKS[action](stage)
    written = AuditEntry.objects.exclude(pk__in=before)
    assert written.filter(action=action).count() == 1
    for entry in written:
        told = DRAWN.sub("", json.dumps([entry.detail, entry.actor_name, entry.object_kind]))
        assert not [number for number in NUMBERS if number in told], entry


@pytest.mark.parametrize("action", list(ELSEWHERE))
def test_what_is_walked_elsewhere_is_looked_at_there(action: Action) -> None:
    if not _is_done_somewhere(action):
        pytest.skip("nothing does it yet")
    folder = TESTS / ELSEWHERE[action]
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    names = (f"Action.{action.name}", f'"{action.value}"')
    assert any(name in text for text in texts for name in names), (
        f"no test under {folder} looks at the entry of {action.name}"
    )
